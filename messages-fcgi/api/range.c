/* SPDX-License-Identifier: MIT
 *
 * The arithmetic of cursors. Knows no rows, and of JSON only the members of
 * a 409 and a 410.
 */
#include "messages-fcgi/api/range.h"

#include <stdio.h>

#include "common/base/text.h"

static int parse_number(const struct form *form, const char *name, bool *has,
			int64_t *n, struct problem *problem)
{
	const struct form_field *field = form_find(form, name);

	*has = field != NULL;
	*n = 0;
	if (field == NULL || text_parse_int(field->value, n) == 0)
		return 0;
	return problem_set(problem, 400, name,
			   "%s must be a whole number in the range of 64 bits",
			   name);
}

int range_parse(struct range_query *query, const struct form *form,
		struct problem *problem)
{
	const struct form_field *epoch = form_find(form, "epoch");

	if (parse_number(form, "after_id", &query->has_after, &query->after_id,
			 problem) == -1 ||
	    parse_number(form, "until_id", &query->has_until, &query->until_id,
			 problem) == -1 ||
	    parse_number(form, "before_id", &query->has_before,
			 &query->before_id, problem) == -1 ||
	    parse_number(form, "limit", &query->has_limit, &query->limit,
			 problem) == -1)
		return -1;
	if (query->has_limit &&
	    (query->limit < 1 || query->limit > RANGE_LIMIT_MAX))
		return problem_set(problem, 400, "limit",
				   "limit must be a whole number from 1 to %d",
				   RANGE_LIMIT_MAX);
	query->epoch = epoch != NULL ? epoch->value : span_of(NULL, 0);
	return 0;
}

static int start_over(struct problem *problem, const struct range_log *log,
		      const char *param, const char *detail)
{
	problem_set(problem, 409, param, "%s", detail);
	snprintf(problem->members, sizeof(problem->members),
		 ",\"head\":%lld,\"epoch\":\"%.*s\"", (long long)log->head,
		 (int)log->epoch.len, log->epoch.ptr);
	return -1;
}

static int check_cursor(const struct range_query *query,
			const struct range_log *log, struct problem *problem)
{
	if (query->epoch.ptr != NULL && !span_equal(query->epoch, log->epoch))
		return start_over(problem, log, "epoch",
				  "epoch is not the current one: start over");
	if (query->after_id > log->head)
		return start_over(problem, log, "after_id",
				  "after_id is above the head: start over");
	if (query->after_id > 0 && query->after_id < log->first_id - 1) {
		problem_set(problem, 410, "after_id",
			    "what followed after_id is no longer kept");
		snprintf(problem->members, sizeof(problem->members),
			 ",\"first_id\":%lld", (long long)log->first_id);
		return -1;
	}
	return 0;
}

/* Whether the rows of the answer are fixed as long as the epoch that the client
 * named is current. */
static bool is_closed(const struct range *range,
		      const struct range_query *query,
		      const struct range_log *log)
{
	return query->has_after && query->has_until &&
	       query->epoch.ptr != NULL && query->until_id <= log->head &&
	       !range->has_more && (query->after_id > 0 || log->first_id == 1);
}

int range_resolve(struct range *range, const struct range_query *query,
		  const struct range_log *log, struct problem *problem)
{
	if (check_cursor(query, log, problem) == -1)
		return -1;

	/* ids count from 1: no number below 0 says more than 0 does, and none
	 * of this can overflow */
	range->from = query->after_id > 0 ? query->after_id + 1 : log->first_id;
	range->to = log->head;
	if (query->has_until && query->until_id < range->to)
		range->to = query->until_id > 0 ? query->until_id : 0;
	if (query->has_before && query->before_id <= range->to)
		range->to = query->before_id > 1 ? query->before_id - 1 : 0;

	range->has_more =
		query->has_limit && range->to - range->from >= query->limit;
	if (range->has_more && query->has_after)
		range->to = range->from + query->limit - 1;
	else if (range->has_more)
		range->from = range->to - query->limit + 1;
	range->is_closed = is_closed(range, query, log);
	return 0;
}
