/* SPDX-License-Identifier: MIT
 *
 * The log as this program uses it: every SQL statement it has, over one
 * connection, which is made when it is needed. Used by one thread at a time.
 */
#ifndef MESSAGES_FCGI_STORE_H
#define MESSAGES_FCGI_STORE_H

#include <stdint.h>

#include "common/attr.h"
#include "common/event.h"
#include "messages-fcgi/store_server.h"

#define STORE_KEY_BYTES 16
#define STORE_EPOCH_MAX 64

/* The longest that store_head and store_read take, and that is worth waiting
 * for a connection to call them on. */
#define STORE_READ_TIMEOUT_MS 5000

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

enum store_outcome {
	STORE_STORED = 0,
	STORE_REPEATED, /* the key was there, with the same event */
	STORE_CONFLICT, /* the key was there, with another event */
};

/* One event on its way into the log, which sets its id and time_ms, those of
 * the first with this key if it is a repetition. */
struct store_event {
	struct event event;
	uint8_t key[STORE_KEY_BYTES];
	enum store_outcome outcome;
};

struct store_head {
	int64_t channel_id; /* 0: the channel has no row yet */
	int64_t first_id, last_id;
	char epoch[STORE_EPOCH_MAX + 1];
};

/* Called for each row, in order; the event is borrowed for the call. False
 * ends the reading with STORE_BAD. */
typedef bool store_row_fn(void *arg, const struct event *event);

struct store;

/* A connection for reading, or one for appending, on which a channel's row is
 * waited for up to lock_timeout_ms. server and app are borrowed. */
struct store *store_new_reader(struct store_server *server, const char *app);
struct store *store_new_writer(struct store_server *server, const char *app,
			       int64_t lock_timeout_ms);
void store_free(struct store *store);

/* Connects now instead of with the first statement. */
enum store_result store_open(struct store *store) MUST_CHECK;

/* The longest a call of store_append takes. */
int64_t store_append_max_ms(const struct store *store);

/* Stores events, whose keys must differ within a channel, in one transaction.
 * With STORE_OK all outcomes are set, and *epoch is the one that the ids belong
 * to; it lives until the next call. A lock_timeout_ms other than 0 replaces
 * that of store_new_writer for this call. */
enum store_result store_append(struct store *store,
			       struct store_event *const *events, size_t count,
			       int64_t lock_timeout_ms,
			       struct span *epoch) MUST_CHECK;

enum store_result store_head(struct store *store, struct span channel,
			     struct store_head *head) MUST_CHECK;

/* Calls on_row for the rows from … to of the channel that head belongs to.
 * STORE_BAD if the epoch is no longer the head's. */
enum store_result store_read(struct store *store, const struct store_head *head,
			     int64_t from, int64_t to, store_row_fn *on_row,
			     void *arg) MUST_CHECK;

#endif
