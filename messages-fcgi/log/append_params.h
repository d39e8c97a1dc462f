/* SPDX-License-Identifier: MIT
 *
 * The parameters of pushlog.append and pushlog.append_fresh in PostgreSQL's
 * binary format: an array of texts needs no quoting then, and a number no
 * digits. Knows no connection. Pure.
 */
#ifndef MESSAGES_FCGI_LOG_APPEND_PARAMS_H
#define MESSAGES_FCGI_LOG_APPEND_PARAMS_H

#include "common/base/buf.h"
#include "messages-fcgi/log/entry.h"

/* app, channels, events, names, texts, data, keys, excluded sockets */
#define APPEND_PARAMS 8

/* As libpq takes them. A column that no entry uses is one null. */
struct append_params {
	const char *values[APPEND_PARAMS];
	int lengths[APPEND_PARAMS], formats[APPEND_PARAMS];
};

/* Fills *params for pushlog.append. Replaces the content of buf. The values
 * point into app and buf, which must not change while *params is in use. */
void append_params_encode(struct append_params *params, struct buf *buf,
			  const char *app, struct entry *const *entries,
			  size_t count);

/* Puts one channel in the place of the array of channels, as
 * pushlog.append_fresh takes it. Borrows the name. */
void append_params_set_channel(struct append_params *params,
			       struct span channel);

#endif
