/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/log/inbox: posts arrive in their order, and no more than there
 * is room for.
 */
#include "messages-fcgi/log/inbox.h"

#include <pthread.h>
#include <stdatomic.h>

#include "common/base/clock.h"
#include "tests/unit/unit.h"

#define ROOM 4
#define LONG_MS 60000

static struct inbox *inbox;
static struct post posts[2 * ROOM];

static int set_up(void **state)
{
	(void)state;
	inbox = inbox_new(ROOM);
	memset(posts, 0, sizeof(posts));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	inbox_free(inbox);
	return 0;
}

static void put_post(size_t i)
{
	inbox_put(inbox, &posts[i], &posts[i], 1);
}

static struct post *take_posts(bool is_idle, bool is_open)
{
	struct post *taken;

	assert_int_equal(inbox_take(inbox, clock_ms(), is_idle, &taken),
			 is_open);
	return taken;
}

TEST(all_posts_are_taken_in_the_order_of_their_arrival)
{
	struct post *taken;

	put_post(0);
	posts[1].next = &posts[2];
	inbox_put(inbox, &posts[1], &posts[2], 2);
	put_post(3);
	taken = take_posts(true, true);
	assert_ptr_equal(taken, &posts[0]);
	assert_ptr_equal(taken->next, &posts[1]);
	assert_ptr_equal(taken->next->next, &posts[2]);
	assert_ptr_equal(taken->next->next->next, &posts[3]);
	assert_null(posts[3].next);
	assert_null(take_posts(true, true));

	inbox_make_room(inbox, 4);
	put_post(4);
	assert_ptr_equal(take_posts(true, true), &posts[4]);
}

TEST(a_take_waits_until_its_time_is_up)
{
	int64_t until_ms = clock_ms() + 20;
	struct post *taken;

	assert_true(inbox_take(inbox, until_ms, true, &taken));
	assert_null(taken);
	assert_true(clock_ms() >= until_ms);
}

static void *put_from_a_thread(void *arg)
{
	put_post(0);
	return arg;
}

TEST(a_post_ends_the_wait)
{
	struct post *taken;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, put_from_a_thread, NULL),
			 0);
	assert_true(inbox_take(inbox, clock_ms() + LONG_MS, true, &taken));
	assert_ptr_equal(taken, &posts[0]);
	pthread_join(thread, NULL);
}

TEST(a_closed_inbox_gives_its_posts_first)
{
	put_post(0);
	inbox_close(inbox);
	assert_ptr_equal(take_posts(true, true), &posts[0]);
	assert_null(take_posts(true, false));
	assert_null(take_posts(false, false));
}

TEST(only_an_idle_caller_leaves_a_closed_inbox_at_once)
{
	int64_t until_ms;
	struct post *taken;

	inbox_close(inbox);
	until_ms = clock_ms() + LONG_MS;
	assert_false(inbox_take(inbox, until_ms, true, &taken));
	assert_true(clock_ms() < until_ms);
	until_ms = clock_ms() + 20;
	assert_false(inbox_take(inbox, until_ms, false, &taken));
	assert_true(clock_ms() >= until_ms);
}

static void *close_from_a_thread(void *arg)
{
	inbox_close(inbox);
	return arg;
}

TEST(closing_ends_the_wait_of_an_idle_caller)
{
	struct post *taken;
	pthread_t thread;

	assert_int_equal(
		pthread_create(&thread, NULL, close_from_a_thread, NULL), 0);
	assert_false(inbox_take(inbox, clock_ms() + LONG_MS, true, &taken));
	pthread_join(thread, NULL);
}

static atomic_bool is_put;

static void *put_two(void *arg)
{
	posts[ROOM].next = &posts[ROOM + 1];
	inbox_put(inbox, &posts[ROOM], &posts[ROOM + 1], 2);
	atomic_store(&is_put, true);
	return arg;
}

TEST(a_full_inbox_blocks_until_there_is_room_for_all)
{
	struct post *taken;
	pthread_t thread;
	size_t i;

	for (i = 0; i < ROOM; i++)
		put_post(i);
	assert_int_equal(pthread_create(&thread, NULL, put_two, NULL), 0);
	/* taken posts still occupy their room, and one place is too few */
	assert_ptr_equal(take_posts(true, true), &posts[0]);
	inbox_make_room(inbox, 1);
	assert_true(inbox_take(inbox, clock_ms() + 20, true, &taken));
	assert_null(taken);
	assert_false(atomic_load(&is_put));
	inbox_make_room(inbox, 1);
	assert_true(inbox_take(inbox, clock_ms() + LONG_MS, true, &taken));
	assert_ptr_equal(taken, &posts[ROOM]);
	assert_ptr_equal(taken->next, &posts[ROOM + 1]);
	pthread_join(thread, NULL);
}

#define INBOX_TEST(test)                                                       \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		INBOX_TEST(all_posts_are_taken_in_the_order_of_their_arrival),
		INBOX_TEST(a_take_waits_until_its_time_is_up),
		INBOX_TEST(a_post_ends_the_wait),
		INBOX_TEST(a_closed_inbox_gives_its_posts_first),
		INBOX_TEST(only_an_idle_caller_leaves_a_closed_inbox_at_once),
		INBOX_TEST(closing_ends_the_wait_of_an_idle_caller),
		INBOX_TEST(a_full_inbox_blocks_until_there_is_room_for_all),
	};

	return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
