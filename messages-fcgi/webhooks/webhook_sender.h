/* SPDX-License-Identifier: MIT
 *
 * Tells the servers of apps what happens in their channels: a thread for each
 * URL, which takes what waits for it, POSTs it, and is done with it when that
 * was answered 2xx. Nothing else waits for any of this.
 */
#ifndef MESSAGES_FCGI_WEBHOOKS_WEBHOOK_SENDER_H
#define MESSAGES_FCGI_WEBHOOKS_WEBHOOK_SENDER_H

#include "common/config/app.h"
#include "common/config/settings.h"

struct webhook_senders;

/* Starts the threads, as many as the apps have URLs. Both must outlive them. */
struct webhook_senders *webhook_senders_new(const struct settings *settings,
					    const struct apps *apps);

/* Ends them. A POST that is under way may still be answered for a moment; one
 * that is not is sent again, by whoever has the turn then. */
void webhook_senders_free(struct webhook_senders *senders);

#endif
