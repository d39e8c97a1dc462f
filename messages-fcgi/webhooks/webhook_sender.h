/* SPDX-License-Identifier: MIT
 *
 * Sends webhooks: events of channels, to the servers of their apps. One thread
 * a URL reads the events that wait for it, POSTs them, and removes them when
 * the answer is 2xx. No other part of the program waits for it.
 */
#ifndef MESSAGES_FCGI_WEBHOOKS_WEBHOOK_SENDER_H
#define MESSAGES_FCGI_WEBHOOKS_WEBHOOK_SENDER_H

#include "common/config/app.h"
#include "common/config/settings.h"

struct webhook_senders;

/* Starts one thread for each webhook URL of the apps. Both must outlive them.
 */
struct webhook_senders *webhook_senders_new(const struct settings *settings,
					    const struct apps *apps);

/* Ends the threads. A POST that is under way gets two seconds to be answered;
 * if it is not, the process that has the turn next repeats it. */
void webhook_senders_free(struct webhook_senders *senders);

#endif
