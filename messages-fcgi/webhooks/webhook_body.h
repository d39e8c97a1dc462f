/* SPDX-License-Identifier: MIT
 *
 * What an app's server is told by one POST. Pure.
 */
#ifndef MESSAGES_FCGI_WEBHOOKS_WEBHOOK_BODY_H
#define MESSAGES_FCGI_WEBHOOKS_WEBHOOK_BODY_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/config/app.h"

struct webhook_event {
	struct span json; /* an object with a name; absent: it was lost */
	int64_t time_ms;  /* when it happened, since 1970 */
};

/* How many of the events the hook wants. */
size_t webhook_body_count(const struct webhook *hook,
			  const struct webhook_event *events, size_t count);

/* Adds {"time_ms":…,"events":[…]} with those of the events that the hook wants,
 * as they are, and returns how many. time_ms is that of the last of these. */
size_t webhook_body_add(struct buf *body, const struct webhook *hook,
			const struct webhook_event *events, size_t count);

/* Adds the body's signature: X-Pusher-Signature. */
void webhook_body_sign(struct buf *signature, const struct app *app,
		       struct span body);

#endif
