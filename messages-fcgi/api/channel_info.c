/* SPDX-License-Identifier: MIT
 *
 * The attributes of channels.
 */
#include "messages-fcgi/api/channel_info.h"

#include "common/base/json.h"

static const struct {
	const char *name;
	unsigned flag;
} names[] = {
	{ "user_count", CHANNEL_INFO_USERS },
	{ "subscription_count", CHANNEL_INFO_SUBSCRIBERS },
	{ "cache", CHANNEL_INFO_CACHE },
};

/* 0 if the name is unknown. */
static unsigned find_info(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(name, names[i].name))
			return names[i].flag;
	return 0;
}

struct span channel_info_parse(struct span list, unsigned *wanted)
{
	struct span unknown = span_of(NULL, 0);

	*wanted = 0;
	while (list.len > 0) {
		const char *comma = memchr(list.ptr, ',', list.len);
		struct span name = list;
		unsigned flag;

		if (comma != NULL)
			name.len = (size_t)(comma - list.ptr);
		list.ptr += name.len + (comma != NULL);
		list.len -= name.len + (comma != NULL);
		flag = find_info(name);
		*wanted |= flag;
		if (flag == 0 && unknown.ptr == NULL)
			unknown = name;
	}
	return unknown;
}

static void add_name(struct buf *buf, const char *name, bool *is_first)
{
	if (!*is_first)
		buf_add_char(buf, ',');
	*is_first = false;
	buf_add_char(buf, '"');
	buf_add_str(buf, name);
	buf_add_str(buf, "\":");
}

void channel_info_add(struct buf *buf, const struct channel_info *info,
		      unsigned wanted, bool *is_first)
{
	if (wanted & CHANNEL_INFO_USERS) {
		add_name(buf, "user_count", is_first);
		buf_add_int(buf, info->users);
	}
	if (wanted & CHANNEL_INFO_SUBSCRIBERS) {
		add_name(buf, "subscription_count", is_first);
		buf_add_int(buf, info->subscribers);
	}
	if ((wanted & CHANNEL_INFO_CACHE) && info->cached.ptr != NULL) {
		add_name(buf, "cache", is_first);
		buf_add_str(buf, "{\"data\":");
		json_add_string(buf, info->cached);
		buf_add_str(buf, ",\"ttl\":");
		buf_add_int(buf, info->cached_s);
		buf_add_char(buf, '}');
	}
}
