/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi's life: configuration, threads, ready, stop, and what comes
 * after it in the same process. Knows no request from the inside.
 *
 * libfcgi's own way to stop ends one thread of many, so signals are blocked in
 * all of them: main waits for one and closes the door, where the request
 * threads wait. The listening socket does not block, because another process
 * may take the connection that woke us.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/version.h"
#include "common/config/settings.h"
#include "common/daemon/notify.h"
#include "common/daemon/successor.h"
#include "messages-fcgi/api/route.h"
#include "messages-fcgi/api/trigger.h"
#include "messages-fcgi/log/store.h"
#include "messages-fcgi/server/acceptor.h"
#include "messages-fcgi/server/ops_thread.h"
#include "messages-fcgi/stats.h"
#include "messages-fcgi/webhooks/webhook_sender.h"

#define PROGRAM "messages-fcgi"
#define LISTEN_FD 0 /* where FastCGI has it */
/* As many as the kernel allows: after a restart of relay all clients ask at
 * once for what they missed. */
#define BACKLOG 65535
/* When stopping, answers that are still being written then are broken off: one
 * reader may be slow for ever. Posts are answered sooner or as soon. */
#define STOP_MS 5000
/* and who waits for a PostgreSQL that does not answer has given up by then: for
 * a connection to it, and for what it says. */
#define LATE_MS (2 * STORE_READ_TIMEOUT_MS)
/* Without a thread that is done with anything for so long, or the committer for
 * so long beyond its time, we hang: waiting for a peer ends sooner. */
#define HANG_MS 90000
#define THREADS_MAX 512

struct options {
	char *auth;
	int64_t threads, readers;
	int64_t name_max_bytes, text_max_bytes;
	int64_t post_timeout_ms, lock_timeout_ms;
	int64_t publish_buffer_bytes;
};

#define INT(env, field, def, low, high, text)                                  \
	{                                                                      \
		.name = env, .type = CONF_INT,                                 \
		.offset = offsetof(struct options, field), .value = def,       \
		.min = low, .max = high, .help = text                          \
	}

static const char *check_auth(const char *s)
{
	enum auth_post_who who;

	return auth_post_parse_who(s, &who) == 0
		       ? NULL
		       : "is not one of remote-user, anyone";
}

static const struct conf_option option_table[] = {
	{ .name = "PUSHLOG_AUTH",
	  .type = CONF_STRING,
	  .offset = offsetof(struct options, auth),
	  .value = "remote-user",
	  .check = check_auth,
	  .help = "Users for whom /pusher/auth signs. remote-user: users that "
		  "the web server has authenticated. anyone: all users, under "
		  "a name of their choice." },
	INT("PUSHLOG_THREADS", threads, "64", 1, THREADS_MAX,
	    "Requests that are answered at the same time, besides the posts "
	    "that wait for their commit."),
	INT("PUSHLOG_READERS", readers, "4", 1, 64,
	    "Connections to PostgreSQL for reading. Each app with a history "
	    "has one more, for storing."),
	INT("PUSHLOG_NAME_MAX_BYTES", name_max_bytes, "200", 1, 65536,
	    "Maximum length of the name of a poster, in bytes before "
	    "escaping."),
	INT("PUSHLOG_TEXT_MAX_BYTES", text_max_bytes, "8192", 1, 1048576,
	    "Maximum length of the text of a message, in bytes before "
	    "escaping."),
	INT("PUSHLOG_POST_TIMEOUT_MS", post_timeout_ms, "5000", 100, 60000,
	    "Milliseconds that a post may wait for its commit. After that "
	    "it is answered with 503."),
	INT("PUSHLOG_LOCK_TIMEOUT_MS", lock_timeout_ms, "1000", 10, 60000,
	    "Milliseconds that a commit may wait for a channel that another "
	    "transaction has locked."),
	INT("PUSHLOG_PUBLISH_BUFFER_BYTES", publish_buffer_bytes, "4194304",
	    65536, 1073741824,
	    "Maximum size of the events that wait for Redis, in bytes. "
	    "Further events are dropped; the relays read those of "
	    "channels with a history from PostgreSQL."),
};

/* What the request threads share, and main. */
struct server {
	struct route_context routes;
	struct successor successor;
	int64_t round_max_ms;   /* of a committer */
	bool has_quick_threads; /* not all can be held by slow readers */
	struct acceptor *acceptor;
	atomic_uint served; /* requests, which ended in any way, or wait */
	atomic_bool is_giving_up;
};

static void serve_one(struct server *server, struct exchange *exchange)
{
	if (exchange_answer(exchange, &server->routes, &server->is_giving_up))
		acceptor_leave(server->acceptor, exchange);
	atomic_fetch_add(&server->served, 1);
}

static void *serve(void *arg)
{
	struct server *server = arg;
	struct exchange *exchange;

	while ((exchange = acceptor_enter(server->acceptor)) != NULL)
		serve_one(server, exchange);
	return NULL;
}

/* By the committer's thread. To answer one is quicker than to wake another
 * thread for it; what are many would keep the next commit waiting. */
static void on_answered(void *ctx, struct submission *first,
			struct submission *last)
{
	struct server *server = ctx;

	if (first == last && exchange_of(first)->deferred.is_brief)
		serve_one(server, exchange_of(first));
	else
		acceptor_call(server->acceptor, first, last);
}

static void check_listening(void)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address), size = sizeof(int);
	int is_listening = 0, flags;

	if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &is_listening,
		       &size) == -1 ||
	    !is_listening ||
	    getsockname(LISTEN_FD, (struct sockaddr *)&address, &len) == -1 ||
	    address.sun_family != AF_UNIX)
		fatalx("standard input is not a listening Unix socket: start "
		       "it by 'spawn-fcgi -s /path/of/socket -n -- /path/of/"
		       "messages-fcgi' or by systemd with "
		       "StandardInput=socket");
	flags = fcntl(LISTEN_FD, F_GETFL);
	/* it listens already: this sets the length of its queue */
	if (flags == -1 ||
	    fcntl(LISTEN_FD, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    listen(LISTEN_FD, BACKLOG) == -1)
		fatal("cannot set up the listening socket");
}

/* Threads that are started after this inherit it. */
static void block_signals(sigset_t *waited_for)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(waited_for);
	sigaddset(waited_for, SIGTERM);
	sigaddset(waited_for, SIGINT);
	sigaddset(waited_for, SIGHUP);
	sigaddset(waited_for, SIGCHLD); /* of a successor's trial */
	sigaddset(waited_for, SIGUSR1); /* multiwatch's and Apache's TERM */
	signal(SIGCHLD, SIG_DFL);
	if ((errno = pthread_sigmask(SIG_BLOCK, waited_for, NULL)) != 0)
		fatal("cannot block signals");
}

static pthread_t *start_threads(struct server *server, int64_t count)
{
	pthread_t *threads = xcalloc((size_t)count, sizeof(*threads));
	int64_t i;

	for (i = 0; i < count; i++)
		if ((errno = pthread_create(&threads[i], NULL, serve,
					    server)) != 0)
			fatal("cannot start request threads");
	return threads;
}

/* Whether the thread has ended within a second. */
static bool join(pthread_t thread)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/* Returns when the requests that were being answered are. The watchdog is told
 * that this takes its time, but not for ever. */
static void stop_threads(struct server *server, pthread_t *threads,
			 int64_t count)
{
	int64_t started_ms = clock_ms();
	int64_t i;

	acceptor_close(server->acceptor);
	for (i = 0; i < count; i++)
		while (!join(threads[i])) {
			int64_t taken_ms = clock_ms() - started_ms;

			if (taken_ms < STOP_MS + LATE_MS)
				notify_alive();
			if (taken_ms >= STOP_MS &&
			    !atomic_exchange(&server->is_giving_up, true))
				log_warn("breaking off answers that are still "
					 "written");
		}
	free(threads);
}

/* Whether requests get on: a thread waits for them, or one did since the last
 * look that found so, *moved_ms; and the committer is within its time. That
 * PostgreSQL is unavailable changes neither. */
static bool is_alive(struct server *server, unsigned *served, int64_t *moved_ms)
{
	unsigned now_served = atomic_load(&server->served);
	int64_t now_ms = clock_ms();

	if (acceptor_is_attended(server->acceptor) || now_served != *served ||
	    !server->has_quick_threads)
		*moved_ms = now_ms;
	*served = now_served;
	return now_ms - *moved_ms < HANG_MS &&
	       committer_round_ms() < server->round_max_ms;
}

/* A signal; 0 when it is time to tell the watchdog, or no time to wait. */
static int wait_signal(const sigset_t *waited_for)
{
	int64_t wait_ms = notify_watchdog_ms() / 2;
	const struct timespec timeout = { wait_ms / 1000,
					  wait_ms % 1000 * 1000000 };
	int got = wait_ms > 0 ? sigtimedwait(waited_for, NULL, &timeout)
			      : sigwaitinfo(waited_for, NULL);

	return got == -1 ? 0 : got;
}

/* Whether the successor is to take our place now. */
static bool is_succeeded(struct successor *successor)
{
	enum successor_verdict verdict = successor_judge(successor);

	if (verdict == SUCCESSOR_UNFIT) {
		log_error("not reloaded: everything goes on as before");
		notify_ready();
	}
	return verdict == SUCCESSOR_FIT;
}

/* Returns when it is time to stop: true if a successor takes our place. */
static bool supervise(struct server *server, const sigset_t *waited_for)
{
	int64_t moved_ms = clock_ms();
	unsigned served = 0;

	for (;;) {
		int got;

		if (is_alive(server, &served, &moved_ms))
			notify_alive();
		got = wait_signal(waited_for);
		if (got == SIGHUP) {
			log_info("reloading: trying '%s'",
				 server->successor.argv[0]);
			notify_reloading();
			successor_try(&server->successor);
		} else if (got != 0 && got != SIGCHLD) {
			log_info("stopping on signal %d", got);
			notify_stopping();
			return false;
		}
		if (is_succeeded(&server->successor))
			return true;
	}
}

static bool run(struct server *server, int64_t count,
		const sigset_t *waited_for)
{
	pthread_t *threads;
	bool has_successor;

	threads = start_threads(server, count);
	log_info("%s %s is ready: %lld threads", PROGRAM, PUSHLOG_VERSION,
		 (long long)count);
	notify_status("%lld threads serve", (long long)count);
	notify_ready();
	has_successor = supervise(server, waited_for);
	metric_set(&stats()->is_stopping, 1);
	successor_abandon(&server->successor);
	/* of a reload the watchdog sees the end only */
	notify_alive();
	stop_threads(server, threads, count);
	notify_alive();
	return has_successor;
}

/* An app without a history needs none, and no connection for it; but one there
 * must be, which sees whether there is PostgreSQL: the first app's. */
static struct committer **
start_committers(const struct apps *apps, struct store_server *database,
		 struct publisher *publisher, struct tail_cache *tails,
		 const struct options *options, struct server *server)
{
	struct committer **committers =
		xcalloc(apps->count, sizeof(struct committer *));
	struct committer_options committing = {
		.post_timeout_ms = options->post_timeout_ms,
		.lock_timeout_ms = options->lock_timeout_ms,
		.on_answered = on_answered,
		.ctx = server,
	};
	size_t i;

	for (i = 0; i < apps->count; i++) {
		committing.app = apps->all[i].id;
		committing.number = i;
		if (i == 0 || app_has_history(&apps->all[i]))
			committers[i] = committer_new(database, publisher,
						      tails, &committing);
	}
	return committers;
}

static void stop_committers(struct committer **committers, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (committers[i] != NULL)
			committer_free(committers[i]);
	free(committers);
}

/* The largest body that any app may send. */
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

static struct route_context make_routes(const struct options *options,
					const struct apps *apps,
					const struct history *history)
{
	const struct app *page = &apps->all[0];
	struct route_context routes = {
		.messages_post.limits = {
			.channels = page->channels,
			.name_max_bytes = (size_t)options->name_max_bytes,
			.text_max_bytes = (size_t)options->text_max_bytes,
		},
		.messages_get = { page, history },
		.events_post.apps = apps,
		.events_get = { apps, history },
		.channels_get.apps = apps,
		.auth_post.app = page,
		.app_key = page->key,
		.allowed_origins = page->allowed_origins,
		.api_max_bytes = api_max_bytes(apps),
	};

	routes.form_max_bytes =
		message_body_max_bytes(&routes.messages_post.limits);
	if (auth_post_parse_who(options->auth, &routes.auth_post.who) == -1)
		fatalx("PUSHLOG_AUTH is '%s'", options->auth);
	return routes;
}

/* True if a successor takes our place. */
static bool serve_with(const struct settings *settings,
		       const struct options *options, const struct apps *apps,
		       struct store_server *database, char **argv,
		       const sigset_t *waited_for)
{
	/* a quarter of the threads is left to those who are quick */
	const int64_t streams_max = (options->threads * 3 + 3) / 4;
	sem_t streams;
	struct history history = { .streams = &streams };
	struct server server = {
		.routes = make_routes(options, apps, &history),
		.successor.argv = argv,
		.round_max_ms = options->lock_timeout_ms + HANG_MS,
		.has_quick_threads = streams_max < options->threads,
		.acceptor = acceptor_new(LISTEN_FD),
	};
	struct route_context *routes = &server.routes;
	struct ops_thread *ops = ops_thread_new(settings->ops_listen);
	struct publisher *publisher;
	struct committer **committers;
	struct roster_reader *roster = roster_reader_new(settings);
	struct webhook_senders *senders;
	bool has_successor;

	metric_set(&stats()->threads, options->threads);
	publisher =
		publisher_new(settings, (size_t)options->publish_buffer_bytes);
	history.readers = reader_pool_new(database, (size_t)options->readers);
	history.heads = head_reader_new(history.readers);
	history.tails = tail_cache_new();
	committers = start_committers(apps, database, publisher, history.tails,
				      options, &server);
	routes->messages_post.committer = committers[0];
	routes->events_post.committers = committers;
	routes->events_post.publisher = publisher;
	routes->events_post.roster = roster;
	routes->channels_get.roster = roster;
	senders = webhook_senders_new(settings, apps);
	if (sem_init(&streams, 0, (unsigned)streams_max) == -1)
		fatal("cannot make a semaphore");

	has_successor = run(&server, options->threads, waited_for);

	/* what was posted is committed, what was committed is published */
	sem_destroy(&streams);
	stop_committers(committers, apps->count);
	acceptor_free(server.acceptor);
	tail_cache_free(history.tails);
	head_reader_free(history.heads);
	reader_pool_free(history.readers);
	publisher_free(publisher);
	roster_reader_free(roster);
	notify_alive();
	webhook_senders_free(senders);
	ops_thread_free(ops);
	return has_successor;
}

int main(int argc, char **argv)
{
	struct settings settings;
	struct options options;
	const struct conf_group groups[] = {
		settings_group(&settings),
		{ option_table, sizeof(option_table) / sizeof(option_table[0]),
		  &options },
	};
	const struct successor successor = { .argv = argv };
	struct apps apps;
	struct buf error = BUF_INIT;
	struct store_server *database;
	bool is_run, has_successor = false;
	sigset_t waited_for;

	is_run = conf_start(argc, argv, PROGRAM, "stores and reads messages",
			    groups, 2);
	settings_start_log(&settings, PROGRAM);
	database = store_server_new(settings.database);
	if (database == NULL)
		fatalx("PUSHLOG_DATABASE is not a libpq conninfo");
	if (apps_load(&apps, &settings.app, &error) == -1)
		fatalx("%.*s", (int)error.len, error.data);
	if (is_run) {
		check_listening();
		block_signals(&waited_for);
		if (FCGX_Init() != 0)
			fatalx("cannot start libfcgi");
		has_successor = serve_with(&settings, &options, &apps, database,
					   argv, &waited_for);
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
	/* who came meanwhile waits in the queue of the socket */
	successor_become(&successor);
	return 1;
}
