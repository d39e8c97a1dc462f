/* SPDX-License-Identifier: MIT
 *
 * Processes and signals.
 */
#include "relay/master.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/address.h"
#include "common/alloc.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/version.h"
#include "relay/listener.h"

/* A worker that lives this long was not started in vain. */
#define HEALTHY_MS 5000
/* Beyond the time to drain, before a worker that will not stop is killed. */
#define STOP_GRACE_MS 2000

struct child {
	pid_t pid; /* 0: not running */
	int64_t started_ms;
	int64_t restart_ms; /* when to start it again, if it is not running */
	bool has_died; /* and was started again since it last was healthy */
	struct backoff backoff;
};

struct master {
	struct master_conf conf;
	struct address address;
	int listen_fd;
	struct child *children;
	size_t count;
	sigset_t signals;
};

/* Returns 0 in the new worker, when that has ended; 1 in the master. */
static int start(struct master *master, struct child *child)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == -1) {
		log_warn("cannot fork: %m");
		child->restart_ms = clock_ms() + BACKOFF_MAX_MS;
		return 1;
	}
	if (pid == 0) {
		/* a master that was killed takes its workers with it: who
		 * comes next would compete with them for the socket */
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 ||
		    getppid() != parent)
			return 0;
		worker_run(&master->conf.worker, master->listen_fd);
		return 0;
	}
	child->pid = pid;
	child->started_ms = clock_ms();
	return 1;
}

static struct child *find(struct master *master, pid_t pid)
{
	size_t i;

	for (i = 0; i < master->count; i++)
		if (master->children[i].pid == pid)
			return &master->children[i];
	return NULL;
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

/* Takes note of every worker that ended. Returns how many are left. */
static size_t reap(struct master *master, bool is_stopping)
{
	size_t left = 0, i;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *child = find(master, pid);
		int64_t now_ms = clock_ms();

		if (child == NULL)
			continue;
		if (!is_stopping || status != 0)
			log_death(pid, status);
		if (now_ms - child->started_ms >= HEALTHY_MS) {
			backoff_reset(&child->backoff);
			child->has_died = false;
		}
		child->pid = 0;
		/* the first time at once: its clients are waiting */
		child->restart_ms = now_ms;
		if (child->has_died)
			child->restart_ms += backoff_next_ms(
				&child->backoff, crypto_random_u32());
		child->has_died = true;
	}
	for (i = 0; i < master->count; i++)
		left += master->children[i].pid != 0;
	return left;
}

/* Starts who is due. Returns 0 in a worker; 1 in the master, and in *wait_ms
 * how long until the next is due, -1 if none is. */
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

/* Waits for a signal, at most wait_ms (-1: for ever). 0 if none came. */
static int wait_signal(const sigset_t *signals, int64_t wait_ms)
{
	struct timespec timeout = { wait_ms / 1000, wait_ms % 1000 * 1000000 };
	int signal = wait_ms < 0 ? sigwaitinfo(signals, NULL)
				 : sigtimedwait(signals, NULL, &timeout);

	return signal == -1 ? 0 : signal;
}

static void kill_all(struct master *master, int signal)
{
	size_t i;

	for (i = 0; i < master->count; i++)
		if (master->children[i].pid != 0)
			kill(master->children[i].pid, signal);
}

static void stop(struct master *master)
{
	int64_t deadline =
		clock_ms() + master->conf.worker.drain_ms + STOP_GRACE_MS;

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

/* 0 in a worker that has ended, 1 in the master when it was told to stop. */
static int supervise(struct master *master)
{
	for (;;) {
		int64_t wait_ms;
		int signal;

		if (start_due(master, &wait_ms) == 0)
			return 0;
		signal = wait_signal(&master->signals, wait_ms);
		if (signal == SIGTERM || signal == SIGINT)
			return 1;
		reap(master, false);
	}
}

static void set_up_signals(struct master *master)
{
	sigemptyset(&master->signals);
	sigaddset(&master->signals, SIGTERM);
	sigaddset(&master->signals, SIGINT);
	sigaddset(&master->signals, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &master->signals, NULL) == -1)
		fatal("cannot block signals");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* may have been ignored by who started us: nobody could be reaped */
	signal(SIGCHLD, SIG_DFL);
}

int master_run(const struct master_conf *conf)
{
	struct master master = { .conf = *conf };
	bool is_master;

	if (address_parse(conf->listen, &master.address) == -1)
		fatalx("cannot understand '%s'", conf->listen);
	set_up_signals(&master);
	master.listen_fd = listener_open(&master.address, (int)conf->backlog);
	if (master.listen_fd == -1)
		fatal("cannot listen on '%s'", conf->listen);
	master.conf.worker.trust_real_ip = master.address.path[0] != '\0';
	master.count = conf->workers > 0 ? (size_t)conf->workers
					 : (size_t)get_nprocs();
	master.children = xcalloc(master.count, sizeof(*master.children));
	log_info("relay %s listens on %s with %zu workers", PUSHLOG_VERSION,
		 conf->listen, master.count);

	is_master = supervise(&master) == 1;
	if (is_master) {
		stop(&master);
		listener_unlink(&master.address);
		log_info("stopped");
	}
	free(master.children);
	close(master.listen_fd);
	return 0;
}
