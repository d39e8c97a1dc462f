/* SPDX-License-Identifier: MIT
 *
 * One statement at a time; the next one takes all rows queued meanwhile.
 */
#include "tests/bench/log_writer.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/wire/event.h"
#include "relay/list.h"

#define APPEND                                                                 \
	"select count(*) from pushlog.append($1, $2, "                         \
	"array_fill('" EVENT_NEW_MESSAGE "'::text, array[$4::int]), "          \
	"array_fill('" LOG_WRITER_NAME "'::text, array[$4::int]), $3, null, "  \
	"array(select uuid_send(gen_random_uuid()) "                           \
	"from generate_series(1, $4::int)), null)"

struct log_writer {
	struct loop *loop;
	struct loop_watch watch;
	PGconn *db;
	const char *app;
	char *epoch;
	bool is_busy;
	int64_t count;              /* of queued rows */
	struct buf channels, texts; /* of these rows: {a,b */
};

static void must(const struct log_writer *writer, const PGresult *result)
{
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fatalx("the log can't be used: %s", PQerrorMessage(writer->db));
}

static void send_rows(struct log_writer *writer)
{
	char count[24];
	const char *values[4];

	if (writer->is_busy || writer->count == 0)
		return;
	snprintf(count, sizeof(count), "%lld", (long long)writer->count);
	buf_add(&writer->channels, "}", 2);
	buf_add(&writer->texts, "}", 2);
	values[0] = writer->app;
	values[1] = writer->channels.data;
	values[2] = writer->texts.data;
	values[3] = count;
	if (PQsendQueryParams(writer->db, APPEND, 4, NULL, values, NULL, NULL,
			      0) == 0)
		fatalx("cannot append: %s", PQerrorMessage(writer->db));
	writer->is_busy = true;
	writer->count = 0;
	buf_clear(&writer->channels);
	buf_clear(&writer->texts);
}

static void on_result(struct loop_watch *watch, unsigned events)
{
	struct log_writer *writer =
		container_of(watch, struct log_writer, watch);
	PGresult *result;

	(void)events;
	if (PQconsumeInput(writer->db) == 0)
		fatalx("PostgreSQL is gone: %s", PQerrorMessage(writer->db));
	while (!PQisBusy(writer->db)) {
		result = PQgetResult(writer->db);
		if (result == NULL) {
			writer->is_busy = false;
			break;
		}
		must(writer, result);
		PQclear(result);
	}
	send_rows(writer);
}

struct log_writer *log_writer_new(struct loop *loop, const char *conninfo,
				  const char *app)
{
	struct log_writer *writer = xcalloc(1, sizeof(*writer));
	PGresult *result;

	writer->loop = loop;
	writer->app = app;
	writer->db = PQconnectdb(conninfo);
	result = PQexec(writer->db, "select pushlog.epoch()");
	must(writer, result);
	writer->epoch = xstrdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	loop_add(loop, &writer->watch, PQsocket(writer->db), LOOP_READ,
		 on_result);
	return writer;
}

void log_writer_free(struct log_writer *writer)
{
	loop_remove(writer->loop, &writer->watch);
	PQfinish(writer->db);
	free(writer->epoch);
	buf_release(&writer->channels);
	buf_release(&writer->texts);
	free(writer);
}

const char *log_writer_epoch(const struct log_writer *writer)
{
	return writer->epoch;
}

static void add_element(struct buf *array, struct span s)
{
	buf_add_str(array, array->len == 0 ? "{\"" : ",\"");
	buf_add_span(array, s);
	buf_add_char(array, '"');
}

void log_writer_add(struct log_writer *writer, struct span channel,
		    struct span text)
{
	add_element(&writer->channels, channel);
	add_element(&writer->texts, text);
	writer->count++;
	send_rows(writer);
}

bool log_writer_is_idle(const struct log_writer *writer)
{
	return !writer->is_busy && writer->count == 0;
}
