/* SPDX-License-Identifier: MIT
 *
 * A list that is walked once a second: most connections have no limit, or lose
 * theirs soon.
 */
#include "relay/hub/time_limit.h"

#include <assert.h>

#define CHECK_MS 1000

static void check_limit(const struct time_limits *limits,
			struct time_limit *limit, uint32_t now_s)
{
	int kind;

	for (kind = 0; kind < TIME_LIMIT_KINDS; kind++) {
		if (limit->due_s[kind] == 0 || now_s < limit->due_s[kind])
			continue;
		limits->on_due(limit, (enum time_limit_kind)kind);
		return;
	}
}

static void on_check(struct loop_timer *timer)
{
	struct time_limits *limits =
		container_of(timer, struct time_limits, timer);
	uint32_t now_s = (uint32_t)(loop_now_ms(limits->loop) / 1000);
	struct list *at;

	for (at = limits->limited.next; at != &limits->limited; at = at->next)
		check_limit(limits, container_of(at, struct time_limit, link),
			    now_s);
	loop_set_timer(limits->loop, timer, CHECK_MS, on_check);
}

void time_limits_init(struct time_limits *limits, struct loop *loop,
		      time_limit_fn *on_due)
{
	*limits = (struct time_limits){ .loop = loop, .on_due = on_due };
	list_init(&limits->limited);
	loop_set_timer(loop, &limits->timer, CHECK_MS, on_check);
}

void time_limits_release(struct time_limits *limits)
{
	assert(list_is_empty(&limits->limited));
	loop_clear_timer(limits->loop, &limits->timer);
}

void time_limit_init(struct time_limit *limit)
{
	*limit = (struct time_limit){ 0 };
	list_init(&limit->link);
}

void time_limit_release(struct time_limit *limit)
{
	list_remove(&limit->link);
}

void time_limit_set(struct time_limits *limits, struct time_limit *limit,
		    enum time_limit_kind kind, uint32_t due_s)
{
	assert(due_s > 0);
	limit->due_s[kind] = due_s;
	if (list_is_empty(&limit->link))
		list_append(&limits->limited, &limit->link);
}

void time_limit_clear(struct time_limit *limit, enum time_limit_kind kind)
{
	int i;

	limit->due_s[kind] = 0;
	for (i = 0; i < TIME_LIMIT_KINDS; i++)
		if (limit->due_s[i] != 0)
			return;
	list_remove(&limit->link);
}
