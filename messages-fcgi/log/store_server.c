/* SPDX-License-Identifier: MIT
 *
 * The state of the server, which one connection finds out for the others. Owns
 * no connection.
 */
#include "messages-fcgi/log/store_server.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "messages-fcgi/stats.h"

struct store_server {
	char *conninfo;
	pthread_mutex_t lock; /* of all below */
	enum {
		SERVER_UNKNOWN = 0,
		SERVER_UP,
		SERVER_DOWN
	} state;
	struct backoff backoff;
	int64_t retry_at_ms;
};

struct store_server *store_server_new(const char *conninfo)
{
	PQconninfoOption *parsed = PQconninfoParse(conninfo, NULL);
	struct store_server *server;

	if (parsed == NULL)
		return NULL;
	PQconninfoFree(parsed);
	server = xcalloc(1, sizeof(*server));
	server->conninfo = xstrdup(conninfo);
	pthread_mutex_init(&server->lock, NULL);
	return server;
}

void store_server_free(struct store_server *server)
{
	pthread_mutex_destroy(&server->lock);
	free(server->conninfo);
	free(server);
}

const char *store_server_conninfo(const struct store_server *server)
{
	return server->conninfo;
}

int64_t store_server_retry_at_ms(struct store_server *server)
{
	int64_t retry_at_ms;

	pthread_mutex_lock(&server->lock);
	retry_at_ms = server->retry_at_ms;
	pthread_mutex_unlock(&server->lock);
	return retry_at_ms;
}

void store_server_is_up(struct store_server *server)
{
	pthread_mutex_lock(&server->lock);
	if (server->state != SERVER_UP)
		log_info("postgresql answers");
	server->state = SERVER_UP;
	metric_set(&stats()->postgres_up, 1);
	server->retry_at_ms = 0;
	backoff_reset(&server->backoff);
	pthread_mutex_unlock(&server->lock);
}

void store_server_is_down(struct store_server *server, const char *why)
{
	pthread_mutex_lock(&server->lock);
	if (server->state != SERVER_DOWN)
		log_error("postgresql is unavailable, answering 503: %s", why);
	server->state = SERVER_DOWN;
	metric_set(&stats()->postgres_up, 0);
	server->retry_at_ms = clock_ms() + backoff_next_ms(&server->backoff,
							   crypto_random_u32());
	pthread_mutex_unlock(&server->lock);
}
