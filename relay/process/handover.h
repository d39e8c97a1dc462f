/* SPDX-License-Identifier: MIT
 *
 * What relay finds when it starts: a listening socket, from the service manager
 * by sd_listen_fds(3) or from the image of relay that was in this process
 * before; from that one also the workers that it left.
 */
#ifndef RELAY_PROCESS_HANDOVER_H
#define RELAY_PROCESS_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

struct handover {
	int listen_fd;  /* -1: none */
	int ops_fd;     /* listens for who operates us; -1: none */
	bool is_ours;   /* relay made the socket, and so removes its name */
	pid_t *workers; /* owned; children of this process, if they live */
	size_t count;
};

#define HANDOVER_INIT                                                          \
	{                                                                      \
		.listen_fd = -1, .ops_fd = -1                                  \
	}

/* Takes from the environment what is for this process, and leaves nothing of
 * it there. Ends the program if that cannot be served. */
void handover_take(struct handover *handover);

/* Puts it into the environment, for the image that this process becomes. */
void handover_give(const struct handover *handover);

/* Out of there again: it did not become one. */
void handover_withdraw(void);

void handover_release(struct handover *handover);

/* The form that it has in the environment: words, of which an image of another
 * version skips those that it does not know. */
void handover_encode(const struct handover *handover, pid_t self,
		     struct buf *text);

/* -1 if the text is not for the process self, or makes no sense; *handover is
 * to be released in both cases. */
int handover_decode(struct span text, pid_t self,
		    struct handover *handover) MUST_CHECK;

#endif
