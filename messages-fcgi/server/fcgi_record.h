/* SPDX-License-Identifier: MIT
 *
 * FastCGI's records, as far as one has to look at them before libfcgi does.
 * Pure.
 */
#ifndef MESSAGES_FCGI_SERVER_FCGI_RECORD_H
#define MESSAGES_FCGI_SERVER_FCGI_RECORD_H

#include <stdbool.h>

#include "common/base/span.h"

/* Whether these bytes, which begin with a record, hold a request up to its end:
 * who reads it then waits for nothing. */
bool fcgi_record_stream_is_complete(struct span bytes);

#endif
