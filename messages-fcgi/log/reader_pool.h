/* SPDX-License-Identifier: MIT
 *
 * The connections for reading, lent to request threads for one statement at a
 * time, never while a client is being written to: a slow client must not keep
 * the others from the log.
 */
#ifndef MESSAGES_FCGI_LOG_READER_POOL_H
#define MESSAGES_FCGI_LOG_READER_POOL_H

#include <stddef.h>

#include "messages-fcgi/log/store.h"

struct reader_pool;

/* server is borrowed. Freed when nothing is lent any more. */
struct reader_pool *reader_pool_new(struct store_server *server, size_t count);
void reader_pool_free(struct reader_pool *readers);

/* Waits for a connection, at most STORE_READ_TIMEOUT_MS; NULL if none became
 * free. The caller gives it back by reader_pool_release. */
struct store *reader_pool_acquire(struct reader_pool *readers);
void reader_pool_release(struct reader_pool *readers, struct store *store);

#endif
