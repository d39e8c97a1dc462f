/* SPDX-License-Identifier: MIT
 *
 * The parent of the workers: holds the listening socket, so that the socket
 * outlives each worker; starts the workers, replaces dead ones, and stops them.
 * Serves no client itself.
 */
#ifndef RELAY_PROCESS_MASTER_H
#define RELAY_PROCESS_MASTER_H

#include "relay/process/worker.h"

struct master_conf {
	char **argv;  /* main's, for a reload */
	char *listen; /* for address_parse */
	int64_t backlog;
	int64_t workers; /* 0: one for each core */
	struct worker_conf worker;
};

/* Runs until SIGTERM or SIGINT. On SIGHUP executes the program that argv[0]
 * then names, if that can start: the socket and the pid stay, and the
 * connections stay until the new workers are ready to take them over. Returns
 * the program's exit status, also in a worker process, which has then freed its
 * memory. */
int master_run(const struct master_conf *conf);

#endif
