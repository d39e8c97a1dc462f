/* SPDX-License-Identifier: MIT
 *
 * The events of one app that wait for one URL: a stream in Redis, to which the
 * relays add, and of which every URL has a consumer group.
 *
 * Of all processes one has the turn, under a lease, so that a URL is told in
 * the order in which things happened. What it took and did not finish is the
 * first thing that the next one takes. What all URLs have finished is deleted.
 */
#ifndef MESSAGES_FCGI_WEBHOOKS_WEBHOOK_STREAM_H
#define MESSAGES_FCGI_WEBHOOKS_WEBHOOK_STREAM_H

#include "messages-fcgi/webhooks/webhook_body.h"

struct settings;
struct webhook_stream;

/* Events in one POST. */
#define WEBHOOK_BATCH_MAX 100
/* An event that is older and was tried is given up. A URL that is new gets what
 * is not, as far as it is still there. */
#define WEBHOOK_RETRY_MS 300000

struct webhook_batch {
	struct webhook_event events[WEBHOOK_BATCH_MAX]; /* oldest first */
	size_t count;
	int64_t now_ms;  /* by the clock that event times are of */
	int64_t waiting; /* events, those in the batch too; as far as known */
};

enum webhook_turn {
	WEBHOOK_OURS = 0,
	WEBHOOK_OTHERS, /* another process has the turn */
	WEBHOOK_AWAY,   /* Redis is */
};

/* Connects when it is first read. settings must outlive it. */
struct webhook_stream *webhook_stream_new(const struct settings *settings,
					  const struct app *app,
					  const char *url);

/* Gives up the turn. */
void webhook_stream_free(struct webhook_stream *stream);

/* Takes the turn or keeps it, and then fills the batch with what was not
 * finished yet, or with what is new, for which it waits up to a second. Events
 * are good until the next call. */
enum webhook_turn webhook_stream_read(struct webhook_stream *stream,
				      struct webhook_batch *batch) MUST_CHECK;

/* The first count of the events that were read are never read again. If that
 * does not get through, they are. */
void webhook_stream_finish(struct webhook_stream *stream, size_t count);

#endif
