/* SPDX-License-Identifier: MIT
 *
 * One connection to PostgreSQL, each wait on which has a deadline of its own: a
 * stopped backend runs no timeouts, and a cut network reports nothing. One
 * thread at a time may use it.
 */
#ifndef MESSAGES_FCGI_LOG_STORE_LINK_H
#define MESSAGES_FCGI_LOG_STORE_LINK_H

#include <libpq-fe.h>

#include "messages-fcgi/log/store_server.h"

struct store_link;

/* Prepared on every new connection. */
struct store_statement {
	const char *name;
	const char *sql;
};

/* The arguments of PQsendQueryPrepared. */
struct store_params {
	int count;
	const char *const *values;
	const int *lengths, *formats;
};

/* Does not connect. statements and server are borrowed. settings: SQL to run on
 * every new connection; copied. */
struct store_link *store_link_new(struct store_server *server,
				  const struct store_statement *statements,
				  size_t count, const char *settings);
void store_link_free(struct store_link *link);

/* Connects if there is no connection, or if it has ended. STORE_OK or
 * STORE_DOWN. */
enum store_result store_link_open(struct store_link *link);

/* The number of times that the link has connected. State of the server's
 * session, such as a setting, is lost when it changes. */
unsigned long store_link_life(const struct store_link *link);

/* Run a prepared statement with binary results, or an SQL text, until
 * deadline_ms (clock_ms). The link must be open; STORE_RETRY may close it. With
 * STORE_OK the caller clears *result. */
enum store_result store_link_run(struct store_link *link, const char *name,
				 const struct store_params *params,
				 int64_t deadline_ms, PGresult **result);
enum store_result store_link_command(struct store_link *link, const char *sql,
				     int64_t deadline_ms);

#endif
