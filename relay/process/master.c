/* SPDX-License-Identifier: MIT
 *
 * Processes and signals.
 *
 * A reload has four steps: try the program file on disk; exec it in this
 * process; start new workers; and when these are ready, retire the previous
 * image's workers, which serve normally until then. So some worker accepts
 * connections at every moment.
 */
#include "relay/process/master.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/version.h"
#include "common/config/address.h"
#include "common/daemon/listen.h"
#include "common/daemon/notify.h"
#include "common/daemon/ops_server.h"
#include "common/daemon/successor.h"
#include "relay/hub/connection_quota.h"
#include "relay/process/handover.h"
#include "relay/stats.h"

/* A worker that lives this long is healthy: its next restart is immediate. */
#define HEALTHY_MS 5000
/* Time beyond the drain before a worker that does not stop is killed. */
#define STOP_GRACE_MS 2000
/* A worker whose loop is stuck for this long is killed. An unresponsive name
 * server can block a worker for half of it, which must not kill the worker. */
#define HANG_MS 30000
/* Interval between checks of the workers; the shorter one until all are
 * ready. */
#define LOOK_MS 1000
#define READY_LOOK_MS 20

struct child {
	pid_t pid; /* 0: not running */
	int64_t started_ms;
	int64_t restart_ms; /* when to restart it, if it is not running */
	bool has_died;      /* and was not healthy since */
	struct backoff backoff;
	unsigned beats; /* of its heartbeat, at the last check */
	/* Counts checks, not time: when this process is stopped, its workers
	 * may be stopped with it. */
	unsigned silent_looks;
};

struct master {
	struct master_conf conf;
	struct handover handover; /* the sockets, and the previous workers */
	struct child *children;
	struct heartbeat *heartbeats; /* one for each child */
	size_t count;
	sigset_t signals;
	struct successor successor;
	bool is_ready;         /* all workers have been ready */
	int64_t look_ms;       /* between checks */
	int64_t next_look_ms;  /* when */
	int64_t retired_by_ms; /* when previous workers must be gone */
};

/* Returns 0 in the new worker, after it has ended; 1 in the master. */
static int start(struct master *master, struct child *child)
{
	struct heartbeat *heartbeat =
		&master->heartbeats[child - master->children];
	pid_t parent = getpid(), pid;

	heartbeat_clear(heartbeat);
	pid = fork();
	if (pid == -1) {
		log_warn("cannot fork: %m");
		child->restart_ms = clock_ms() + BACKOFF_MAX_MS;
		return 1;
	}
	if (pid == 0) {
		/* workers die with a killed master: they would compete with the
		 * next one for the socket */
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 ||
		    getppid() != parent)
			return 0;
		stats_use((size_t)(child - master->children));
		connection_quota_use((size_t)(child - master->children));
		worker_run(&master->conf.worker, master->handover.listen_fd,
			   heartbeat);
		return 0;
	}
	child->pid = pid;
	child->started_ms = clock_ms();
	child->beats = 0;
	child->silent_looks = 0;
	return 1;
}

static void log_death(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_error("worker %ld was killed by signal %d", (long)pid,
			  WTERMSIG(status));
	else
		log_error("worker %ld exited with %d", (long)pid,
			  WEXITSTATUS(status));
}

static void bury(struct child *child)
{
	int64_t now_ms = clock_ms();

	if (now_ms - child->started_ms >= HEALTHY_MS) {
		backoff_reset(&child->backoff);
		child->has_died = false;
	}
	child->pid = 0;
	/* the first restart is immediate: clients are waiting */
	child->restart_ms = now_ms;
	if (child->has_died)
		child->restart_ms +=
			backoff_next_ms(&child->backoff, crypto_random_u32());
	child->has_died = true;
}

/* Whether pid is gone. Logs its end, unless the master ended it and it exited
 * with 0. */
static bool has_ended(pid_t pid, bool was_told)
{
	int status = 0;

	/* ECHILD: it is gone, and an earlier check has its status */
	if (waitpid(pid, &status, WNOHANG) == 0)
		return false;
	if (!was_told || status != 0)
		log_death(pid, status);
	return true;
}

/* Records every worker that ended. Returns the number of those left. */
static size_t reap(struct master *master, bool is_stopping)
{
	struct handover *before = &master->handover;
	size_t left = 0, i;

	for (i = 0; i < master->count; i++) {
		struct child *child = &master->children[i];

		if (child->pid != 0 && has_ended(child->pid, is_stopping)) {
			bury(child);
			stats_forget(i);
			connection_quota_forget(i);
		}
		left += child->pid != 0;
	}
	for (i = 0; i < before->count;) {
		if (has_ended(before->workers[i],
			      is_stopping || master->is_ready))
			before->workers[i] = before->workers[--before->count];
		else
			i++;
	}
	return left + before->count;
}

/* Starts the workers that are due. Returns 0 in a worker; 1 in the master, and
 * sets *wait_ms to the time until the next start, -1 if none is planned. */
static int start_due(struct master *master, int64_t *wait_ms)
{
	size_t i;

	*wait_ms = -1;
	for (i = 0; i < master->count; i++) {
		struct child *child = &master->children[i];
		int64_t left;

		if (child->pid != 0)
			continue;
		left = child->restart_ms - clock_ms();
		if (left <= 0) {
			if (start(master, child) == 0)
				return 0;
			left = child->pid != 0 ? -1 : BACKOFF_MAX_MS;
		}
		if (left > 0 && (*wait_ms == -1 || left < *wait_ms))
			*wait_ms = left;
	}
	return 1;
}

/* Waits for a signal, at most wait_ms (-1: no limit). Returns 0 if none
 * came. */
static int wait_signal(const sigset_t *signals, int64_t wait_ms)
{
	struct timespec timeout = { wait_ms / 1000, wait_ms % 1000 * 1000000 };
	int signal = wait_ms < 0 ? sigwaitinfo(signals, NULL)
				 : sigtimedwait(signals, NULL, &timeout);

	return signal == -1 ? 0 : signal;
}

static void kill_before(struct master *master, int signal)
{
	size_t i;

	for (i = 0; i < master->handover.count; i++)
		kill(master->handover.workers[i], signal);
}

static void kill_all(struct master *master, int signal)
{
	size_t i;

	for (i = 0; i < master->count; i++)
		if (master->children[i].pid != 0)
			kill(master->children[i].pid, signal);
	kill_before(master, signal);
}

static void stop(struct master *master)
{
	int64_t deadline =
		clock_ms() + master->conf.worker.drain_ms + STOP_GRACE_MS;

	notify_stopping();
	successor_abandon(&master->successor);
	kill_all(master, SIGTERM);
	while (reap(master, true) > 0) {
		int64_t left = deadline - clock_ms();

		if (left <= 0) {
			log_warn("workers do not stop: killing them");
			kill_all(master, SIGKILL);
			deadline = INT64_MAX;
			left = -1;
		}
		wait_signal(&master->signals, left);
	}
}

/* ---- checks of running workers ---- */

static bool are_all_ready(const struct master *master)
{
	size_t i;

	for (i = 0; i < master->count; i++)
		if (master->children[i].pid == 0 ||
		    !atomic_load(&master->heartbeats[i].is_ready))
			return false;
	return true;
}

static void become_ready(struct master *master)
{
	const struct worker_conf *worker = &master->conf.worker;

	master->is_ready = true;
	if (master->handover.count > 0)
		log_info("%zu workers take over from %zu", master->count,
			 master->handover.count);
	kill_before(master, WORKER_RETIRE);
	master->retired_by_ms = clock_ms() + worker->reload_drain_ms +
				worker->drain_ms + STOP_GRACE_MS;
	notify_status("%zu workers serve", master->count);
	notify_ready();
}

/* Whether the worker's loop runs. Kills the worker after HANG_MS without a
 * heartbeat; false as long as even that has not ended it. */
static bool is_turning(struct master *master, struct child *child)
{
	unsigned beats = atomic_load(
		&master->heartbeats[child - master->children].beats);
	int64_t silent_ms;

	if (child->pid == 0)
		return true;
	child->silent_looks =
		beats == child->beats ? child->silent_looks + 1 : 0;
	child->beats = beats;
	silent_ms = child->silent_looks * master->look_ms;
	if (silent_ms < HANG_MS)
		return true;
	if (silent_ms < HANG_MS + master->look_ms) {
		log_error("worker %ld has been stuck for %lld s: killing it",
			  (long)child->pid, (long long)silent_ms / 1000);
		kill(child->pid, SIGKILL);
	}
	return false;
}

static void look_after(struct master *master)
{
	bool are_turning = true;
	size_t i;

	for (i = 0; i < master->count; i++)
		are_turning &= is_turning(master, &master->children[i]);
	if (are_turning)
		notify_alive();
	if (master->is_ready && master->handover.count > 0 &&
	    clock_ms() >= master->retired_by_ms) {
		log_warn("%zu workers do not retire: killing them",
			 master->handover.count);
		kill_before(master, SIGKILL);
	}
}

/* At least as often as the watchdog requires. */
static int64_t choose_look_ms(void)
{
	int64_t watchdog_ms = notify_watchdog_ms();

	if (watchdog_ms == 0 || watchdog_ms / 2 >= LOOK_MS)
		return LOOK_MS;
	return watchdog_ms / 2 > 0 ? watchdog_ms / 2 : 1;
}

/* ---- reloading ---- */

/* Returns only if the exec fails. The signals stay blocked, so that a signal
 * that arrives meanwhile waits for the successor. */
static void hand_over(struct master *master)
{
	struct handover *handover = &master->handover;
	size_t before = handover->count, i;

	handover->workers = xrealloc(handover->workers,
				     (before + master->count) * sizeof(pid_t));
	for (i = 0; i < master->count; i++)
		if (master->children[i].pid != 0)
			handover->workers[handover->count++] =
				master->children[i].pid;
	handover_give(handover);
	if (fcntl(handover->listen_fd, F_SETFD, 0) == 0 &&
	    (handover->ops_fd == -1 ||
	     fcntl(handover->ops_fd, F_SETFD, 0) == 0))
		successor_become(&master->successor);
	else
		log_error("cannot hand over the sockets: %m");
	fcntl(handover->listen_fd, F_SETFD, FD_CLOEXEC);
	fcntl(handover->ops_fd, F_SETFD, FD_CLOEXEC);
	handover_withdraw();
	handover->count = before;
}

static void begin_reload(struct master *master)
{
	log_info("reloading: trying '%s'", master->successor.argv[0]);
	notify_reloading();
	successor_try(&master->successor);
}

static void go_on_reloading(struct master *master)
{
	switch (successor_judge(&master->successor)) {
	case SUCCESSOR_NONE:
	case SUCCESSOR_TRIED:
		return;
	case SUCCESSOR_FIT:
		hand_over(master);
		break;
	case SUCCESSOR_UNFIT:
		break;
	}
	log_error("not reloaded: continuing with the running version");
	if (master->is_ready)
		notify_ready();
}

/* ---- life cycle ---- */

static int64_t next_wait_ms(const struct master *master, int64_t start_ms)
{
	int64_t wait_ms = master->next_look_ms - clock_ms();

	if (!master->is_ready && wait_ms > READY_LOOK_MS)
		wait_ms = READY_LOOK_MS;
	if (start_ms != -1 && start_ms < wait_ms)
		wait_ms = start_ms;
	return wait_ms > 0 ? wait_ms : 0;
}

/* Returns 0 in a worker that has ended, 1 in the master on SIGTERM or
 * SIGINT. */
static int supervise(struct master *master)
{
	for (;;) {
		int64_t start_ms;
		int signal;

		if (start_due(master, &start_ms) == 0)
			return 0;
		signal = wait_signal(&master->signals,
				     next_wait_ms(master, start_ms));
		if (signal == SIGTERM || signal == SIGINT)
			return 1;
		if (signal == SIGHUP)
			begin_reload(master);
		reap(master, false);
		go_on_reloading(master);
		if (!master->is_ready && are_all_ready(master))
			become_ready(master);
		if (clock_ms() >= master->next_look_ms) {
			master->next_look_ms = clock_ms() + master->look_ms;
			look_after(master);
		}
	}
}

/* SIGHUP reloads even when a terminal hangs up: that must not end the
 * service. */
static void set_up_signals(struct master *master)
{
	sigemptyset(&master->signals);
	sigaddset(&master->signals, SIGTERM);
	sigaddset(&master->signals, SIGINT);
	sigaddset(&master->signals, SIGHUP);
	sigaddset(&master->signals, SIGCHLD);
	/* for the workers: blocked before the first fork */
	sigaddset(&master->signals, WORKER_RETIRE);
	if (sigprocmask(SIG_BLOCK, &master->signals, NULL) == -1)
		fatal("cannot block signals");
	signal(SIGPIPE, SIG_IGN);
	/* the parent may have ignored SIGCHLD: then no child could be reaped */
	signal(SIGCHLD, SIG_DFL);
}

static void open_socket(struct master *master)
{
	struct handover *handover = &master->handover;
	int backlog = (int)master->conf.backlog;
	struct address address;

	handover_take(handover);
	if (handover->listen_fd != -1) {
		if (listen_adopt(handover->listen_fd, backlog) == -1)
			fatal("cannot listen on the inherited socket");
		return;
	}
	if (address_parse(master->conf.listen, &address) == -1)
		fatalx("cannot understand '%s'", master->conf.listen);
	handover->listen_fd = listen_open(&address, backlog);
	if (handover->listen_fd == -1)
		fatal("cannot listen on '%s'", master->conf.listen);
	handover->is_ours = true;
}

/* Opens the operator's socket. Any worker answers there. */
static void open_ops(struct master *master)
{
	const char *where = master->conf.worker.settings->ops_listen;
	struct handover *handover = &master->handover;
	struct address address;

	if (where[0] == '\0') {
		close(handover->ops_fd);
		handover->ops_fd = -1;
		return;
	}
	if (handover->ops_fd != -1) {
		if (listen_adopt(handover->ops_fd, OPS_SERVER_BACKLOG) == -1)
			fatal("cannot listen on the inherited socket");
		return;
	}
	if (address_parse(where, &address) == -1)
		fatalx("cannot understand '%s'", where);
	handover->ops_fd = listen_open(&address, OPS_SERVER_BACKLOG);
	if (handover->ops_fd == -1)
		fatal("cannot listen on PUSHLOG_OPS_LISTEN '%s'", where);
}

int master_run(const struct master_conf *conf)
{
	struct master master = {
		.conf = *conf,
		.successor.argv = conf->argv,
		.look_ms = choose_look_ms(),
	};
	bool is_master;

	set_up_signals(&master);
	open_socket(&master);
	open_ops(&master);
	master.conf.worker.ops_fd = master.handover.ops_fd;
	master.conf.worker.conn.trust_real_ip =
		listen_is_local(master.handover.listen_fd);
	master.count = conf->workers > 0 ? (size_t)conf->workers
					 : (size_t)get_nprocs();
	master.children = xcalloc(master.count, sizeof(*master.children));
	master.heartbeats = heartbeat_new(master.count);
	stats_share(master.count);
	connection_quota_share(master.count, conf->worker.apps->count);
	reap(&master, false); /* drops pids that are not our children */
	log_info("relay %s listens on %s with %zu workers", PUSHLOG_VERSION,
		 master.handover.is_ours ? conf->listen : "an inherited socket",
		 master.count);

	is_master = supervise(&master) == 1;
	if (is_master) {
		stop(&master);
		if (master.handover.is_ours)
			listen_unlink(master.handover.listen_fd);
		listen_unlink(master.handover.ops_fd);
		log_info("stopped");
	}
	close(master.handover.listen_fd);
	handover_release(&master.handover);
	heartbeat_free(master.heartbeats, master.count);
	free(master.children);
	return 0;
}
