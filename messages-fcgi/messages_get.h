/* SPDX-License-Identifier: MIT
 *
 * GET /messages: see API.md.
 */
#ifndef MESSAGES_FCGI_MESSAGES_GET_H
#define MESSAGES_FCGI_MESSAGES_GET_H

#include <semaphore.h>

#include "messages-fcgi/readers.h"
#include "messages-fcgi/request.h"
#include "messages-fcgi/response.h"

/* What it works with; borrowed. */
struct messages_get {
	struct readers *readers;
	/* As many answers as may be written at their clients' pace. Below the
	 * number of threads, or slow readers could keep posts from coming in.
	 */
	sem_t *streams;
	const char *channels; /* for channel_name_is_durable */
};

void messages_get(const struct messages_get *self,
		  const struct request *request, struct response *response);

#endif
