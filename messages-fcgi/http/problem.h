/* SPDX-License-Identifier: MIT
 *
 * The error answer to a page, as RFC 9457 has it. Pure.
 */
#ifndef MESSAGES_FCGI_HTTP_PROBLEM_H
#define MESSAGES_FCGI_HTTP_PROBLEM_H

#include "common/base/attr.h"
#include "common/base/buf.h"

/* A long epoch and a few numbers. */
#define PROBLEM_MEMBERS_MAX 192

/* Plain data, owns nothing; param and allow are static. */
struct problem {
	int status;
	const char *param; /* field, parameter or header at fault, or NULL */
	const char *allow; /* of a 405: the methods, or NULL */
	char detail[160];
	/* further members of the JSON object, each as ,"name":value */
	char members[PROBLEM_MEMBERS_MAX];
};

/* Fills the problem; allow and members become empty. Returns -1, so
 * that a check can end in `return problem_set(…)`. */
int problem_set(struct problem *problem, int status, const char *param,
		const char *detail, ...) PRINTF_LIKE(4, 5);

/* Adds the JSON body. */
void problem_encode(struct buf *buf, const struct problem *problem);

/* The statuses that this program answers with. */
#define PROBLEM_STATUSES 15

/* The i-th status. */
int problem_status(size_t i);

/* The reason phrase of a status that this program uses. */
const char *problem_title(int status);

#endif
