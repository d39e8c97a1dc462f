/* SPDX-License-Identifier: MIT
 *
 * The loop of a thread: read, send, retry, give up.
 */
#include "messages-fcgi/webhooks/webhook_sender.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "messages-fcgi/stats.h"
#include "messages-fcgi/webhooks/webhook_body.h"
#include "messages-fcgi/webhooks/webhook_post.h"
#include "messages-fcgi/webhooks/webhook_stream.h"

/* How often the turn is taken or renewed; far below its lease. */
#define LOOK_MS 1000
/* Between two attempts at a server that fails; grows to the maximum. */
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 30000
/* For the answer to a POST that is under way at the stop. */
#define STOP_MS 2000

struct sender {
	const struct app *app;
	const struct webhook *hook;
	int stop_fd;
	pthread_t thread;
	struct webhook_stream *stream;
	struct webhook_post *post;
	struct webhook_batch batch;
	struct buf body, signature;
	struct backoff backoff;
	int64_t retry_at_ms; /* clock_ms; 0: at once */
	int64_t waiting;     /* its part of the metric */
	enum {
		LOGGED_NOTHING = 0,
		LOGGED_SUCCESS,
		LOGGED_FAILURE
	} logged;
};

struct webhook_senders {
	struct sender *all;
	size_t count;
	int stop_fd;
	atomic_bool is_given_up;
};

/* True when the thread is to stop. */
static bool wait_for_stop(const struct sender *sender, int64_t ms)
{
	struct pollfd stop = { .fd = sender->stop_fd, .events = POLLIN };

	return poll(&stop, 1, (int)ms) == 1;
}

static void set_waiting(struct sender *sender, int64_t waiting)
{
	metric_add(&stats()->webhooks_waiting, waiting - sender->waiting);
	sender->waiting = waiting;
}

static void on_success(struct sender *sender, size_t events)
{
	backoff_reset(&sender->backoff);
	sender->retry_at_ms = 0;
	metric_add(&stats()->webhooks_sent, (int64_t)events);
	if (sender->logged != LOGGED_SUCCESS)
		log_info("webhooks of app '%s' reach '%s'", sender->app->id,
			 webhook_post_host(sender->post));
	sender->logged = LOGGED_SUCCESS;
}

static void on_failure(struct sender *sender, const char *why)
{
	sender->retry_at_ms =
		clock_ms() +
		backoff_next_within_ms(&sender->backoff, RETRY_FIRST_MS,
				       RETRY_MAX_MS, crypto_random_u32());
	metric_add(&stats()->webhooks_failed, 1);
	if (sender->logged != LOGGED_FAILURE)
		log_warn("webhooks of app '%s' don't reach '%s', retrying: %s",
			 sender->app->id, webhook_post_host(sender->post), why);
	sender->logged = LOGGED_FAILURE;
}

/* The number of events at the front that are too old for another attempt. */
static size_t count_old(const struct webhook_batch *batch)
{
	size_t old = 0;

	while (old < batch->count &&
	       batch->now_ms - batch->events[old].time_ms >= WEBHOOK_RETRY_MS)
		old++;
	return old;
}

static void send_batch(struct sender *sender)
{
	struct webhook_batch *batch = &sender->batch;
	char why[WEBHOOK_POST_WHY_BYTES];
	size_t finished = batch->count, wanted;

	buf_clear(&sender->body);
	buf_clear(&sender->signature);
	wanted = webhook_body_add(&sender->body, sender->hook, batch->events,
				  batch->count);
	webhook_body_sign(&sender->signature, sender->app,
			  buf_span(&sender->body));
	if (wanted == 0) {
		/* the hook subscribes to none of them */
	} else if (webhook_post_send(sender->post, buf_span(&sender->body),
				     buf_span(&sender->signature), why) == 0) {
		on_success(sender, wanted);
	} else {
		on_failure(sender, why);
		finished = count_old(batch);
		metric_add(&stats()->webhooks_dropped,
			   (int64_t)webhook_body_count(
				   sender->hook, batch->events, finished));
	}
	webhook_stream_finish(sender->stream, finished);
	set_waiting(sender, batch->waiting - (int64_t)finished);
}

/* Reads, sends or waits, as it is due. False when the thread is to stop. */
static bool run_sender_turn(struct sender *sender)
{
	enum webhook_turn turn =
		webhook_stream_read(sender->stream, &sender->batch);
	int64_t early_ms = sender->retry_at_ms - clock_ms();

	if (turn != WEBHOOK_OURS) {
		set_waiting(sender, 0);
		return !wait_for_stop(sender, LOOK_MS);
	}
	set_waiting(sender, sender->batch.waiting);
	if (early_ms > 0)
		return !wait_for_stop(sender,
				      early_ms < LOOK_MS ? early_ms : LOOK_MS);
	if (sender->batch.count > 0)
		send_batch(sender);
	return !wait_for_stop(sender, 0);
}

static void *run_sender(void *arg)
{
	while (run_sender_turn(arg)) {
	}
	return NULL;
}

static void start_sender(struct sender *sender,
			 const struct webhook_senders *senders,
			 const struct settings *settings, const struct app *app,
			 const struct webhook *hook)
{
	sender->app = app;
	sender->hook = hook;
	sender->stop_fd = senders->stop_fd;
	sender->stream = webhook_stream_new(settings, app, hook->url);
	sender->post =
		webhook_post_new(hook->url, app->key, &senders->is_given_up);
	if ((errno = pthread_create(&sender->thread, NULL, run_sender,
				    sender)) != 0)
		fatal("cannot start a thread for webhooks");
}

struct webhook_senders *webhook_senders_new(const struct settings *settings,
					    const struct apps *apps)
{
	struct webhook_senders *senders = xcalloc(1, sizeof(*senders));
	size_t count = 0, i, k;

	for (i = 0; i < apps->count; i++)
		count += apps->all[i].webhooks.count;
	senders->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (senders->stop_fd == -1)
		fatal("cannot make an eventfd");
	senders->all = xcalloc(count, sizeof(*senders->all));
	for (i = 0; i < apps->count; i++) {
		const struct app *app = &apps->all[i];

		for (k = 0; k < app->webhooks.count; k++)
			start_sender(&senders->all[senders->count++], senders,
				     settings, app, &app->webhooks.all[k]);
	}
	return senders;
}

void webhook_senders_free(struct webhook_senders *senders)
{
	const uint64_t one = 1;
	struct timespec until;
	size_t i;

	if (write(senders->stop_fd, &one, sizeof(one)) != sizeof(one))
		fatal("cannot stop a thread");
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_MS / 1000;
	for (i = 0; i < senders->count; i++) {
		struct sender *sender = &senders->all[i];

		if (pthread_timedjoin_np(sender->thread, NULL, &until) != 0) {
			atomic_store(&senders->is_given_up, true);
			pthread_join(sender->thread, NULL);
		}
		webhook_stream_free(sender->stream);
		webhook_post_free(sender->post);
		buf_release(&sender->body);
		buf_release(&sender->signature);
	}
	close(senders->stop_fd);
	free(senders->all);
	free(senders);
}
