/* SPDX-License-Identifier: MIT
 *
 * Looks at FastCGI records before libfcgi reads them. Pure.
 */
#ifndef MESSAGES_FCGI_SERVER_FCGI_RECORD_H
#define MESSAGES_FCGI_SERVER_FCGI_RECORD_H

#include <stdbool.h>

#include "common/base/span.h"

/* Whether these bytes, which begin with a record, hold a whole request, so
 * that libfcgi reads it without waiting. */
bool fcgi_record_stream_is_complete(struct span bytes);

#endif
