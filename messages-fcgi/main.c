/* SPDX-License-Identifier: MIT
 *
 * The life of messages-fcgi: configuration, start-up, signals, shutdown, and
 * the successor that a reload starts in the same process. Knows no requests.
 *
 * Signals are blocked in all threads; main waits for them.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/version.h"
#include "common/config/settings.h"
#include "common/daemon/notify.h"
#include "common/daemon/successor.h"
#include "messages-fcgi/api/trigger.h"
#include "messages-fcgi/log/committers.h"
#include "messages-fcgi/options.h"
#include "messages-fcgi/server/fcgi_socket.h"
#include "messages-fcgi/server/ops_thread.h"
#include "messages-fcgi/server/request_threads.h"
#include "messages-fcgi/stats.h"
#include "messages-fcgi/webhooks/webhook_sender.h"

#define PROGRAM "messages-fcgi"
/* A round of a committer that lasts this much longer than its timeout hangs. */
#define HANG_MS 90000

/* The state of the signal loop. */
struct life {
	struct successor successor;
	struct request_threads *threads;
	int64_t round_max_ms; /* of a committer */
	sigset_t signals;
};

/* Threads that start later inherit the mask. */
static void block_signals(sigset_t *waited_for)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(waited_for);
	sigaddset(waited_for, SIGTERM);
	sigaddset(waited_for, SIGINT);
	sigaddset(waited_for, SIGHUP);
	sigaddset(waited_for, SIGCHLD); /* the trial of a successor ended */
	sigaddset(waited_for, SIGUSR1); /* how multiwatch and Apache stop it */
	signal(SIGCHLD, SIG_DFL);
	if ((errno = pthread_sigmask(SIG_BLOCK, waited_for, NULL)) != 0)
		fatal("cannot block signals");
}

/* The signal; 0 when the watchdog is due, or after an interruption. */
static int wait_signal(const sigset_t *waited_for)
{
	int64_t wait_ms = notify_watchdog_ms() / 2;
	const struct timespec timeout = { wait_ms / 1000,
					  wait_ms % 1000 * 1000000 };
	int got = wait_ms > 0 ? sigtimedwait(waited_for, NULL, &timeout)
			      : sigwaitinfo(waited_for, NULL);

	return got == -1 ? 0 : got;
}

/* Whether the successor has proved that it can replace this process. */
static bool is_succeeded(struct successor *successor)
{
	enum successor_verdict verdict = successor_judge(successor);

	if (verdict == SUCCESSOR_UNFIT) {
		log_error("not reloaded: continuing as before");
		notify_ready();
	}
	return verdict == SUCCESSOR_FIT;
}

static bool is_alive(struct life *life)
{
	return request_threads_are_alive(life->threads) &&
	       committer_round_ms() < life->round_max_ms;
}

/* Returns when it is time to stop; true if the successor replaces this
 * process. */
static bool supervise(struct life *life)
{
	for (;;) {
		int got;

		if (is_alive(life))
			notify_alive();
		got = wait_signal(&life->signals);
		if (got == SIGHUP) {
			log_info("reloading: trying '%s'",
				 life->successor.argv[0]);
			notify_reloading();
			successor_try(&life->successor);
		} else if (got != 0 && got != SIGCHLD) {
			log_info("stopping on signal %d", got);
			notify_stopping();
			return false;
		}
		if (is_succeeded(&life->successor))
			return true;
	}
}

static bool serve_requests(struct life *life, int64_t threads)
{
	bool has_successor;

	request_threads_start(life->threads);
	log_info("%s %s is ready: %lld threads", PROGRAM, PUSHLOG_VERSION,
		 (long long)threads);
	notify_status("%lld threads serve", (long long)threads);
	notify_ready();
	has_successor = supervise(life);
	metric_set(&stats()->is_stopping, 1);
	successor_abandon(&life->successor);
	/* the watchdog sees only the end of a reload */
	notify_alive();
	request_threads_stop(life->threads);
	notify_alive();
	return has_successor;
}

/* The maximum size of a body that an app may send, in bytes. */
static size_t api_max_bytes(const struct apps *apps)
{
	size_t max = 0, i;

	for (i = 0; i < apps->count; i++) {
		size_t bytes = trigger_body_max_bytes(&apps->all[i]);

		if (bytes > max)
			max = bytes;
	}
	return max;
}

/* True if the successor replaces this process. */
static bool run_server(const struct settings *settings, struct options *options,
		       const struct apps *apps, struct store_server *database,
		       struct life *life)
{
	sem_t streams;
	struct call_context context = {
		.apps = apps,
		.page = &apps->all[0],
		.auth = options->auth,
		.limits = &options->limits,
		.history.streams = &streams,
		.form_max_bytes = message_body_max_bytes(&options->limits),
		.api_max_bytes = api_max_bytes(apps),
	};
	struct ops_thread *ops = ops_thread_new(settings->ops_listen);
	struct history *history = &context.history;
	struct committer **committers;
	struct webhook_senders *senders;
	bool has_successor;

	if (sem_init(&streams, 0,
		     request_threads_streams_max(options->threads)) == -1)
		fatal("cannot make a semaphore");
	metric_set(&stats()->threads, options->threads);
	life->threads =
		request_threads_new(FCGI_SOCKET_FD, &context, options->threads);
	context.publisher =
		publisher_new(settings, (size_t)options->publish_buffer_bytes);
	context.roster = roster_reader_new(settings);
	history->readers = reader_pool_new(database, (size_t)options->readers);
	history->heads = head_reader_new(history->readers);
	history->tails = tail_cache_new();
	options->committer.on_answered = request_threads_resume;
	options->committer.ctx = life->threads;
	committers = committers_new(apps, database, context.publisher,
				    history->tails, options->committer);
	context.committers = committers;
	senders = webhook_senders_new(settings, apps);

	has_successor = serve_requests(life, options->threads);

	/* in this order posts are committed and commits are published */
	sem_destroy(&streams);
	committers_free(committers, apps->count);
	request_threads_free(life->threads);
	tail_cache_free(history->tails);
	head_reader_free(history->heads);
	reader_pool_free(history->readers);
	publisher_free(context.publisher);
	roster_reader_free(context.roster);
	notify_alive();
	webhook_senders_free(senders);
	ops_thread_free(ops);
	return has_successor;
}

int main(int argc, char **argv)
{
	struct settings settings;
	struct options options = { .auth = NULL };
	const struct conf_group groups[] = { settings_group(&settings),
					     options_group(&options) };
	struct life life = { .successor.argv = argv };
	struct apps apps;
	struct buf error = BUF_INIT;
	struct store_server *database;
	bool is_run, has_successor = false;

	is_run = conf_start(argc, argv, PROGRAM, "stores and reads messages",
			    groups, 2);
	settings_start_log(&settings, PROGRAM);
	database = store_server_new(settings.database);
	if (database == NULL)
		fatalx("PUSHLOG_DATABASE is not a libpq conninfo");
	if (apps_load(&apps, &settings.app, &error) == -1)
		fatalx("%.*s", (int)error.len, error.data);
	if (is_run) {
		fcgi_socket_init();
		block_signals(&life.signals);
		if (FCGX_Init() != 0)
			fatalx("cannot start libfcgi");
		options.limits.channels = apps.all[0].channels;
		life.round_max_ms = options.committer.lock_timeout_ms + HANG_MS;
		has_successor =
			run_server(&settings, &options, &apps, database, &life);
	}
	apps_release(&apps);
	store_server_free(database);
	conf_release(&groups[0]);
	conf_release(&groups[1]);
	if (!has_successor) {
		if (is_run)
			log_info("stopped");
		return 0;
	}
	/* clients that connect meanwhile wait in the queue of the socket */
	successor_become(&(struct successor){ .argv = argv });
	return 1;
}
