/* SPDX-License-Identifier: MIT
 *
 * One POST after the other to a URL that the operator named, by libcurl. Knows
 * nothing of events.
 */
#ifndef MESSAGES_FCGI_WEBHOOKS_WEBHOOK_POST_H
#define MESSAGES_FCGI_WEBHOOKS_WEBHOOK_POST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct webhook_post;

/* Of a reason, with its NUL. */
#define WEBHOOK_POST_WHY_BYTES 256

/* For a URL and the key of an app. While *is_given_up, nothing more is waited
 * for. All three must outlive it. One thread makes all of them. */
struct webhook_post *webhook_post_new(const char *url, const char *key,
				      const atomic_bool *is_given_up);
void webhook_post_free(struct webhook_post *post);

/* The host of the URL, for the log: the rest of it may be a secret. */
const char *webhook_post_host(const struct webhook_post *post);

/* 0 if it was answered 2xx; -1 and why. signature is that of the body. */
int webhook_post_send(struct webhook_post *post, struct span body,
		      struct span signature,
		      char why[WEBHOOK_POST_WHY_BYTES]) MUST_CHECK;

#endif
