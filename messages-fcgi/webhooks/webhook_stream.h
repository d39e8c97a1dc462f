/* SPDX-License-Identifier: MIT
 *
 * The events of an app that wait for one of its URLs. Each app has a stream in
 * Redis, to which the relays add events, and in it a consumer group for each
 * URL. One thread may use a webhook_stream.
 *
 * Several processes may serve a URL. To keep the order of events, only one has
 * the turn, under a lease. Events that it read and did not finish come first
 * for the next process. Events that all URLs have finished are deleted.
 */
#ifndef MESSAGES_FCGI_WEBHOOKS_WEBHOOK_STREAM_H
#define MESSAGES_FCGI_WEBHOOKS_WEBHOOK_STREAM_H

#include "messages-fcgi/webhooks/webhook_body.h"

struct settings;
struct webhook_stream;

/* Events in one POST. */
#define WEBHOOK_BATCH_MAX 100
/* An event that is older than this is dropped when an attempt fails. A new URL
 * gets the events of this time, as far as the stream still has them. */
#define WEBHOOK_RETRY_MS 300000

struct webhook_batch {
	struct webhook_event events[WEBHOOK_BATCH_MAX]; /* oldest first */
	size_t count;
	int64_t now_ms;  /* Redis' clock, as the events' times are */
	int64_t waiting; /* events in the stream, with those of the batch */
};

enum webhook_turn {
	WEBHOOK_OURS = 0,
	WEBHOOK_OTHERS, /* another process has the turn */
	WEBHOOK_DOWN,   /* Redis is unavailable */
};

/* Connects at the first read. settings must outlive it. */
struct webhook_stream *webhook_stream_new(const struct settings *settings,
					  const struct app *app,
					  const char *url);

/* Gives up the turn, if this process has it. */
void webhook_stream_free(struct webhook_stream *stream);

/* Takes the turn or renews it. With WEBHOOK_OURS fills the batch with events
 * that were read and not finished, or else with new ones, for which it waits up
 * to a second; there may be none. They are valid until the next call. */
enum webhook_turn webhook_stream_read(struct webhook_stream *stream,
				      struct webhook_batch *batch) MUST_CHECK;

/* Marks the first count events of the last batch as finished. If Redis does not
 * get that, they are read again. */
void webhook_stream_finish(struct webhook_stream *stream, size_t count);

#endif
