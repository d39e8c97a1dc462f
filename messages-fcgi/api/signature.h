/* SPDX-License-Identifier: MIT
 *
 * Checks the signature that an app's server puts in the query. Pure: the caller
 * passes the time.
 */
#ifndef MESSAGES_FCGI_API_SIGNATURE_H
#define MESSAGES_FCGI_API_SIGNATURE_H

#include <stdint.h>

#include "common/config/app.h"
#include "messages-fcgi/http/api_error.h"
#include "messages-fcgi/http/form.h"

/* The maximum difference of the clocks; limits replays. */
#define SIGNATURE_GRACE_S 600

/* Everything is borrowed. */
struct signature_request {
	struct span method, path;
	struct span sent_path; /* with its escapes; absent: not known */
	const struct form *query;
	struct span body;
	int64_t now_s; /* since 1970 */
};

/* Adds the signed text: the method, the path, and every parameter but the
 * signature, with sorted names in lower case and decoded values. */
void signature_add_text(struct buf *buf,
			const struct signature_request *request);

/* 0 if the app has signed the request, with either of its paths, else -1 and
 * the error. */
int signature_check(const struct app *app,
		    const struct signature_request *request,
		    struct api_error *error) MUST_CHECK;

#endif
