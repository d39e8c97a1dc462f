/* SPDX-License-Identifier: MIT
 *
 * One worker process: a loop, its sessions, its channels, its subscription to
 * Redis and its connection to the log. Shares nothing with its siblings but
 * the listening socket.
 */
#ifndef RELAY_PROCESS_WORKER_H
#define RELAY_PROCESS_WORKER_H

#include <signal.h>

#include "common/config/app.h"
#include "common/config/settings.h"
#include "relay/hub/heal.h"
#include "relay/hub/session.h"
#include "relay/process/heartbeat.h"

/* The options fill the structs of the rooms directly. master_run sets
 * conn.trust_real_ip, and worker_run the other fields that are no options. */
struct worker_conf {
	const struct settings *settings;
	const struct apps *apps;
	struct conn_conf conn;
	struct session_conf session;
	struct heal_conf heal;
	int64_t drain_ms;        /* for clients to answer the close */
	int64_t reload_drain_ms; /* over which WORKER_RETIRE closes them */
	int ops_fd;              /* listens for the operator; -1: none */
};

/* Serves from listen_fd until SIGTERM, then closes every connection at once;
 * or until WORKER_RETIRE, then closes them one by one over reload_drain_ms.
 * Then returns. The caller has blocked both signals. Beats in *heartbeat
 * meanwhile. */
#define WORKER_RETIRE SIGUSR1

void worker_run(const struct worker_conf *conf, int listen_fd,
		struct heartbeat *heartbeat);

#endif
