/* SPDX-License-Identifier: MIT
 *
 * The log as this program uses it: every SQL statement it has, over one
 * connection, which is made when it is needed. Used by one thread at a time.
 */
#ifndef MESSAGES_FCGI_LOG_STORE_H
#define MESSAGES_FCGI_LOG_STORE_H

#include <stdint.h>

#include "common/base/attr.h"
#include "messages-fcgi/log/entry.h"
#include "messages-fcgi/log/store_server.h"

#define STORE_EPOCH_MAX 64

/* The longest that store_head and store_read take, and that is worth waiting
 * for a connection to call them on. */
#define STORE_READ_TIMEOUT_MS 5000

#define STORE_CHECK_TIMEOUT_MS 1000

struct store_head {
	int64_t channel_id; /* 0: the channel has no row yet */
	int64_t first_id, last_id;
	char epoch[STORE_EPOCH_MAX + 1];
};

/* Called for each row, in order; the event is borrowed for the call. False
 * ends the reading with STORE_BAD. */
typedef bool store_row_fn(void *arg, const struct event *event);

struct store;

/* A connection for reading, or one for appending to an app's log. server and
 * app are borrowed. */
struct store *store_new_reader(struct store_server *server);
struct store *store_new_writer(struct store_server *server, const char *app);
void store_free(struct store *store);

/* Connects now instead of with the first statement. */
enum store_result store_open(struct store *store) MUST_CHECK;

/* Asks the server whether it lives, for at most STORE_CHECK_TIMEOUT_MS and the
 * time of connecting. */
enum store_result store_check(struct store *store) MUST_CHECK;

/* Stores entries, whose keys must differ within a channel, in one transaction.
 * With STORE_OK all outcomes are set, and *epoch is the one that the ids belong
 * to; it lives until the next call. A channel's row is waited for up to
 * lock_wait_ms, which should not differ from call to call: each change costs a
 * statement. */
enum store_result store_append(struct store *store,
			       struct entry *const *entries, size_t count,
			       int64_t lock_wait_ms,
			       struct span *epoch) MUST_CHECK;

enum store_result store_head(struct store *store, const char *app,
			     struct span channel,
			     struct store_head *head) MUST_CHECK;

/* Calls on_row for the rows from … to of the channel that head belongs to.
 * STORE_BAD if the epoch is no longer the head's. */
enum store_result store_read(struct store *store, const struct store_head *head,
			     int64_t from, int64_t to, store_row_fn *on_row,
			     void *arg) MUST_CHECK;

#endif
