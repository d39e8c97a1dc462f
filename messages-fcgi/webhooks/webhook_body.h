/* SPDX-License-Identifier: MIT
 *
 * The body of a POST to an app's server, and its signature. Pure.
 */
#ifndef MESSAGES_FCGI_WEBHOOKS_WEBHOOK_BODY_H
#define MESSAGES_FCGI_WEBHOOKS_WEBHOOK_BODY_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/config/app.h"

struct webhook_event {
	struct span json; /* an object with a name; absent: the event is lost */
	int64_t time_ms;  /* when it happened, in ms since 1970 */
};

/* The number of the events that the hook subscribes to. Malformed events do not
 * count. */
size_t webhook_body_count(const struct webhook *hook,
			  const struct webhook_event *events, size_t count);

/* Adds {"time_ms":…,"events":[…]} with the events that the hook subscribes to,
 * unchanged, and returns their number. time_ms is that of the last of them. */
size_t webhook_body_add(struct buf *body, const struct webhook *hook,
			const struct webhook_event *events, size_t count);

/* Adds the value of X-Pusher-Signature: HMAC SHA-256 with the app's secret, in
 * hexadecimal digits. */
void webhook_body_sign(struct buf *signature, const struct app *app,
		       struct span body);

#endif
