/* SPDX-License-Identifier: MIT
 *
 * Where Redis is, and how one gets in: for threads that may wait for it. Knows
 * nothing of what is said there.
 */
#ifndef MESSAGES_FCGI_REDIS_REDIS_CONNECT_H
#define MESSAGES_FCGI_REDIS_REDIS_CONNECT_H

#include "common/config/settings.h"

struct redisContext;

/* Of a reason, with its NUL. */
#define REDIS_CONNECT_WHY_BYTES 160

/* A connection on which Redis answers, whose waits all end after timeout_ms;
 * the caller's, who ends it by redisFree. NULL, and why in why. */
struct redisContext *redis_connect(const struct settings *settings,
				   int timeout_ms,
				   char why[REDIS_CONNECT_WHY_BYTES]);

/* What ended a connection whose err is set; as long as it. */
const char *redis_connect_error(const struct redisContext *redis);

#endif
