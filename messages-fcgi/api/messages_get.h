/* SPDX-License-Identifier: MIT
 *
 * GET /messages: see API.md.
 */
#ifndef MESSAGES_FCGI_API_MESSAGES_GET_H
#define MESSAGES_FCGI_API_MESSAGES_GET_H

#include "messages-fcgi/api/call.h"

void messages_get(const struct call *call);

#endif
