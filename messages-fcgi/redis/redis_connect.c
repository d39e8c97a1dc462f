/* SPDX-License-Identifier: MIT
 *
 * Address, password, and a first answer.
 */
#include "messages-fcgi/redis/redis_connect.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

#include "common/config/address.h"
#include "messages-fcgi/leader.h"

const char *redis_connect_error(const redisContext *redis)
{
	if (redis->err == REDIS_ERR_IO && errno == EAGAIN)
		return "no answer in time";
	return redis->errstr;
}

/* Runs a command and drops its reply. 0, or -1 and why. */
static int run_words(redisContext *redis, int count, const char **words,
		     char *why)
{
	redisReply *reply = redisCommandArgv(redis, count, words, NULL);
	int result = 0;

	if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
		snprintf(why, REDIS_CONNECT_WHY_BYTES, "%s",
			 reply == NULL ? redis_connect_error(redis)
				       : reply->str);
		result = -1;
	}
	freeReplyObject(reply);
	return result;
}

static int authenticate(redisContext *redis, const struct settings *settings,
			char *why)
{
	const char *named[] = { "AUTH", settings->redis_user,
				settings->redis_password };
	const char *nameless[] = { "AUTH", settings->redis_password };

	if (settings->redis_password[0] == '\0')
		return 0;
	return settings->redis_user[0] == '\0'
		       ? run_words(redis, 2, nameless, why)
		       : run_words(redis, 3, named, why);
}

redisContext *redis_connect(const struct settings *settings, int timeout_ms,
			    char why[REDIS_CONNECT_WHY_BYTES])
{
	const struct timeval timeout = { timeout_ms / 1000,
					 timeout_ms % 1000 * 1000 };
	const char *ping[] = { "PING" };
	struct address at;
	redisContext *redis;

	leader_assert_not_leading();
	if (address_parse(settings->redis, &at) == -1)
		fatalx("'%s' is not an address", settings->redis);
	redis = at.path[0] != '\0'
			? redisConnectUnixWithTimeout(at.path, timeout)
			: redisConnectWithTimeout(at.host, at.port, timeout);
	if (redis == NULL)
		fatalx("out of memory connecting to redis");
	if (redis->err != 0 || redisSetTimeout(redis, timeout) != REDIS_OK)
		snprintf(why, REDIS_CONNECT_WHY_BYTES, "%s",
			 redis_connect_error(redis));
	else if (authenticate(redis, settings, why) == 0 &&
		 run_words(redis, 1, ping, why) == 0)
		return redis;
	redisFree(redis);
	return NULL;
}
