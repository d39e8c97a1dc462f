/* SPDX-License-Identifier: MIT
 *
 * Starts, watches and stops the request threads. Knows no request from the
 * inside.
 *
 * libfcgi stops by ending one thread of many. Therefore request threads block
 * all signals, and closing the acceptor ends them.
 */
#include "messages-fcgi/server/request_threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/daemon/notify.h"
#include "messages-fcgi/log/store.h"
#include "messages-fcgi/server/acceptor.h"
#include "messages-fcgi/stats.h"

/* Time for responses to end by themselves when the program stops. A reader may
 * be slow without limit; posts are answered within this time. */
#define STOP_MS 5000
/* After that, a request may still wait for a PostgreSQL that does not answer:
 * for a connection, and for a result. */
#define LATE_MS (2 * STORE_READ_TIMEOUT_MS)
/* Without progress for this long the threads hang: each wait for a peer ends
 * sooner. */
#define HANG_MS 90000

struct request_threads {
	const struct call_context *context;
	struct acceptor *acceptor;
	pthread_t *all;
	int64_t count;
	/* exchanges that ended or were deferred */
	atomic_uint served;
	atomic_bool is_giving_up;

	/* for request_threads_are_alive */
	unsigned last_served;
	int64_t moved_ms;
	bool has_quick_threads; /* slow readers cannot hold all threads */
};

unsigned request_threads_streams_max(int64_t count)
{
	return (unsigned)((count * 3 + 3) / 4);
}

struct request_threads *request_threads_new(int listen_fd,
					    const struct call_context *context,
					    int64_t count)
{
	struct request_threads *threads = xcalloc(1, sizeof(*threads));

	threads->context = context;
	threads->acceptor = acceptor_new(listen_fd);
	threads->count = count;
	threads->has_quick_threads = request_threads_streams_max(count) < count;
	return threads;
}

void request_threads_free(struct request_threads *threads)
{
	acceptor_free(threads->acceptor);
	free(threads->all);
	free(threads);
}

static void serve_one(struct request_threads *threads,
		      struct exchange *exchange)
{
	if (exchange_answer(exchange, threads->context, &threads->is_giving_up))
		acceptor_leave(threads->acceptor, exchange);
	atomic_fetch_add(&threads->served, 1);
}

static void *serve(void *arg)
{
	struct request_threads *threads = arg;
	struct exchange *exchange;

	while ((exchange = acceptor_enter(threads->acceptor)) != NULL)
		serve_one(threads, exchange);
	return NULL;
}

void request_threads_start(struct request_threads *threads)
{
	int64_t i;

	threads->moved_ms = clock_ms();
	threads->all = xcalloc((size_t)threads->count, sizeof(*threads->all));
	for (i = 0; i < threads->count; i++)
		if ((errno = pthread_create(&threads->all[i], NULL, serve,
					    threads)) != 0)
			fatal("cannot start request threads");
}

/* Whether the thread has ended within a second. */
static bool join_thread(pthread_t thread)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

void request_threads_stop(struct request_threads *threads)
{
	int64_t started_ms = clock_ms();
	int64_t i;

	acceptor_close(threads->acceptor);
	for (i = 0; i < threads->count; i++)
		while (!join_thread(threads->all[i])) {
			int64_t taken_ms = clock_ms() - started_ms;

			if (taken_ms < STOP_MS + LATE_MS)
				notify_alive();
			if (taken_ms >= STOP_MS &&
			    !atomic_exchange(&threads->is_giving_up, true))
				log_warn("breaking off answers that are still "
					 "written");
		}
}

/* Runs in the committer's thread, and delays its next commit. To write one
 * brief answer is quicker than to wake a thread for it. */
void request_threads_resume(void *ctx, struct submission *first,
			    struct submission *last)
{
	struct request_threads *threads = ctx;

	if (first == last && exchange_of(first)->deferred.is_brief)
		serve_one(threads, exchange_of(first));
	else
		acceptor_call(threads->acceptor, first, last);
}

bool request_threads_are_alive(struct request_threads *threads)
{
	unsigned served = atomic_load(&threads->served);
	int64_t now_ms = clock_ms();

	if (acceptor_is_attended(threads->acceptor) ||
	    served != threads->last_served || !threads->has_quick_threads)
		threads->moved_ms = now_ms;
	threads->last_served = served;
	return now_ms - threads->moved_ms < HANG_MS;
}
