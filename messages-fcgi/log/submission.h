/* SPDX-License-Identifier: MIT
 *
 * Posts that are committed for one caller, such as the events of one request.
 * The caller embeds the struct, and is found from it by container_of.
 */
#ifndef MESSAGES_FCGI_LOG_SUBMISSION_H
#define MESSAGES_FCGI_LOG_SUBMISSION_H

#include <stddef.h>

struct post;

/* The caller fills posts and count. The committer owns the struct and the posts
 * from committer_post until it gives them to on_answered. */
struct submission {
	struct post *posts; /* an array; each has its event and its key */
	size_t count;       /* 1 to COMMITTER_POSTS_MAX */
	size_t open;        /* posts without an outcome; the committer's */
	struct submission *next;
};

#endif
