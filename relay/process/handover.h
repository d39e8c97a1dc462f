/* SPDX-License-Identifier: MIT
 *
 * The resources that relay inherits when it starts: a listening socket, from
 * the service manager through sd_listen_fds(3) or from the previous image of
 * relay in this process; from that image also its workers.
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
	int ops_fd;     /* listens for the operator; -1: none */
	bool is_ours;   /* relay created the socket, and so unlinks it */
	pid_t *workers; /* owned; children of this process, unless they died */
	size_t count;
};

#define HANDOVER_INIT                                                          \
	{                                                                      \
		.listen_fd = -1, .ops_fd = -1                                  \
	}

/* Takes this process's handover from the environment and clears it there. Ends
 * the program if it cannot be served. */
void handover_take(struct handover *handover);

/* Puts the handover into the environment, for the next image in this
 * process. */
void handover_give(const struct handover *handover);

/* Removes it from the environment, after the exec failed. */
void handover_withdraw(void);

void handover_release(struct handover *handover);

/* The text form in the environment: a list of words. An image of another
 * version skips the words that it does not know. */
void handover_encode(const struct handover *handover, pid_t self,
		     struct buf *text);

/* Returns -1 if the text is malformed or not for the process self. The caller
 * releases *handover in both cases. */
int handover_decode(struct span text, pid_t self,
		    struct handover *handover) MUST_CHECK;

#endif
