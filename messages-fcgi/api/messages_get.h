/* SPDX-License-Identifier: MIT
 *
 * GET /messages: see API.md.
 */
#ifndef MESSAGES_FCGI_API_MESSAGES_GET_H
#define MESSAGES_FCGI_API_MESSAGES_GET_H

#include "common/config/app.h"
#include "messages-fcgi/api/history.h"

/* What it works with; borrowed. */
struct messages_get {
	const struct app *app;
	const struct history *history;
};

void messages_get(const struct messages_get *self,
		  const struct request *request, struct response *response);

#endif
