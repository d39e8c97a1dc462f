/* SPDX-License-Identifier: MIT
 *
 * Stores for reads. A request thread borrows one for one statement, and gives
 * it back before it writes to its client: a slow client must not hold up other
 * reads.
 */
#ifndef MESSAGES_FCGI_LOG_READER_POOL_H
#define MESSAGES_FCGI_LOG_READER_POOL_H

#include <stddef.h>

#include "messages-fcgi/log/store.h"

struct reader_pool;

/* server is borrowed. At reader_pool_free all stores must be back. */
struct reader_pool *reader_pool_new(struct store_server *server, size_t count);
void reader_pool_free(struct reader_pool *pool);

/* Lends a store until reader_pool_release. While all are lent, waits up to
 * STORE_READ_TIMEOUT_MS for one; then NULL. Gives way, see leader.h. */
struct store *reader_pool_acquire(struct reader_pool *pool);
void reader_pool_release(struct reader_pool *pool, struct store *store);

#endif
