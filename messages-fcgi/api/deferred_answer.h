/* SPDX-License-Identifier: MIT
 *
 * An answer that depends on a commit. A handler that cannot answer yet fills
 * one and returns; its thread then serves other requests.
 */
#ifndef MESSAGES_FCGI_API_DEFERRED_ANSWER_H
#define MESSAGES_FCGI_API_DEFERRED_ANSWER_H

#include <stdbool.h>

#include "messages-fcgi/log/submission.h"

struct committer;
struct response;

/* Fills the response once each post of the submission has its outcome. It may
 * run in another thread than the handler. It frees ctx and the posts. */
typedef void deferred_answer_fn(void *ctx, struct response *response);

struct deferred_answer {
	struct committer *committer; /* borrowed */
	struct submission submission;
	deferred_answer_fn *answer; /* NULL: nothing is deferred */
	void *ctx;
	bool is_brief; /* answer neither blocks nor writes much */
};

#endif
