/* SPDX-License-Identifier: MIT
 *
 * What a channel may be called, and what its name says about it.
 */
#include "common/channel_name.h"

#include <assert.h>
#include <fnmatch.h>

/* Longest pattern of the operator's list that can still match a name. */
#define PATTERN_MAX 1024

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

bool channel_name_is_public(struct span name)
{
	return !span_starts(name, "private-") &&
	       !span_starts(name, "presence-");
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
