/* SPDX-License-Identifier: MIT
 *
 * The PostgreSQL server that all connections share: its conninfo, whether it
 * answers, and when to try again. Any thread may use it.
 */
#ifndef MESSAGES_FCGI_LOG_STORE_SERVER_H
#define MESSAGES_FCGI_LOG_STORE_SERVER_H

#include <stdint.h>

/* The result of a statement, or of the attempt to run it. */
enum store_result {
	STORE_OK = 0,
	/* Nothing was stored: another transaction holds a channel's row, or
	 * the statement took too long. */
	STORE_LOCKED,
	/* Whether it was stored is not known: run it again, with the same
	 * keys. */
	STORE_RETRY,
	/* There is no connection, and none can be made now; see
	 * store_server_retry_at_ms. */
	STORE_DOWN,
	/* Running it again does not help. The error was logged. */
	STORE_BAD,
};

struct store_server;

/* NULL if conninfo is not a libpq conninfo. Freed after the last
 * connection. */
struct store_server *store_server_new(const char *conninfo);
void store_server_free(struct store_server *server);

/* Valid until store_server_free. */
const char *store_server_conninfo(const struct store_server *server);

/* The time (clock_ms) before which no connection attempt is due. */
int64_t store_server_retry_at_ms(struct store_server *server);

/* Note the result of a connection attempt. A change is logged, once. why: one
 * line. */
void store_server_is_up(struct store_server *server);
void store_server_is_down(struct store_server *server, const char *why);

#endif
