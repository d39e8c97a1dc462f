/* SPDX-License-Identifier: MIT
 *
 * The log of one channel as an answer: what GET /messages has in common with
 * GET /apps/{id}/channels/{channel}/events.
 */
#ifndef MESSAGES_FCGI_API_HISTORY_H
#define MESSAGES_FCGI_API_HISTORY_H

#include <semaphore.h>

#include "messages-fcgi/api/range.h"
#include "messages-fcgi/http/request.h"
#include "messages-fcgi/http/response.h"
#include "messages-fcgi/log/head_reader.h"
#include "messages-fcgi/log/tail_cache.h"

/* What it works with; borrowed. */
struct history {
	struct reader_pool *readers;
	struct head_reader *heads;
	struct tail_cache *tails;
	/* As many answers as may be written at their clients' pace. Below the
	 * number of threads, or slow readers could keep posts from coming in.
	 */
	sem_t *streams;
};

/* Who asks may read the channel, which is a durable one. */
struct history_ask {
	const char *app;
	struct span channel;
	struct range_query query;
	bool is_private; /* not for caches */
};

void history_answer(const struct history *self, const struct history_ask *ask,
		    const struct request *request, struct response *response);

#endif
