/* SPDX-License-Identifier: MIT
 *
 * A bounded queue of posts, from request threads to a committer's thread. A
 * post occupies its room until the committer has answered it and calls
 * inbox_make_room: the bound covers the posts that are being committed, too.
 */
#ifndef MESSAGES_FCGI_LOG_INBOX_H
#define MESSAGES_FCGI_LOG_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "messages-fcgi/log/batch.h"

struct inbox;

/* room: in posts. */
struct inbox *inbox_new(size_t room);
void inbox_free(struct inbox *inbox);

/* Appends count posts, linked by next from first to last. While there is no
 * room for all of them it yields the lead and blocks. count is at most the
 * room of an empty inbox. */
void inbox_put(struct inbox *inbox, struct post *first, struct post *last,
	       size_t count);

/* Sets *posts to all queued posts, oldest first, linked by next, or to NULL. If
 * there are none, waits for one until until_ms (clock_ms). On a closed inbox an
 * idle caller, which has no other work, does not wait. False: the inbox is
 * closed and empty. */
bool inbox_take(struct inbox *inbox, int64_t until_ms, bool is_idle,
		struct post **posts);

/* Frees the room of this many posts that were taken. */
void inbox_make_room(struct inbox *inbox, size_t count);

/* Nothing may be put any more. */
void inbox_close(struct inbox *inbox);

#endif
