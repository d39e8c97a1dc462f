/* SPDX-License-Identifier: MIT
 *
 * Posts that are committed on behalf of one waiting caller. The caller embeds
 * the struct and finds itself by container_of.
 */
#ifndef MESSAGES_FCGI_LOG_SUBMISSION_H
#define MESSAGES_FCGI_LOG_SUBMISSION_H

#include <stddef.h>

struct post;

/* The caller sets posts and count. The committer sets the rest, and owns the
 * struct and the posts from committer_post until on_answered. */
struct submission {
	struct post *posts; /* an array; each has its event and its key */
	size_t count;       /* 1 to COMMITTER_POSTS_MAX */
	size_t open;        /* posts without an outcome */
	struct submission *next;
};

#endif
