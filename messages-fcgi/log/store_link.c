/* SPDX-License-Identifier: MIT
 *
 * libpq without its blocking calls, and the meaning of its errors. Knows no
 * statement.
 *
 * One wait has no deadline: PQconnectStart looks up a host name with the
 * system's resolver, which has timeouts of its own. An address or a socket path
 * in the conninfo avoids it.
 */
#include "messages-fcgi/log/store_link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "messages-fcgi/leader.h"

/* From the first packet to the last prepared statement. */
#define CONNECT_TIMEOUT_MS 2000
#define REASON_MAX 256

struct store_link {
	struct store_server *server;
	const struct store_statement *statements;
	size_t count;
	char *settings;
	PGconn *conn; /* NULL: not open */
	unsigned long life;
	char complaint[6]; /* SQLSTATE of the last STORE_BAD, logged once */
};

static void on_notice(void *arg, const char *message)
{
	(void)arg;
	log_debug("postgresql notice: %s", message);
}

/* The first line of a libpq message. */
static void first_line(char reason[REASON_MAX], const char *message)
{
	size_t len = strcspn(message, "\n");

	if (len >= REASON_MAX)
		len = REASON_MAX - 1;
	memcpy(reason, message, len);
	reason[len] = '\0';
}

/* Whether the connection became ready in time. */
static bool wait_until(PGconn *conn, short events, int64_t deadline_ms)
{
	struct pollfd pfd = { .fd = PQsocket(conn), .events = events };

	leader_assert_not_leading();
	for (;;) {
		int64_t left = deadline_ms - clock_ms();
		int n = poll(&pfd, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

static bool flush_until(PGconn *conn, int64_t deadline_ms)
{
	int left;

	/* the server may read only after its output has been read */
	while ((left = PQflush(conn)) == 1)
		if (!wait_until(conn, POLLIN | POLLOUT, deadline_ms) ||
		    PQconsumeInput(conn) == 0)
			return false;
	return left == 0;
}

static bool arrived_until(PGconn *conn, int64_t deadline_ms)
{
	while (PQisBusy(conn))
		if (!wait_until(conn, POLLIN, deadline_ms) ||
		    PQconsumeInput(conn) == 0)
			return false;
	return true;
}

/* The result of the statements sent: the first error, or else the last result.
 * NULL if the connection ended or the deadline passed before that. */
static PGresult *collect(PGconn *conn, int64_t deadline_ms)
{
	PGresult *result = NULL, *next;

	if (!flush_until(conn, deadline_ms))
		return NULL;
	for (;;) {
		if (!arrived_until(conn, deadline_ms)) {
			PQclear(result);
			return NULL;
		}
		next = PQgetResult(conn);
		if (next == NULL)
			break;
		if (result != NULL &&
		    PQresultStatus(result) == PGRES_FATAL_ERROR) {
			PQclear(next);
			continue;
		}
		PQclear(result);
		result = next;
	}
	if (PQstatus(conn) == CONNECTION_BAD) {
		PQclear(result);
		return NULL;
	}
	return result;
}

static bool is_good(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_TUPLES_OK ||
	       PQresultStatus(result) == PGRES_COMMAND_OK;
}

static bool is_class(const char *state, const char *class)
{
	return strncmp(state, class, 2) == 0;
}

/* Maps an SQLSTATE (PostgreSQL's manual, appendix A). *is_over: the connection
 * is of no more use. */
static enum store_result classify(const char *state, bool *is_over)
{
	*is_over = false;
	if (strcmp(state, "55P03") == 0 || strcmp(state, "57014") == 0)
		return STORE_LOCKED; /* lock_timeout, statement_timeout */
	if (is_class(state, "40"))
		return STORE_RETRY; /* deadlock, serialization */
	/* connection exceptions; the server stops; it is a standby now;
	 * the schema changed under a plan; a pooler lost the statements */
	*is_over = is_class(state, "08") || is_class(state, "57") ||
		   strcmp(state, "25006") == 0 || strcmp(state, "0A000") == 0 ||
		   strcmp(state, "26000") == 0;
	return *is_over ? STORE_RETRY : STORE_BAD;
}

/* Logs an error that lasts, once until it changes. Only the primary message:
 * details contain posted text. */
static void complain(struct store_link *link, const char *state,
		     const PGresult *result)
{
	const char *message =
		PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (strcmp(link->complaint, state) == 0)
		return;
	strncpy(link->complaint, state, sizeof(link->complaint) - 1);
	log_error("postgresql refuses a statement, SQLSTATE %s: %s", state,
		  message != NULL ? message : "no message");
}

/* The next store_link_open makes a new connection. */
static void disconnect_link(struct store_link *link)
{
	PQfinish(link->conn);
	link->conn = NULL;
}

/* Takes ownership of the result; see store_link_run. */
static enum store_result judge_result(struct store_link *link, PGresult *result,
				      PGresult **good)
{
	enum store_result verdict;
	const char *state;
	bool is_over = true;

	if (result != NULL && is_good(result)) {
		link->complaint[0] = '\0';
		*good = result;
		return STORE_OK;
	}
	if (result == NULL) {
		disconnect_link(link);
		return STORE_RETRY;
	}
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	verdict = classify(state != NULL ? state : "08000", &is_over);
	if (verdict == STORE_BAD)
		complain(link, state, result);
	PQclear(result);
	if (is_over)
		disconnect_link(link);
	return verdict;
}

/* Completes the handshake; -1 and the reason if it fails. */
static int shake_hands(PGconn *conn, int64_t deadline_ms,
		       char reason[REASON_MAX])
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	if (PQstatus(conn) == CONNECTION_BAD)
		next = PGRES_POLLING_FAILED;
	while (next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
		short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;

		if (!wait_until(conn, events, deadline_ms)) {
			first_line(reason, "no answer in time");
			return -1;
		}
		next = PQconnectPoll(conn);
	}
	if (next == PGRES_POLLING_OK && PQsetnonblocking(conn, 1) == 0)
		return 0;
	first_line(reason, PQerrorMessage(conn));
	return -1;
}

/* Whether the statement just sent to a new connection succeeds; if not, sets
 * the reason. */
static bool succeeds(PGconn *conn, int sent, int64_t deadline_ms,
		     char reason[REASON_MAX])
{
	PGresult *result = sent == 1 ? collect(conn, deadline_ms) : NULL;
	bool ok = result != NULL && is_good(result);

	if (!ok)
		first_line(reason, result != NULL ? PQresultErrorMessage(result)
						  : PQerrorMessage(conn));
	PQclear(result);
	return ok;
}

static bool is_utf8(PGconn *conn)
{
	const char *encoding = PQparameterStatus(conn, "server_encoding");

	return encoding != NULL && strcmp(encoding, "UTF8") == 0;
}

static int prepare(struct store_link *link, PGconn *conn, int64_t deadline_ms,
		   char reason[REASON_MAX])
{
	size_t i;

	if (!is_utf8(conn)) {
		first_line(reason, "the database's encoding is not UTF8");
		return -1;
	}
	if (!succeeds(conn, PQsendQuery(conn, link->settings), deadline_ms,
		      reason))
		return -1;
	for (i = 0; i < link->count; i++)
		if (!succeeds(conn,
			      PQsendPrepare(conn, link->statements[i].name,
					    link->statements[i].sql, 0, NULL),
			      deadline_ms, reason))
			return -1;
	return 0;
}

/* The conninfo may override the keywords before it. There is no
 * connect_timeout: PQconnectPoll leaves timeouts to its caller. */
static PGconn *start_connecting(const char *conninfo)
{
	static const char *const keywords[] = {
		"application_name", "gssencmode",
		"keepalives_idle",  "keepalives_interval",
		"keepalives_count", "dbname",
		"client_encoding",  NULL
	};
	const char *const values[] = {
		"messages-fcgi", "disable", "30", "10", "3",
		conninfo,        "UTF8",    NULL
	};

	return PQconnectStartParams(keywords, values, 1);
}

static enum store_result connect_link(struct store_link *link)
{
	int64_t deadline_ms = clock_ms() + CONNECT_TIMEOUT_MS;
	char reason[REASON_MAX] = "";
	PGconn *conn;

	if (clock_ms() < store_server_retry_at_ms(link->server))
		return STORE_DOWN;
	conn = start_connecting(store_server_conninfo(link->server));
	if (conn == NULL)
		fatalx("out of memory connecting to postgresql");
	PQsetNoticeProcessor(conn, on_notice, NULL);
	if (shake_hands(conn, deadline_ms, reason) == 0 &&
	    prepare(link, conn, deadline_ms, reason) == 0) {
		link->conn = conn;
		link->life++;
		store_server_is_up(link->server);
		return STORE_OK;
	}
	PQfinish(conn);
	store_server_is_down(link->server,
			     reason[0] != '\0' ? reason : "no answer in time");
	return STORE_DOWN;
}

struct store_link *store_link_new(struct store_server *server,
				  const struct store_statement *statements,
				  size_t count, const char *settings)
{
	struct store_link *link = xcalloc(1, sizeof(*link));

	link->server = server;
	link->statements = statements;
	link->count = count;
	link->settings = xstrdup(settings);
	return link;
}

void store_link_free(struct store_link *link)
{
	disconnect_link(link);
	free(link->settings);
	free(link);
}

enum store_result store_link_open(struct store_link *link)
{
	/* on an idle connection the server sends nothing but its end */
	if (link->conn != NULL && wait_until(link->conn, POLLIN, 0))
		disconnect_link(link);
	return link->conn != NULL ? STORE_OK : connect_link(link);
}

unsigned long store_link_life(const struct store_link *link)
{
	return link->life;
}

enum store_result store_link_run(struct store_link *link, const char *name,
				 const struct store_params *params,
				 int64_t deadline_ms, PGresult **result)
{
	PGresult *got = NULL;

	if (PQsendQueryPrepared(link->conn, name, params->count, params->values,
				params->lengths, params->formats, 1) == 1)
		got = collect(link->conn, deadline_ms);
	return judge_result(link, got, result);
}

enum store_result store_link_command(struct store_link *link, const char *sql,
				     int64_t deadline_ms)
{
	PGresult *got = NULL, *good;
	enum store_result verdict;

	if (PQsendQuery(link->conn, sql) == 1)
		got = collect(link->conn, deadline_ms);
	verdict = judge_result(link, got, &good);
	if (verdict == STORE_OK)
		PQclear(good);
	return verdict;
}
