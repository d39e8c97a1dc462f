/* SPDX-License-Identifier: MIT
 *
 * The connections for reading, lent to request threads for one statement at a
 * time, never while a client is being written to: a slow client must not keep
 * the others from the log.
 */
#ifndef MESSAGES_FCGI_LOG_READERS_H
#define MESSAGES_FCGI_LOG_READERS_H

#include <stddef.h>

#include "messages-fcgi/log/store.h"

struct readers;

/* server is borrowed. Freed when nothing is lent any more. */
struct readers *readers_new(struct store_server *server, size_t count);
void readers_free(struct readers *readers);

/* Waits for a connection, at most STORE_READ_TIMEOUT_MS; NULL if none became
 * free. The caller gives it back by readers_release. */
struct store *readers_acquire(struct readers *readers);
void readers_release(struct readers *readers, struct store *store);

#endif
