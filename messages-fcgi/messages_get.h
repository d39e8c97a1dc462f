/* SPDX-License-Identifier: MIT
 *
 * GET /messages: see API.md.
 */
#ifndef MESSAGES_FCGI_MESSAGES_GET_H
#define MESSAGES_FCGI_MESSAGES_GET_H

#include "messages-fcgi/readers.h"
#include "messages-fcgi/request.h"
#include "messages-fcgi/response.h"

/* What it works with; borrowed. */
struct messages_get {
	struct readers *readers;
	const char *channels; /* for channel_name_is_durable */
};

void messages_get(const struct messages_get *self,
		  const struct request *request, struct response *response);

#endif
