/* SPDX-License-Identifier: MIT
 *
 * relay/channels/cache_wait: each member gets one answer, to a question that
 * was sent after it joined, or none if a newer event reached it.
 */
#include "relay/channels/cache_wait.h"

#include "tests/unit/unit.h"

#define MEMBERS 4

static char app_id[] = "1";
static const struct app app = { .id = app_id };

struct fixture {
	struct channel_table table;
	struct channel *channel;
	struct subscription subscriptions[MEMBERS];
	struct subscriber subscribers[MEMBERS];
};

static void set_up(struct fixture *f)
{
	uint64_t i;

	*f = (struct fixture){ 0 };
	channel_table_init(&f->table);
	f->channel = channel_add(&f->table, &app, SPAN("cache-c"), false);
	for (i = 0; i < MEMBERS; i++)
		f->subscribers[i].socket_id = i + 1;
}

static void tear_down(struct fixture *f)
{
	size_t i;

	for (i = 0; i < MEMBERS; i++)
		if (f->subscriptions[i].channel != NULL)
			channel_leave(&f->subscriptions[i]);
	channel_remove(&f->table, f->channel);
}

static void join_member(struct fixture *f, size_t i)
{
	channel_join(f->channel, &f->subscriptions[i], &f->subscribers[i]);
	cache_wait_join(&f->subscriptions[i]);
}

/* members: their socket ids, a digit each, in the order of the channel. */
static void assert_taken(struct fixture *f, uint32_t number,
			 const char *members)
{
	char taken[MEMBERS + 1] = "";
	struct subscriber *subscriber;
	uint32_t at = 0;
	size_t count = 0;

	while ((subscriber = cache_wait_take(f->channel, number, &at)) != NULL)
		taken[count++] = (char)('0' + subscriber->socket_id);
	assert_string_equal(taken, members);
}

TEST(each_member_that_waits_gets_the_answer_once)
{
	struct fixture f;

	set_up(&f);
	join_member(&f, 0);
	join_member(&f, 1);
	cache_wait_begin(f.channel, 7);
	assert_false(cache_wait_end(f.channel));
	assert_taken(&f, 7, "12");
	assert_taken(&f, 7, "");
	tear_down(&f);
}

TEST(a_member_that_joins_after_the_question_waits_for_the_next)
{
	struct fixture f;

	set_up(&f);
	join_member(&f, 0);
	assert_false(cache_wait_postpone(f.channel));
	cache_wait_begin(f.channel, 7);
	join_member(&f, 1);
	assert_true(cache_wait_postpone(f.channel));
	join_member(&f, 2);
	assert_true(cache_wait_postpone(f.channel));
	assert_true(cache_wait_end(f.channel));
	assert_taken(&f, 7, "1");
	cache_wait_begin(f.channel, 8);
	assert_false(cache_wait_end(f.channel));
	assert_taken(&f, 8, "23");
	tear_down(&f);
}

TEST(a_newer_event_takes_the_place_of_the_answer)
{
	struct fixture f;

	set_up(&f);
	join_member(&f, 0);
	join_member(&f, 1);
	cache_wait_begin(f.channel, 7);
	join_member(&f, 2);
	assert_true(cache_wait_postpone(f.channel));
	/* the second one has sent the event, and does not get it */
	cache_wait_drop(f.channel, 2);
	assert_true(cache_wait_end(f.channel));
	assert_taken(&f, 7, "2");
	cache_wait_begin(f.channel, 8);
	assert_taken(&f, 8, "");
	cache_wait_drop(f.channel, 0);
	(void)cache_wait_end(f.channel);
	tear_down(&f);
}

TEST(an_event_while_no_question_is_open_changes_nothing)
{
	struct fixture f;

	set_up(&f);
	join_member(&f, 0);
	cache_wait_drop(f.channel, 0);
	cache_wait_begin(f.channel, 7);
	assert_false(cache_wait_end(f.channel));
	assert_taken(&f, 7, "1");
	tear_down(&f);
}

TEST(numbers_rise_and_begin_again_at_one)
{
	assert_int_equal(cache_wait_number(0), 1);
	assert_int_equal(cache_wait_number(1), 2);
	assert_int_equal(cache_wait_number(UINT32_MAX - 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_that_waits_gets_the_answer_once),
		cmocka_unit_test(
			a_member_that_joins_after_the_question_waits_for_the_next),
		cmocka_unit_test(a_newer_event_takes_the_place_of_the_answer),
		cmocka_unit_test(
			an_event_while_no_question_is_open_changes_nothing),
		cmocka_unit_test(numbers_rise_and_begin_again_at_one),
	};

	return cmocka_run_group_tests_name("cache_wait", tests, NULL, NULL);
}
