/* SPDX-License-Identifier: MIT
 *
 * POST /messages: see API.md.
 */
#ifndef MESSAGES_FCGI_API_MESSAGES_POST_H
#define MESSAGES_FCGI_API_MESSAGES_POST_H

#include "messages-fcgi/api/call.h"

void messages_post(const struct call *call);

#endif
