/* SPDX-License-Identifier: MIT
 *
 * Where an app's server wants to be told what happens in its channels: URLs,
 * each with the names of the events that it wants. Pure.
 */
#ifndef COMMON_CONFIG_WEBHOOK_H
#define COMMON_CONFIG_WEBHOOK_H

#include <json-c/json_object.h>
#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct webhook {
	char *url;
	char *events; /* names with commas in between; empty: all */
};

/* Embedded in its owner; WEBHOOKS_INIT is as good as none. */
struct webhooks {
	struct webhook *all;
	size_t count;
};

#define WEBHOOKS_INIT                                                          \
	{                                                                      \
		NULL, 0                                                        \
	}

/* Fill empty *hooks: from URLs with commas in between, all of whose events are
 * wanted; or from a JSON array of URLs and of {"url": "…", "events": ["…"]}.
 * NULL, or what is wrong, static memory; webhooks_release in both cases. */
const char *webhooks_parse(struct webhooks *hooks, const char *list) MUST_CHECK;
const char *webhooks_take(struct webhooks *hooks,
			  struct json_object *array) MUST_CHECK;
void webhooks_release(struct webhooks *hooks);

/* What webhooks_parse says of the list: a conf_check_fn. */
const char *webhooks_check(const char *list);

/* Whether the URL is to get events of this name. */
bool webhook_wants(const struct webhook *hook, struct span event);

#endif
