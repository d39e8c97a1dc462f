/* SPDX-License-Identifier: MIT
 *
 * The requests of apps' servers, below /apps/{id}/: finds the app and checks
 * the signature.
 */
#ifndef MESSAGES_FCGI_API_APP_REQUEST_H
#define MESSAGES_FCGI_API_APP_REQUEST_H

#include "messages-fcgi/api/call.h"
#include "messages-fcgi/http/api_error.h"
#include "messages-fcgi/http/form.h"

/* The app with the id that is the first part of the path, if the request is
 * complete and the app has signed it; fills query, which is empty before. Else
 * NULL, and the error. */
const struct app *app_request_check(const struct call *call, struct form *query,
				    struct api_error *error);

#endif
