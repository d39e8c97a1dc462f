/* SPDX-License-Identifier: MIT
 *
 * Answers with the log of one channel, for GET /messages and
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

/* Borrowed. */
struct history {
	struct reader_pool *readers;
	struct head_reader *heads;
	struct tail_cache *tails;
	/* Counts the answers that may be written at their clients' pace. Fewer
	 * than threads, so that slow readers cannot block posts. */
	sem_t *streams;
};

/* The caller has checked that the client may read the channel, and that it is
 * durable. */
struct history_ask {
	const char *app;
	struct span channel;
	struct range_query query;
	bool is_private; /* no cache may keep the answer */
};

void history_answer(const struct history *self, const struct history_ask *ask,
		    const struct request *request, struct response *response);

#endif
