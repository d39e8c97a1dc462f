/* SPDX-License-Identifier: MIT
 *
 * Replaces the running program with the one that is on disk now, which an
 * upgrade may have installed since. The process stays, with its pid, its
 * children and the descriptors that survive an exec.
 *
 * Before that a trial runs the new program as a child, with --check-config and
 * in the same environment.
 */
#ifndef COMMON_DAEMON_SUCCESSOR_H
#define COMMON_DAEMON_SUCCESSOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct successor {
	char **argv;        /* main's; borrowed */
	pid_t trial;        /* 0: none runs; -1: it could not be started */
	int64_t give_up_ms; /* when the trial is killed */
};

enum successor_verdict {
	SUCCESSOR_NONE = 0, /* there is no trial */
	SUCCESSOR_TRIED,    /* the trial runs */
	SUCCESSOR_FIT,      /* the trial succeeded */
	SUCCESSOR_UNFIT,    /* it failed, and the log has the reason */
};

/* Starts a trial, unless one is running. */
void successor_try(struct successor *successor);

/* The state of the trial; to be called after each SIGCHLD and each second.
 * SUCCESSOR_FIT and SUCCESSOR_UNFIT are returned once. */
enum successor_verdict successor_judge(struct successor *successor);

/* Kills the trial, if one is running. */
void successor_abandon(struct successor *successor);

/* Executes the new program. Returns only if that fails, after logging why. */
void successor_become(const struct successor *successor);

#endif
