/* SPDX-License-Identifier: MIT
 *
 * The program that this process may become: the file that it was started from,
 * as it is by then, which an upgrade may have replaced. The process stays, and
 * with it its pid, its children and the descriptors that survive an exec.
 *
 * Nothing is risked that can be tried before: the file is first run apart, with
 * --check-config, in the environment that it will find.
 */
#ifndef COMMON_DAEMON_SUCCESSOR_H
#define COMMON_DAEMON_SUCCESSOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct successor {
	char **argv;        /* as main was given it; borrowed */
	pid_t trial;        /* 0: none runs */
	int64_t give_up_ms; /* when the trial has taken too long */
};

enum successor_verdict {
	SUCCESSOR_NONE = 0, /* is not being tried */
	SUCCESSOR_TRIED,    /* the trial runs */
	SUCCESSOR_FIT,
	SUCCESSOR_UNFIT, /* and the log says why */
};

/* Starts a trial, unless one runs. */
void successor_try(struct successor *successor);

/* How the trial stands; to be asked after each SIGCHLD, and each second. The
 * last two are told once. */
enum successor_verdict successor_judge(struct successor *successor);

/* Ends the trial, if one runs. */
void successor_abandon(struct successor *successor);

/* Becomes it. Returns only if that fails, having said why. */
void successor_become(const struct successor *successor);

#endif
