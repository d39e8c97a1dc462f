/* SPDX-License-Identifier: MIT
 *
 * The committers of all apps.
 */
#ifndef MESSAGES_FCGI_LOG_COMMITTERS_H
#define MESSAGES_FCGI_LOG_COMMITTERS_H

#include "common/config/app.h"
#include "messages-fcgi/log/committer.h"

/* An array with an entry for each app: a committer for an app with a history,
 * else NULL. The first app always has one, because that finds out whether
 * PostgreSQL is available. Fills app and number of the options; the others are
 * as in committer_new. */
struct committer **committers_new(const struct apps *apps,
				  struct store_server *database,
				  struct publisher *publisher,
				  struct tail_cache *tails,
				  struct committer_options options);

/* Frees the array and its committers, as committer_free does. */
void committers_free(struct committer **committers, size_t count);

#endif
