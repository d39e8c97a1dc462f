/* SPDX-License-Identifier: MIT
 *
 * Every SQL statement of the program, and its rows, in binary format. Knows
 * neither requests nor batches, and leaves the connection to store_link.
 */
#include "messages-fcgi/log/store.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "messages-fcgi/log/append_params.h"
#include "messages-fcgi/log/store_link.h"

/* The longest that an append may take beside its wait for locks: for a slow
 * disk. */
#define APPEND_WORK_MS 2000
/* The client gives up this much later than the server's own timeout. */
#define GRACE_MS 500
/* The epoch costs more to compute than a page to read, so it is read this
 * rarely. That delays the notice of a change by the operator's hand, or by the
 * promotion of a standby that is read from; all else that changes the epoch
 * ends the connection. */
#define EPOCH_FRESH_MS 1000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char epoch_name[] = "epoch";
static const char append_name[] = "append";
static const char fresh_name[] = "append_fresh";
static const char head_name[] = "head";
static const char read_name[] = "read";

static const char epoch_sql[] = "select pushlog.epoch()";

static const struct store_statement writer_statements[] = {
	{ epoch_name, epoch_sql },
	{ append_name, "select ord, id, time_ms, outcome "
		       "from pushlog.append($1, $2, $3, $4, $5, $6, $7, $8)" },
	{ fresh_name, "select first_id, time_ms from pushlog.append_fresh("
		      "$1, $2, $3, $4, $5, $6, $7, $8)" },
};

static const struct store_statement reader_statements[] = {
	{ epoch_name, epoch_sql },
	{ head_name, "select id, first_id, last_id from pushlog.channel "
		     "where app = $1 and name = $2" },
	{ read_name, "select id, time_ms, event, name, text, data "
		     "from pushlog.event "
		     "where channel_id = $1 and id between $2 and $3 "
		     "order by id" },
};

struct store {
	struct store_link *link;
	const char *app;      /* of a writer */
	int64_t lock_wait_ms; /* as set in connection lock_life */
	unsigned long lock_life;
	char epoch[STORE_EPOCH_MAX + 1];
	int64_t epoch_at_ms; /* when it was read, in connection epoch_life */
	unsigned long epoch_life;
	struct buf arrays; /* of append_params; kept for its memory */
};

static int64_t number_at(const PGresult *result, int row, int column)
{
	int64_t big_endian;

	assert(PQgetlength(result, row, column) == sizeof(big_endian));
	memcpy(&big_endian, PQgetvalue(result, row, column),
	       sizeof(big_endian));
	return (int64_t)be64toh((uint64_t)big_endian);
}

/* Absent for null. */
static struct span text_at(const PGresult *result, int row, int column)
{
	if (PQgetisnull(result, row, column))
		return span_of(NULL, 0);
	return span_of(PQgetvalue(result, row, column),
		       (size_t)PQgetlength(result, row, column));
}

static enum store_result ask_epoch(struct store *store, int64_t deadline_ms)
{
	static const struct store_params none = { 0, NULL, NULL, NULL };
	unsigned long life = store_link_life(store->link);
	enum store_result verdict;
	PGresult *result;

	verdict = store_link_run(store->link, epoch_name, &none, deadline_ms,
				 &result);
	if (verdict != STORE_OK)
		return verdict;
	snprintf(store->epoch, sizeof(store->epoch), "%s",
		 PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	store->epoch_at_ms = clock_ms();
	store->epoch_life = life;
	return STORE_OK;
}

/* Ensures a connection, and an epoch that is not stale. */
static enum store_result prepare_store(struct store *store, int64_t deadline_ms)
{
	enum store_result verdict = store_link_open(store->link);

	if (verdict != STORE_OK)
		return verdict;
	if (store->epoch_life == store_link_life(store->link) &&
	    clock_ms() - store->epoch_at_ms < EPOCH_FRESH_MS)
		return STORE_OK;
	return ask_epoch(store, deadline_ms);
}

static int parse_outcome(struct span s, enum entry_outcome *outcome)
{
	if (span_is(s, "stored"))
		*outcome = ENTRY_STORED;
	else if (span_is(s, "repeated"))
		*outcome = ENTRY_REPEATED;
	else if (span_is(s, "conflict"))
		*outcome = ENTRY_CONFLICT;
	else
		return -1;
	return 0;
}

/* Rows come in any order; ord is the number of the row's entry, from 1. */
static enum store_result read_outcomes(const PGresult *result,
				       struct entry *const *entries,
				       size_t count)
{
	size_t row;

	if ((size_t)PQntuples(result) != count)
		goto bad;
	for (row = 0; row < count; row++)
		entries[row]->event.id = 0;
	for (row = 0; row < count; row++) {
		int64_t ord = number_at(result, (int)row, 0);
		struct entry *entry;

		if (ord < 1 || (size_t)ord > count)
			goto bad;
		entry = entries[ord - 1];
		if (entry->event.id != 0 ||
		    parse_outcome(text_at(result, (int)row, 3),
				  &entry->outcome) == -1)
			goto bad;
		entry->event.id = number_at(result, (int)row, 1);
		entry->event.time_ms = number_at(result, (int)row, 2);
	}
	return STORE_OK;
bad:
	log_error("pushlog.append returned unexpected rows");
	return STORE_BAD;
}

static enum store_result run_append(struct store *store, const char *name,
				    const struct append_params *params,
				    int64_t deadline_ms, PGresult **result)
{
	const struct store_params args = { APPEND_PARAMS, params->values,
					   params->lengths, params->formats };

	return store_link_run(store->link, name, &args, deadline_ms, result);
}

/* False: nothing was stored. */
static bool read_fresh(const PGresult *result, struct entry *const *entries,
		       size_t count)
{
	int64_t first_id, time_ms;
	size_t i;

	if (PQntuples(result) != 1 || PQgetisnull(result, 0, 0))
		return false;
	first_id = number_at(result, 0, 0);
	time_ms = number_at(result, 0, 1);
	for (i = 0; i < count; i++) {
		entries[i]->outcome = ENTRY_STORED;
		entries[i]->event.id = first_id + (int64_t)i;
		entries[i]->event.time_ms = time_ms;
	}
	return true;
}

/* The fast function, for entries of one channel. *is_stored is false if it
 * stored nothing, and append_any has to: a key may be in the log. */
static enum store_result append_fresh(struct store *store,
				      const struct append_params *params,
				      struct entry *const *entries,
				      size_t count, int64_t deadline_ms,
				      bool *is_stored)
{
	struct append_params fresh = *params;
	enum store_result verdict;
	PGresult *result;

	append_params_set_channel(&fresh, entries[0]->event.channel);
	verdict = run_append(store, fresh_name, &fresh, deadline_ms, &result);
	if (verdict != STORE_OK)
		return verdict;
	*is_stored = read_fresh(result, entries, count);
	PQclear(result);
	return STORE_OK;
}

static enum store_result append_any(struct store *store,
				    const struct append_params *params,
				    struct entry *const *entries, size_t count,
				    int64_t deadline_ms)
{
	enum store_result verdict;
	PGresult *result;

	verdict = run_append(store, append_name, params, deadline_ms, &result);
	if (verdict != STORE_OK)
		return verdict;
	verdict = read_outcomes(result, entries, count);
	PQclear(result);
	return verdict;
}

static enum store_result append_entries(struct store *store,
					struct entry *const *entries,
					size_t count, int64_t deadline_ms)
{
	enum store_result verdict = STORE_OK;
	struct append_params params;
	bool is_stored = false;

	append_params_encode(&params, &store->arrays, store->app, entries,
			     count);
	if (entries_share_channel(entries, count))
		verdict = append_fresh(store, &params, entries, count,
				       deadline_ms, &is_stored);
	if (verdict != STORE_OK || is_stored)
		return verdict;
	return append_any(store, &params, entries, count, deadline_ms);
}

static enum store_result set_lock_wait(struct store *store, int64_t ms,
				       int64_t deadline_ms)
{
	unsigned long life = store_link_life(store->link);
	enum store_result verdict;
	char sql[96];

	if (store->lock_life == life && store->lock_wait_ms == ms)
		return STORE_OK;
	snprintf(sql, sizeof(sql),
		 "set lock_timeout = %lld; set statement_timeout = %lld",
		 (long long)ms, (long long)(ms + APPEND_WORK_MS));
	verdict = store_link_command(store->link, sql, deadline_ms);
	if (verdict != STORE_OK)
		return verdict;
	store->lock_wait_ms = ms;
	store->lock_life = life;
	return STORE_OK;
}

static struct store *store_new(struct store_server *server, const char *app,
			       const struct store_statement *statements,
			       size_t count, int64_t statement_timeout_ms)
{
	struct store *store = xcalloc(1, sizeof(*store));
	char settings[448];

	snprintf(settings, sizeof(settings),
		 "set plan_cache_mode = force_generic_plan; "
		 /* batches and pages are small and the log is not: never scan
		  * the log, even with a plan made while it was empty */
		 "set enable_seqscan = off; set enable_hashjoin = off; "
		 "set enable_mergejoin = off; "
		 /* the estimate for the one row of the epoch is so high that it
		  * would be compiled for each read */
		 "set jit = off; "
		 /* 200 means stored: a crash must not lose ids that were given
		  * out. A stricter setting than 'on' stays. */
		 "select set_config('synchronous_commit', 'on', false) "
		 "where current_setting('synchronous_commit') = 'off'; "
		 "set statement_timeout = %lld",
		 (long long)statement_timeout_ms);
	store->link = store_link_new(server, statements, count, settings);
	store->app = app;
	return store;
}

struct store *store_new_reader(struct store_server *server)
{
	return store_new(server, NULL, reader_statements,
			 COUNT(reader_statements),
			 STORE_READ_TIMEOUT_MS - GRACE_MS);
}

struct store *store_new_writer(struct store_server *server, const char *app)
{
	return store_new(server, app, writer_statements,
			 COUNT(writer_statements), APPEND_WORK_MS);
}

void store_free(struct store *store)
{
	store_link_free(store->link);
	buf_release(&store->arrays);
	free(store);
}

enum store_result store_open(struct store *store)
{
	return store_link_open(store->link);
}

enum store_result store_check(struct store *store)
{
	enum store_result verdict = store_link_open(store->link);

	if (verdict != STORE_OK)
		return verdict;
	return ask_epoch(store, clock_ms() + STORE_CHECK_TIMEOUT_MS);
}

enum store_result store_append(struct store *store,
			       struct entry *const *entries, size_t count,
			       int64_t lock_wait_ms, struct span *epoch)
{
	int64_t deadline_ms =
		clock_ms() + lock_wait_ms + APPEND_WORK_MS + GRACE_MS;
	enum store_result verdict = prepare_store(store, deadline_ms);

	if (verdict == STORE_OK)
		verdict = set_lock_wait(store, lock_wait_ms, deadline_ms);
	if (verdict == STORE_OK)
		verdict = append_entries(store, entries, count, deadline_ms);
	*epoch = span_str(store->epoch);
	return verdict;
}

enum store_result store_head(struct store *store, const char *app,
			     struct span channel, struct store_head *head)
{
	int64_t deadline_ms = clock_ms() + STORE_READ_TIMEOUT_MS;
	const char *values[] = { app, channel.ptr };
	const int lengths[] = { (int)strlen(app), (int)channel.len };
	const int formats[] = { 1, 1 };
	struct store_params args = { 2, values, lengths, formats };
	enum store_result verdict = prepare_store(store, deadline_ms);
	PGresult *result;

	if (verdict == STORE_OK)
		verdict = store_link_run(store->link, head_name, &args,
					 deadline_ms, &result);
	if (verdict != STORE_OK)
		return verdict;
	*head = (struct store_head){ .first_id = 1 };
	if (PQntuples(result) == 1) {
		head->channel_id = number_at(result, 0, 0);
		head->first_id = number_at(result, 0, 1);
		head->last_id = number_at(result, 0, 2);
	}
	PQclear(result);
	memcpy(head->epoch, store->epoch, sizeof(head->epoch));
	return STORE_OK;
}

static enum store_result deliver_rows(const PGresult *result,
				      store_row_fn *on_row, void *arg)
{
	int rows = PQntuples(result), row;

	for (row = 0; row < rows; row++) {
		struct event event = {
			.id = number_at(result, row, 0),
			.time_ms = number_at(result, row, 1),
			.event = text_at(result, row, 2),
			.name = text_at(result, row, 3),
			.text = text_at(result, row, 4),
			.data = text_at(result, row, 5),
		};

		if (!on_row(arg, &event))
			return STORE_BAD;
	}
	return STORE_OK;
}

enum store_result store_read(struct store *store, const struct store_head *head,
			     int64_t from, int64_t to, store_row_fn *on_row,
			     void *arg)
{
	int64_t deadline_ms = clock_ms() + STORE_READ_TIMEOUT_MS;
	uint64_t numbers[] = { htobe64((uint64_t)head->channel_id),
			       htobe64((uint64_t)from), htobe64((uint64_t)to) };
	const char *values[] = { (const char *)&numbers[0],
				 (const char *)&numbers[1],
				 (const char *)&numbers[2] };
	const int lengths[] = { 8, 8, 8 }, formats[] = { 1, 1, 1 };
	struct store_params args = { 3, values, lengths, formats };
	enum store_result verdict = prepare_store(store, deadline_ms);
	PGresult *result;

	if (verdict != STORE_OK)
		return verdict;
	if (strcmp(store->epoch, head->epoch) != 0) {
		log_error("the epoch changed during a read");
		return STORE_BAD;
	}
	verdict = store_link_run(store->link, read_name, &args, deadline_ms,
				 &result);
	if (verdict != STORE_OK)
		return verdict;
	verdict = deliver_rows(result, on_row, arg);
	PQclear(result);
	return verdict;
}
