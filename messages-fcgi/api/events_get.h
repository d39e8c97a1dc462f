/* SPDX-License-Identifier: MIT
 *
 * GET /apps/{id}/channels/{channel}/events: see API.md.
 */
#ifndef MESSAGES_FCGI_API_EVENTS_GET_H
#define MESSAGES_FCGI_API_EVENTS_GET_H

#include "messages-fcgi/api/call.h"

void events_get(const struct call *call);

#endif
