/* SPDX-License-Identifier: MIT
 *
 * Whether a request comes from an app's server: the signature in its query.
 * Pure: the caller brings the time.
 */
#ifndef MESSAGES_FCGI_API_SIGNATURE_H
#define MESSAGES_FCGI_API_SIGNATURE_H

#include <stdint.h>

#include "common/config/app.h"
#include "messages-fcgi/http/api_error.h"
#include "messages-fcgi/http/form.h"

/* A request that is so old, or so far ahead, may be a replayed one. */
#define SIGNATURE_GRACE_S 600

/* Everything is borrowed. */
struct signature_request {
	struct span method, path;
	struct span sent_path; /* with its escapes; absent: not known */
	const struct form *query;
	struct span body;
	int64_t now_s; /* since 1970 */
};

/* Adds what is signed: the method, the path and every parameter but the
 * signature, with names in lower case and sorted, values as they mean. */
void signature_add_text(struct buf *buf,
			const struct signature_request *request);

/* 0 if the app has signed the request, with either of its paths, else -1 and
 * what is wrong. */
int signature_check(const struct app *app,
		    const struct signature_request *request,
		    struct api_error *error) MUST_CHECK;

#endif
