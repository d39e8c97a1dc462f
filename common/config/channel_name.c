/* SPDX-License-Identifier: MIT
 *
 * Parses the names of channels.
 */
#include "common/config/channel_name.h"

#include <assert.h>
#include <fnmatch.h>

/* A longer pattern is ignored. */
#define PATTERN_MAX 1024

#define USER_PREFIX "#server-to-user-"

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_-=@,.;", c) != NULL);
}

bool channel_name_is_valid(struct span name)
{
	size_t i;

	if (name.len == 0 || name.len > CHANNEL_NAME_MAX)
		return false;
	for (i = 0; i < name.len; i++)
		if (!is_name_char(name.ptr[i]))
			return false;
	return true;
}

/* Of two prefixes that begin alike the longer one is first. */
static const struct {
	const char *prefix;
	enum channel_name_kind kind;
} kinds[] = {
	{ "private-encrypted-", CHANNEL_NAME_ENCRYPTED },
	{ "private-", CHANNEL_NAME_PRIVATE },
	{ "presence-", CHANNEL_NAME_PRESENCE },
	{ USER_PREFIX, CHANNEL_NAME_USER },
	{ "", CHANNEL_NAME_PUBLIC },
};

/* Takes the prefix off *name and returns the kind. */
static enum channel_name_kind take_kind(struct span *name)
{
	size_t i = 0, len;

	while (!span_starts(*name, kinds[i].prefix))
		i++;
	len = strlen(kinds[i].prefix);
	if (len > 0)
		*name = span_of(name->ptr + len, name->len - len);
	return kinds[i].kind;
}

enum channel_name_kind channel_name_kind(struct span name)
{
	return take_kind(&name);
}

bool channel_name_is_public(struct span name)
{
	return channel_name_kind(name) == CHANNEL_NAME_PUBLIC;
}

bool channel_name_is_cache(struct span name)
{
	return take_kind(&name) != CHANNEL_NAME_USER &&
	       span_starts(name, "cache-");
}

struct span channel_name_user(struct span name)
{
	struct span user = name;
	size_t i;

	if (name.len > CHANNEL_NAME_MAX ||
	    take_kind(&user) != CHANNEL_NAME_USER || user.len == 0)
		return span_of(NULL, 0);
	for (i = 0; i < user.len; i++)
		if ((unsigned char)user.ptr[i] < 0x20 || user.ptr[i] == 0x7f)
			return span_of(NULL, 0);
	return user;
}

void channel_name_add_user(struct buf *buf, struct span user)
{
	buf_add_str(buf, USER_PREFIX);
	buf_add_span(buf, user);
}

bool channel_name_is_listed(struct span name, const char *list)
{
	char subject[CHANNEL_NAME_MAX + 1], pattern[PATTERN_MAX];

	assert(channel_name_is_valid(name));
	memcpy(subject, name.ptr, name.len);
	subject[name.len] = '\0';

	for (;;) {
		size_t len;

		list += strspn(list, ", \t");
		if (*list == '\0')
			return false;
		len = strcspn(list, ", \t");
		if (len < sizeof(pattern)) {
			memcpy(pattern, list, len);
			pattern[len] = '\0';
			if (fnmatch(pattern, subject, 0) == 0)
				return true;
		}
		list += len;
	}
}

bool channel_name_is_durable(struct span name, const char *list)
{
	return channel_name_is_public(name) &&
	       channel_name_is_listed(name, list);
}
