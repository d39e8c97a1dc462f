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
#include "relay/process/heartbeat.h"

/* Options of relay only. */
struct worker_conf {
	const struct settings *settings;
	const struct apps *apps;
	int64_t activity_timeout_s;
	int64_t pong_timeout_s;
	int64_t head_poll_ms;
	int64_t hole_wait_ms;
	int64_t subscribe_timeout_ms;
	int64_t window_ms;
	int64_t queue_max_bytes;
	int64_t stash_max_bytes;
	int64_t subscriptions_max;
	int64_t idle_timeout_s;
	int64_t drain_ms;
	int64_t reload_drain_ms;
	bool may_pack;      /* compress messages for clients that ask for it */
	bool trust_real_ip; /* the listening socket is a Unix socket */
	int ops_fd;         /* listens for the operator; -1: none */
};

/* Serves from listen_fd until SIGTERM, then closes every connection at once;
 * or until WORKER_RETIRE, then closes them one by one over reload_drain_ms.
 * Then returns. The caller has blocked both signals. Beats in *heartbeat
 * meanwhile. */
#define WORKER_RETIRE SIGUSR1

void worker_run(const struct worker_conf *conf, int listen_fd,
		struct heartbeat *heartbeat);

#endif
