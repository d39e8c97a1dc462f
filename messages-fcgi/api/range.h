/* SPDX-License-Identifier: MIT
 *
 * The ids that a read requests, and those that the log can answer with. Ids are
 * dense, so this is arithmetic. Pure.
 */
#ifndef MESSAGES_FCGI_API_RANGE_H
#define MESSAGES_FCGI_API_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "messages-fcgi/http/form.h"
#include "messages-fcgi/http/problem.h"

#define RANGE_LIMIT_MAX 1000

/* The client's parameters. An absent number is 0. */
struct range_query {
	bool has_after, has_until, has_before, has_limit;
	int64_t after_id, until_id, before_id, limit;
	struct span epoch; /* absent: not given */
};

/* The state of the channel's log at one instant. */
struct range_log {
	int64_t first_id, head;
	struct span epoch;
};

/* The ids from … to; none if from > to. */
struct range {
	int64_t from, to;
	bool has_more;  /* the limit left rows out */
	bool is_closed; /* the rows of the answer can never change */
};

/* Reads the query's fields. 0, or -1 and a 400 in *problem. epoch is borrowed
 * from the form. */
int range_parse(struct range_query *query, const struct form *form,
		struct problem *problem) MUST_CHECK;

/* 0, or -1 and a 409 or 410 in *problem. */
int range_resolve(struct range *range, const struct range_query *query,
		  const struct range_log *log,
		  struct problem *problem) MUST_CHECK;

#endif
