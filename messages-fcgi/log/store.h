/* SPDX-License-Identifier: MIT
 *
 * The log in PostgreSQL, as this program uses it: one connection, and every SQL
 * statement of the program. A store connects when it is first used, and again
 * after a failure. One thread at a time may use it. All calls but store_new_*
 * and store_free block.
 */
#ifndef MESSAGES_FCGI_LOG_STORE_H
#define MESSAGES_FCGI_LOG_STORE_H

#include <stdint.h>

#include "common/base/attr.h"
#include "messages-fcgi/log/entry.h"
#include "messages-fcgi/log/store_server.h"

#define STORE_EPOCH_MAX 64

/* The longest that store_head and store_read take, connecting included, and
 * that a caller waits for a store from the pool. */
#define STORE_READ_TIMEOUT_MS 5000

/* The longest that store_check takes beside connecting. */
#define STORE_CHECK_TIMEOUT_MS 1000

struct store_head {
	int64_t channel_id; /* 0: the channel has no row yet */
	int64_t first_id, last_id;
	char epoch[STORE_EPOCH_MAX + 1];
};

/* Called for each row, by ascending id. Borrows the event for the call. False
 * ends the read with STORE_BAD. */
typedef bool store_row_fn(void *arg, const struct event *event);

struct store;

/* A store for reads of every app's log, or one for appends to one app's log.
 * server and app are borrowed. */
struct store *store_new_reader(struct store_server *server);
struct store *store_new_writer(struct store_server *server, const char *app);
void store_free(struct store *store);

/* Connects, if there is no connection. */
enum store_result store_open(struct store *store) MUST_CHECK;

/* Finds out whether the server answers. */
enum store_result store_check(struct store *store) MUST_CHECK;

/* Stores the entries in one transaction. Their keys differ within a channel.
 * With STORE_OK all outcomes are set, and *epoch is the epoch of the ids; it is
 * valid until the next call. The server waits up to lock_wait_ms for the row of
 * a channel. A value other than the last call's costs a statement. */
enum store_result store_append(struct store *store,
			       struct entry *const *entries, size_t count,
			       int64_t lock_wait_ms,
			       struct span *epoch) MUST_CHECK;

/* Reads the range of ids of a channel. A channel without a row has channel_id
 * 0, first_id 1 and last_id 0. */
enum store_result store_head(struct store *store, const char *app,
			     struct span channel,
			     struct store_head *head) MUST_CHECK;

/* Calls on_row for the rows with ids from `from` to `to`, both included, of the
 * channel that store_head read head of. STORE_BAD if the epoch has changed
 * since then. */
enum store_result store_read(struct store *store, const struct store_head *head,
			     int64_t from, int64_t to, store_row_fn *on_row,
			     void *arg) MUST_CHECK;

#endif
