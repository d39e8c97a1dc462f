/* SPDX-License-Identifier: MIT
 *
 * POSTs to a URL of the configuration, one after the other, with libcurl. Knows
 * nothing of events.
 */
#ifndef MESSAGES_FCGI_WEBHOOKS_WEBHOOK_POST_H
#define MESSAGES_FCGI_WEBHOOKS_WEBHOOK_POST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct webhook_post;

/* Size of a reason, with its NUL. */
#define WEBHOOK_POST_WHY_BYTES 256

/* For a URL and an app's key. Once *is_given_up is set, a POST under way fails
 * within a second. All three are borrowed. Not safe for calls from two threads
 * at a time; the result may be used in another thread. */
struct webhook_post *webhook_post_new(const char *url, const char *key,
				      const atomic_bool *is_given_up);
void webhook_post_free(struct webhook_post *post);

/* The host of the URL, for the log: the rest of it may be a secret. */
const char *webhook_post_host(const struct webhook_post *post);

/* Sends the body, whose signature the caller made. 0 if the answer is 2xx, else
 * -1 and why. Blocks for 10 s at most. */
int webhook_post_send(struct webhook_post *post, struct span body,
		      struct span signature,
		      char why[WEBHOOK_POST_WHY_BYTES]) MUST_CHECK;

#endif
