/* SPDX-License-Identifier: MIT
 *
 * The PostgreSQL server as all connections to it see it: where it is, whether
 * it answers, and when it is worth trying again. Safe to use from any thread.
 */
#ifndef MESSAGES_FCGI_LOG_STORE_SERVER_H
#define MESSAGES_FCGI_LOG_STORE_SERVER_H

#include <stdint.h>

/* What came of a statement, or of the attempt to run it. */
enum store_result {
	STORE_OK = 0,
	/* Nothing was stored: somebody else holds a channel's row, or the
	 * statement took too long. */
	STORE_LOCKED,
	/* It may have been stored or not: run it again, with the same keys. */
	STORE_RETRY,
	/* There is no connection, and none can be made now; see
	 * store_server_retry_at_ms. */
	STORE_DOWN,
	/* Running it again won't help. It was logged. */
	STORE_BAD,
};

struct store_server;

/* NULL if conninfo is not a libpq conninfo. The caller frees it after the
 * last connection. */
struct store_server *store_server_new(const char *conninfo);
void store_server_free(struct store_server *server);

/* As long as server lives. */
const char *store_server_conninfo(const struct store_server *server);

/* No attempt to connect is worth making before; clock_ms. */
int64_t store_server_retry_at_ms(struct store_server *server);

/* What came of an attempt. A change is logged, once. why: one line. */
void store_server_is_up(struct store_server *server);
void store_server_is_down(struct store_server *server, const char *why);

#endif
