/* SPDX-License-Identifier: MIT
 *
 * libpq, asynchronous. A stopped backend runs no timeouts, so each statement
 * has a deadline here.
 */
#include "relay/backends/log_reader.h"

#include <assert.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/backoff.h"
#include "common/base/buf.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "relay/list.h"
#include "relay/stats.h"

#define CONNECT_MS 3000
#define STATEMENT_MS 3000

/* The epoch stands in each row; there is at least one. */
#define HEADS_SQL                                                              \
	"select (select pushlog.epoch()), u.app, u.name, c.last_id "           \
	"from unnest($1::text[], $2::text[]) as u (app, name) "                \
	"left join pushlog.channel as c "                                      \
	"on c.app = u.app and c.name = u.name"
#define ALL_HEADS_SQL                                                          \
	"select (select pushlog.epoch()), app, name, last_id "                 \
	"from pushlog.channel where app = any ($1::text[])"
#define ROWS_SQL                                                               \
	"select (select pushlog.epoch()), c.last_id, e.id, e.time_ms, "        \
	"e.event, e.name, e.text, e.data, e.exclude "                          \
	"from (select) as one left join pushlog.channel as c "                 \
	"on c.app = $1 and c.name = $2 left join lateral "                     \
	"(select * from pushlog.event as v where v.channel_id = c.id "         \
	"and v.id between $3::bigint and $4::bigint "                          \
	"order by v.id limit $5::int) as e on true order by e.id"

enum request_kind {
	REQUEST_HEADS = 0,
	REQUEST_ALL_HEADS,
	REQUEST_ROWS
};

struct request {
	struct list link; /* of reader->requests; none while it runs */
	enum request_kind kind;
	void *who; /* NULL: cancelled */
	int64_t from_id, to_id;
	/* for rows: app id and name; for heads: array literals of them */
	char *apps, *channels;
};

enum reader_state {
	READER_WAITING = 0, /* for the next attempt */
	READER_CONNECTING,
	READER_IDLE,
	READER_BUSY,   /* runs `current` */
	READER_BROKEN, /* sending failed: disconnects in this turn */
};

struct log_reader {
	struct loop *loop;
	const char *conninfo;
	const struct apps *apps;
	const struct log_reader_ops *ops;
	void *ctx;
	enum reader_state state;
	bool was_reported; /* the outage was logged */
	PGconn *pg;
	struct loop_watch watch;
	struct loop_timer timer; /* next attempt, or the deadline */
	struct backoff backoff;
	struct list requests;
	struct request *current;
};

static void on_retry(struct loop_timer *timer);

/* ---- answers ---- */

static struct span cell(const PGresult *result, int row, int column)
{
	if (PQgetisnull(result, row, column))
		return span_of(NULL, 0);
	return span_of(PQgetvalue(result, row, column),
		       (size_t)PQgetlength(result, row, column));
}

static int64_t number(const PGresult *result, int row, int column, int64_t null)
{
	int64_t n;

	return text_parse_int(cell(result, row, column), &n) == 0 ? n : null;
}

static void answer_heads(struct log_reader *reader,
			 const struct request *request, const PGresult *result)
{
	struct log_heads heads = { .count = 0 };
	struct log_head *list;
	int rows, i;

	if (result == NULL) {
		reader->ops->on_heads(reader->ctx, request->who, NULL);
		return;
	}
	rows = PQntuples(result);
	list = xmalloc((size_t)rows * sizeof(*list));
	for (i = 0; i < rows; i++)
		list[heads.count++] = (struct log_head){
			.channel = { apps_find_id(reader->apps,
						  cell(result, i, 1)),
				     cell(result, i, 2) },
			.last_id = number(result, i, 3, 0),
		};
	heads.heads = list;
	if (rows > 0)
		heads.epoch = cell(result, 0, 0);
	reader->ops->on_heads(reader->ctx, request->who, &heads);
	free(list);
}

static struct event event_of(const PGresult *result, int row,
			     const char *channel)
{
	return (struct event){
		.channel = span_str(channel),
		.id = number(result, row, 2, 0),
		.time_ms = number(result, row, 3, 0),
		.event = cell(result, row, 4),
		.name = cell(result, row, 5),
		.text = cell(result, row, 6),
		.data = cell(result, row, 7),
		.exclude = cell(result, row, 8),
	};
}

static void answer_rows(struct log_reader *reader,
			const struct request *request, const PGresult *result)
{
	struct log_rows rows = { .count = 0 };
	struct event *events;
	int count, i;

	if (result == NULL) {
		reader->ops->on_rows(reader->ctx, request->who, NULL);
		return;
	}
	count = PQntuples(result);
	events = xmalloc((size_t)count * sizeof(*events));
	/* without events the result is one row without an id */
	for (i = 0; i < count && !PQgetisnull(result, i, 2); i++)
		events[rows.count++] = event_of(result, i, request->channels);
	rows.epoch = cell(result, 0, 0);
	rows.from_id = request->from_id;
	rows.last_id = number(result, 0, 1, 0);
	rows.events = events;
	reader->ops->on_rows(reader->ctx, request->who, &rows);
	free(events);
}

static void free_request(struct request *request)
{
	list_remove(&request->link);
	free(request->apps);
	free(request->channels);
	free(request);
}

/* result is NULL if the statement failed. */
static void answer_request(struct log_reader *reader, struct request *request,
			   const PGresult *result)
{
	if (request->who != NULL && request->kind == REQUEST_ROWS)
		answer_rows(reader, request, result);
	else if (request->who != NULL)
		answer_heads(reader, request, result);
	free_request(request);
}

/* ---- the connection ---- */

/* Back to waiting. Fails all requests after setting the state, so that a new
 * request from a callback is refused. */
static void disconnect_reader(struct log_reader *reader, const char *why)
{
	struct request *current = reader->current;
	struct list *link;

	if (!reader->was_reported)
		log_warn("postgresql is unavailable: %.*s",
			 (int)strcspn(why, "\n"), why);
	reader->was_reported = true;
	loop_remove(reader->loop, &reader->watch);
	PQfinish(reader->pg);
	reader->pg = NULL;
	reader->current = NULL;
	reader->state = READER_WAITING;
	metric_set(&stats()->postgres_up, 0);
	loop_set_timer(reader->loop, &reader->timer,
		       backoff_next_ms(&reader->backoff, crypto_random_u32()),
		       on_retry);
	if (current != NULL)
		answer_request(reader, current, NULL);
	while ((link = list_take(&reader->requests)) != NULL)
		answer_request(reader, container_of(link, struct request, link),
			       NULL);
}

static void on_deadline(struct loop_timer *timer)
{
	struct log_reader *reader =
		container_of(timer, struct log_reader, timer);

	disconnect_reader(reader, "it does not answer");
}

static void on_broken(struct loop_timer *timer)
{
	struct log_reader *reader =
		container_of(timer, struct log_reader, timer);

	disconnect_reader(reader, PQerrorMessage(reader->pg));
}

/* Disconnects later in this turn: a caller must not get its answer before its
 * request returns. */
static void break_off(struct log_reader *reader)
{
	reader->state = READER_BROKEN;
	loop_set_timer(reader->loop, &reader->timer, 0, on_broken);
}

static int send_request(PGconn *pg, const struct request *request)
{
	char from[24], to[24], limit[12];
	const char *values[5] = { request->apps, request->channels, from, to,
				  limit };

	snprintf(from, sizeof(from), "%lld", (long long)request->from_id);
	snprintf(to, sizeof(to), "%lld", (long long)request->to_id);
	snprintf(limit, sizeof(limit), "%d", LOG_READER_ROWS_MAX);
	switch (request->kind) {
	case REQUEST_HEADS:
		return PQsendQueryParams(pg, HEADS_SQL, 2, NULL, values, NULL,
					 NULL, 0);
	case REQUEST_ALL_HEADS:
		return PQsendQueryParams(pg, ALL_HEADS_SQL, 1, NULL, values,
					 NULL, NULL, 0);
	case REQUEST_ROWS:
		return PQsendQueryParams(pg, ROWS_SQL, 5, NULL, values, NULL,
					 NULL, 0);
	}
	return 0;
}

/* Sends the rest of a statement; watches for LOOP_WRITE if the kernel is full.
 */
static void flush_reader(struct log_reader *reader)
{
	int left = PQflush(reader->pg);

	if (left == -1) {
		break_off(reader);
		return;
	}
	loop_change(reader->loop, &reader->watch,
		    left ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void run_next(struct log_reader *reader)
{
	struct list *link;

	if (reader->state != READER_IDLE)
		return;
	link = list_take(&reader->requests);
	if (link == NULL) {
		loop_clear_timer(reader->loop, &reader->timer);
		return;
	}
	reader->current = container_of(link, struct request, link);
	reader->state = READER_BUSY;
	loop_set_timer(reader->loop, &reader->timer, STATEMENT_MS, on_deadline);
	if (send_request(reader->pg, reader->current) == 0)
		break_off(reader);
	else
		flush_reader(reader);
}

/* One result of the current statement; the last is NULL. */
static void take_result(struct log_reader *reader, PGresult *result)
{
	struct request *current = reader->current;

	if (result == NULL) {
		reader->state = READER_IDLE;
		run_next(reader);
		return;
	}
	if (current == NULL)
		return;
	if (PQresultStatus(result) != PGRES_TUPLES_OK) {
		/* asking again at once does not mend a missing table or
		 * permission: reconnect with back-off */
		disconnect_reader(reader, PQresultErrorMessage(result));
		return;
	}
	reader->current = NULL;
	backoff_reset(&reader->backoff);
	if (reader->was_reported)
		log_info("postgresql is back");
	reader->was_reported = false;
	metric_set(&stats()->postgres_up, 1);
	answer_request(reader, current, result);
}

static void receive_results(struct log_reader *reader)
{
	if (PQconsumeInput(reader->pg) == 0) {
		disconnect_reader(reader, PQerrorMessage(reader->pg));
		return;
	}
	while (reader->state == READER_BUSY && !PQisBusy(reader->pg)) {
		PGresult *result = PQgetResult(reader->pg);

		take_result(reader, result);
		PQclear(result);
	}
}

static void on_ready(struct loop_watch *watch, unsigned events)
{
	struct log_reader *reader =
		container_of(watch, struct log_reader, watch);

	if (events & LOOP_READ)
		receive_results(reader);
	if ((events & LOOP_WRITE) && reader->state == READER_BUSY)
		flush_reader(reader);
}

static void on_connecting(struct loop_watch *watch, unsigned events);

/* libpq may use another socket after each step. */
static void watch_connecting(struct log_reader *reader, unsigned events)
{
	loop_remove(reader->loop, &reader->watch);
	loop_add(reader->loop, &reader->watch, PQsocket(reader->pg), events,
		 on_connecting);
}

static void come_up(struct log_reader *reader)
{
	reader->state = READER_IDLE;
	loop_clear_timer(reader->loop, &reader->timer);
	loop_remove(reader->loop, &reader->watch);
	if (PQsetnonblocking(reader->pg, 1) == -1) {
		disconnect_reader(reader, PQerrorMessage(reader->pg));
		return;
	}
	loop_add(reader->loop, &reader->watch, PQsocket(reader->pg), LOOP_READ,
		 on_ready);
	reader->ops->on_up(reader->ctx);
}

static void on_connecting(struct loop_watch *watch, unsigned events)
{
	struct log_reader *reader =
		container_of(watch, struct log_reader, watch);

	(void)events;
	switch (PQconnectPoll(reader->pg)) {
	case PGRES_POLLING_READING:
		watch_connecting(reader, LOOP_READ);
		break;
	case PGRES_POLLING_WRITING:
		watch_connecting(reader, LOOP_WRITE);
		break;
	case PGRES_POLLING_OK:
		come_up(reader);
		break;
	default:
		disconnect_reader(reader, PQerrorMessage(reader->pg));
		break;
	}
}

static void on_retry(struct loop_timer *timer)
{
	/* keys before dbname are defaults, which conninfo overrides */
	static const char *const keys[] = { "fallback_application_name",
					    "gssencmode", "options", "dbname",
					    NULL };
	struct log_reader *reader =
		container_of(timer, struct log_reader, timer);
	const char *values[] = { "relay", "disable",
				 "-c default_transaction_read_only=on "
				 "-c statement_timeout=2500",
				 reader->conninfo, NULL };

	reader->pg = PQconnectStartParams(keys, values, 1);
	if (reader->pg == NULL)
		fatalx("out of memory for a connection to postgresql");
	reader->state = READER_CONNECTING;
	if (PQstatus(reader->pg) == CONNECTION_BAD) {
		disconnect_reader(reader, PQerrorMessage(reader->pg));
		return;
	}
	loop_set_timer(reader->loop, timer, CONNECT_MS, on_deadline);
	watch_connecting(reader, LOOP_WRITE);
}

/* ---- life ---- */

bool log_reader_is_conninfo(const char *conninfo)
{
	PQconninfoOption *parsed = PQconninfoParse(conninfo, NULL);

	PQconninfoFree(parsed);
	return parsed != NULL;
}

struct log_reader *log_reader_new(struct loop *loop, const char *conninfo,
				  const struct apps *apps,
				  const struct log_reader_ops *ops, void *ctx)
{
	struct log_reader *reader = xcalloc(1, sizeof(*reader));

	reader->loop = loop;
	reader->conninfo = conninfo;
	reader->apps = apps;
	reader->ops = ops;
	reader->ctx = ctx;
	reader->watch.fd = -1;
	list_init(&reader->requests);
	loop_set_timer(loop, &reader->timer, 0, on_retry);
	return reader;
}

void log_reader_free(struct log_reader *reader)
{
	struct list *link;

	loop_clear_timer(reader->loop, &reader->timer);
	loop_remove(reader->loop, &reader->watch);
	PQfinish(reader->pg);
	if (reader->current != NULL)
		free_request(reader->current);
	while ((link = list_take(&reader->requests)) != NULL)
		free_request(container_of(link, struct request, link));
	free(reader);
}

/* Takes over apps and channels. The caller fills in the rest and calls
 * run_next. */
static struct request *enqueue(struct log_reader *reader,
			       enum request_kind kind, char *apps,
			       char *channels, void *who)
{
	struct request *request = xcalloc(1, sizeof(*request));

	request->kind = kind;
	request->apps = apps;
	request->channels = channels;
	request->who = who;
	list_init(&request->link);
	list_append(&reader->requests, &request->link);
	return request;
}

static bool is_away(const struct log_reader *reader)
{
	return reader->state < READER_IDLE;
}

/* Adds the next element of {"a","b"}: ids and names hold neither quotes nor
 * backslashes. */
static void add_element(struct buf *array, struct span element)
{
	buf_add_str(array, array->len == 0 ? "{\"" : ",\"");
	buf_add_span(array, element);
	buf_add_char(array, '"');
}

/* The finished literal, for free(). */
static char *end_array(struct buf *array)
{
	if (array->len == 0)
		buf_add_char(array, '{');
	buf_add(array, "}", 2);
	return array->data;
}

bool log_reader_is_up(const struct log_reader *reader)
{
	return reader->state == READER_IDLE || reader->state == READER_BUSY;
}

int log_reader_heads(struct log_reader *reader,
		     const struct log_channel *channels, size_t count,
		     void *who)
{
	struct buf apps = BUF_INIT, names = BUF_INIT;
	size_t i;

	if (is_away(reader))
		return -1;
	for (i = 0; i < count; i++) {
		add_element(&apps, span_str(channels[i].app->id));
		add_element(&names, channels[i].name);
	}
	enqueue(reader, REQUEST_HEADS, end_array(&apps), end_array(&names),
		who);
	run_next(reader);
	return 0;
}

int log_reader_all_heads(struct log_reader *reader, void *who)
{
	struct buf apps = BUF_INIT;
	size_t i;

	if (is_away(reader))
		return -1;
	for (i = 0; i < reader->apps->count; i++)
		add_element(&apps, span_str(reader->apps->all[i].id));
	enqueue(reader, REQUEST_ALL_HEADS, end_array(&apps), NULL, who);
	run_next(reader);
	return 0;
}

int log_reader_rows(struct log_reader *reader,
		    const struct log_channel *channel, int64_t from_id,
		    int64_t to_id, void *who)
{
	struct request *request;

	if (is_away(reader))
		return -1;
	request = enqueue(reader, REQUEST_ROWS, xstrdup(channel->app->id),
			  xstrndup(channel->name.ptr, channel->name.len), who);
	request->from_id = from_id;
	request->to_id = to_id;
	run_next(reader);
	return 0;
}

void log_reader_forget(struct log_reader *reader, const void *who)
{
	struct list *link;

	if (reader->current != NULL && reader->current->who == who)
		reader->current->who = NULL;
	for (link = reader->requests.next; link != &reader->requests;
	     link = link->next) {
		struct request *request =
			container_of(link, struct request, link);

		if (request->who == who)
			request->who = NULL;
	}
}
