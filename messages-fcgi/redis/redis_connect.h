/* SPDX-License-Identifier: MIT
 *
 * Opens connections to Redis, with the address, user and password of the
 * settings, for threads that may block. Knows no other command.
 */
#ifndef MESSAGES_FCGI_REDIS_REDIS_CONNECT_H
#define MESSAGES_FCGI_REDIS_REDIS_CONNECT_H

#include "common/config/settings.h"

struct redisContext;

/* Size of a reason, with its NUL. */
#define REDIS_CONNECT_WHY_BYTES 160

/* Connects, authenticates, and waits for an answer to PING. Each wait on the
 * connection, here and later, ends after timeout_ms. The caller closes it with
 * redisFree. NULL: it failed, and why is set. */
struct redisContext *redis_connect(const struct settings *settings,
				   int timeout_ms,
				   char why[REDIS_CONNECT_WHY_BYTES]);

/* The error that ended a connection whose err is set. Valid as long as the
 * connection. */
const char *redis_connect_error(const struct redisContext *redis);

#endif
