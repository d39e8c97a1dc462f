/* SPDX-License-Identifier: MIT
 *
 * A request of an app's server: whose it is, and that it is signed.
 */
#ifndef MESSAGES_FCGI_API_APP_REQUEST_H
#define MESSAGES_FCGI_API_APP_REQUEST_H

#include "common/config/app.h"
#include "messages-fcgi/http/api_error.h"
#include "messages-fcgi/http/form.h"
#include "messages-fcgi/http/request.h"

/* The app with this id, if the request is complete and signed by it; then query
 * has what it asks for. NULL and what is wrong if it is not. */
const struct app *app_request_check(const struct apps *apps, struct span app_id,
				    const struct request *request,
				    struct form *query,
				    struct api_error *error);

#endif
