/* SPDX-License-Identifier: MIT
 *
 * POST /apps/{id}/events and /apps/{id}/batch_events: see API.md.
 */
#ifndef MESSAGES_FCGI_API_EVENTS_POST_H
#define MESSAGES_FCGI_API_EVENTS_POST_H

#include "messages-fcgi/api/call.h"

void events_post(const struct call *call);
void events_post_batch(const struct call *call);

#endif
