/* SPDX-License-Identifier: MIT
 *
 * One connection to PostgreSQL on which every wait has a deadline of ours: a
 * backend that was stopped runs no timeouts, and a network that was cut tells
 * nobody. Used by one thread at a time.
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

/* What a prepared statement is called with; formats as libpq has them. */
struct store_params {
	int count;
	const char *const *values;
	const int *lengths, *formats;
};

/* Does not connect. statements must outlive the link. settings: SQL that is
 * run on every new connection; copied. server is borrowed. */
struct store_link *store_link_new(struct store_server *server,
				  const struct store_statement *statements,
				  size_t count, const char *settings);
void store_link_free(struct store_link *link);

/* Connects if there is no connection, or if it has died. STORE_OK or
 * STORE_DOWN. */
enum store_result store_link_open(struct store_link *link);

/* How often it connected: what was learnt from the server in another life must
 * be asked again. */
unsigned long store_link_life(const struct store_link *link);

/* Run a prepared statement with binary results, or an SQL text. The link must
 * be open. With STORE_OK, *result is the caller's, who clears it; after
 * STORE_RETRY the link may be closed. */
enum store_result store_link_run(struct store_link *link, const char *name,
				 const struct store_params *params,
				 int64_t deadline_ms, PGresult **result);
enum store_result store_link_command(struct store_link *link, const char *sql,
				     int64_t deadline_ms);

#endif
