/* SPDX-License-Identifier: MIT
 *
 * relay/channels/channel: a table of many channels, and members that join and
 * leave.
 */
#include "relay/channels/channel.h"

#include "tests/unit/unit.h"

#define MANY 20000
#define MEMBERS 200

static char first_id[] = "1", second_id[] = "11";
static const struct app first = { .id = first_id },
			second = { .id = second_id };

static const struct span absent = { NULL, 0 };

static struct span name_of(char name[32], int i)
{
	return span_of(name, (size_t)snprintf(name, 32, "channel-%d", i));
}

TEST(a_table_finds_its_channels_and_no_others)
{
	static struct channel *channels[MANY];
	struct channel_table table;
	char name[32];
	int i;

	channel_table_init(&table);
	for (i = 0; i < MANY; i++) {
		assert_null(channel_find(&table, &first, name_of(name, i)));
		channels[i] =
			channel_add(&table, &first, name_of(name, i), i % 2);
	}
	/* every third goes */
	for (i = 0; i < MANY; i += 3)
		channel_remove(&table, channels[i]);
	for (i = 0; i < MANY; i++) {
		struct span wanted = boxed(name_of(name, i));
		struct channel *found = channel_find(&table, &first, wanted);

		assert_ptr_equal(found, i % 3 == 0 ? NULL : channels[i]);
		if (found != NULL) {
			assert_span(channel_name(found), wanted);
			assert_int_equal(found->is_durable, i % 2);
		}
		unbox(wanted);
	}
	assert_null(channel_find(&table, &first, name_of(name, MANY)));
	assert_null(channel_find(&table, &first, SPAN("channel-")));
	assert_null(channel_find(&table, &first, SPAN("")));
	for (i = 0; i < MANY; i++)
		if (i % 3 != 0)
			channel_remove(&table, channels[i]);
	assert_null(table.first);
}

TEST(each_app_has_its_own_channels)
{
	struct channel_table table;
	struct channel *a, *b;

	channel_table_init(&table);
	a = channel_add(&table, &first, SPAN("1:c"), true);
	assert_null(channel_find(&table, &second, SPAN("1:c")));
	b = channel_add(&table, &second, SPAN("1:c"), false);
	assert_ptr_equal(channel_find(&table, &first, SPAN("1:c")), a);
	assert_ptr_equal(channel_find(&table, &second, SPAN("1:c")), b);
	assert_ptr_equal(channel_find_key(&table, SPAN("11:1:c")), b);
	assert_null(channel_find_key(&table, SPAN("1:c")));
	assert_ptr_equal(b->app, &second);
	assert_span(channel_key(b), SPAN("11:1:c"));
	assert_span(channel_name(b), SPAN("1:c"));
	channel_remove(&table, a);
	channel_remove(&table, b);
}

TEST(a_name_that_is_too_long_finds_nothing)
{
	struct channel_table table;
	char name[165];

	memset(name, 'x', sizeof(name));
	channel_table_init(&table);
	assert_null(channel_find(&table, &first, span_of(name, 165)));
	assert_null(channel_find(&table, &first, absent));
}

TEST(each_table_has_its_own_hash_key)
{
	struct channel_table a, b;

	channel_table_init(&a);
	channel_table_init(&b);
	assert_memory_not_equal(a.hash_key, b.hash_key, sizeof(a.hash_key));
}

TEST(a_new_channel_is_empty_and_owns_its_name)
{
	struct span name = boxed(SPAN("messages"));
	struct channel_table table;
	struct channel *channel;

	channel_table_init(&table);
	channel = channel_add(&table, &first, name, true);
	unbox(name);
	assert_span(channel_name(channel), SPAN("messages"));
	assert_int_equal(channel->heal.state, CHANNEL_SUBSCRIBING);
	assert_int_equal(channel->count, 0);
	assert_int_equal(channel->heal.sequence.delivered, 0);
	assert_int_equal(channel->heal.sequence.target, 0);
	assert_null(stash_first(&channel->heal.sequence.stash));
	assert_true(list_is_empty(&channel->heal.link));
	channel_remove(&table, channel);
}

TEST(the_list_of_live_channels_has_durable_ones_only)
{
	const struct channel *live[3];
	struct channel_table table;
	struct channel *channels[4];
	char name[32];
	int i;

	channel_table_init(&table);
	assert_int_equal(channel_list_live(&table, live, 3), 0);
	for (i = 0; i < 4; i++)
		channels[i] =
			channel_add(&table, &first, name_of(name, i), i > 0);
	channels[0]->heal.state = CHANNEL_LIVE; /* but it is not durable */
	channels[1]->heal.state = CHANNEL_READING_HEAD;
	channels[3]->heal.state = CHANNEL_LIVE;
	assert_int_equal(channel_list_live(&table, live, 3), 1);
	assert_ptr_equal(live[0], channels[3]);
	channels[1]->heal.state = channels[2]->heal.state = CHANNEL_LIVE;
	assert_int_equal(channel_list_live(&table, live, 3), 3);
	assert_int_equal(channel_list_live(&table, live, 2), 2);
	for (i = 0; i < 4; i++)
		channel_remove(&table, channels[i]);
}

TEST(a_removed_channel_releases_its_stash)
{
	struct frame *frame = frame_new(WS_OP_TEXT, SPAN("x"));
	struct stash_pool pool = { .max_bytes = 100 };
	struct channel_table table;
	struct channel *channel;

	channel_table_init(&table);
	channel = channel_add(&table, &first, SPAN("c"), true);
	sequence_init(&channel->heal.sequence, &pool);
	assert_int_equal(sequence_arrive(&channel->heal.sequence, 7, frame, 0),
			 SEQUENCE_STASHED);
	channel_remove(&table, channel);
	assert_int_equal(frame->refs, 1);
	assert_int_equal(pool.bytes, 0);
	frame_unref(frame);
}

/* ---- members ---- */

struct fixture {
	struct channel_table table;
	struct channel *channel;
	struct subscription subscriptions[MEMBERS];
	struct subscriber subscribers[MEMBERS];
	bool is_in[MEMBERS];
	uint32_t count;
};

static void check_members(const struct fixture *f)
{
	const struct channel *channel = f->channel;
	uint32_t i;

	assert_int_equal(channel->count, f->count);
	for (i = 0; i < channel->count; i++) {
		const struct channel_member *member = &channel->members[i];
		ptrdiff_t who = member->subscription - f->subscriptions;

		assert_in_range(who, 0, MEMBERS - 1);
		assert_true(f->is_in[who]);
		/* each has its place, so that none is there twice */
		assert_int_equal(member->subscription->index, i);
		assert_ptr_equal(member->subscription->channel, channel);
		assert_ptr_equal(member->subscriber, &f->subscribers[who]);
	}
	for (i = 0; i < MEMBERS; i++)
		if (!f->is_in[i])
			assert_null(f->subscriptions[i].channel);
}

static void toggle(struct fixture *f, size_t who)
{
	if (f->is_in[who])
		channel_leave(&f->subscriptions[who]);
	else
		channel_join(f->channel, &f->subscriptions[who],
			     &f->subscribers[who]);
	f->is_in[who] = !f->is_in[who];
	f->count += f->is_in[who] ? 1 : (uint32_t)-1;
}

TEST(members_join_and_leave_in_any_order)
{
	struct fixture f = { 0 };
	uint32_t random = 1;
	size_t i;

	channel_table_init(&f.table);
	f.channel = channel_add(&f.table, &first, SPAN("c"), false);
	for (i = 0; i < 5000; i++) {
		toggle(&f, random_next(&random) % MEMBERS);
		check_members(&f);
	}
	for (i = 0; i < MEMBERS; i++)
		if (f.is_in[i])
			toggle(&f, i);
	check_members(&f);
	channel_remove(&f.table, f.channel);
}

TEST(the_last_member_takes_the_place_of_one_that_leaves)
{
	struct fixture f = { 0 };
	size_t i;

	channel_table_init(&f.table);
	f.channel = channel_add(&f.table, &first, SPAN("c"), false);
	for (i = 0; i < 4; i++)
		toggle(&f, i);
	toggle(&f, 1);
	assert_ptr_equal(f.channel->members[1].subscription,
			 &f.subscriptions[3]);
	assert_int_equal(f.subscriptions[3].index, 1);
	/* the last itself */
	toggle(&f, 2);
	assert_int_equal(f.channel->count, 2);
	check_members(&f);
	toggle(&f, 0);
	toggle(&f, 3);
	check_members(&f);
	channel_remove(&f.table, f.channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_finds_its_channels_and_no_others),
		cmocka_unit_test(each_app_has_its_own_channels),
		cmocka_unit_test(a_name_that_is_too_long_finds_nothing),
		cmocka_unit_test(each_table_has_its_own_hash_key),
		cmocka_unit_test(a_new_channel_is_empty_and_owns_its_name),
		cmocka_unit_test(
			the_list_of_live_channels_has_durable_ones_only),
		cmocka_unit_test(a_removed_channel_releases_its_stash),
		cmocka_unit_test(members_join_and_leave_in_any_order),
		cmocka_unit_test(
			the_last_member_takes_the_place_of_one_that_leaves),
	};

	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
