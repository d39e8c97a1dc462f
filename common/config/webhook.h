/* SPDX-License-Identifier: MIT
 *
 * The webhooks of an app: URLs of its server, each with the names of the events
 * that it receives. Pure.
 */
#ifndef COMMON_CONFIG_WEBHOOK_H
#define COMMON_CONFIG_WEBHOOK_H

#include <json-c/json_object.h>
#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct webhook {
	char *url;
	char *events; /* names separated by commas; empty: all */
};

/* Embedded in its owner. WEBHOOKS_INIT is an empty list. */
struct webhooks {
	struct webhook *all;
	size_t count;
};

#define WEBHOOKS_INIT                                                          \
	{                                                                      \
		NULL, 0                                                        \
	}

/* Fill an empty *hooks: webhooks_parse from URLs separated by commas, which
 * receive all events; webhooks_take from a JSON array of URLs and of objects
 * {"url": "…", "events": ["…"]}. They return NULL, or the error in static
 * memory. The caller calls webhooks_release in both cases. */
const char *webhooks_parse(struct webhooks *hooks, const char *list) MUST_CHECK;
const char *webhooks_take(struct webhooks *hooks,
			  struct json_object *array) MUST_CHECK;
void webhooks_release(struct webhooks *hooks);

/* A conf_check_fn: returns what webhooks_parse returns. */
const char *webhooks_check(const char *list);

/* Whether the URL receives events of this name. */
bool webhook_wants(const struct webhook *hook, struct span event);

#endif
