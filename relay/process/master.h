/* SPDX-License-Identifier: MIT
 *
 * The parent of the workers: holds the listening socket, so that it outlives
 * each of them, starts them, replaces what dies, and stops them. Serves
 * nothing itself.
 */
#ifndef RELAY_PROCESS_MASTER_H
#define RELAY_PROCESS_MASTER_H

#include "relay/process/worker.h"

struct master_conf {
	char **argv;        /* main's, for a reload */
	const char *listen; /* for address_parse */
	int64_t backlog;
	int64_t workers; /* 0: one a core */
	struct worker_conf worker;
};

/* Runs until SIGTERM or SIGINT. On SIGHUP becomes what argv[0] then names, if
 * that would start: the socket and the pid stay, and so do the connections,
 * until its workers are ready to take them over. Returns the program's exit
 * status; in a worker process too, which has freed what it had. */
int master_run(const struct master_conf *conf);

#endif
