/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/log/pending: which posts are committed next, and which are
 * refused.
 */
#include "messages-fcgi/log/pending.h"

#include "tests/unit/unit.h"

#define POSTS 8
#define DEADLINE_MS 5000
#define LOCK_TIMEOUT_MS 1000
/* when a channel that is locked at 1 ms is probed again */
#define REFUSED_MS (LOCK_TIMEOUT_MS + 1 + PENDING_REFUSE_MS)

struct fixture {
	struct pending pending;
	struct post posts[POSTS];
	size_t count;
	int keys;
};

static struct fixture f;

static int set_up(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	return 0;
}

static struct post *add_post(const char *channel)
{
	struct post *post = &f.posts[f.count++];

	assert_true(f.count <= POSTS);
	post->entry.event.channel = span_str(channel);
	post->deadline_ms = DEADLINE_MS;
	memcpy(post->entry.key, &f.keys, sizeof(f.keys));
	f.keys++;
	pending_add(&f.pending, post);
	return post;
}

/* The first letters of the channels in the next batch. */
static const char *choose(int64_t now_ms)
{
	static char names[POSTS + 1];
	size_t i;

	pending_choose(&f.pending, now_ms);
	for (i = 0; i < f.pending.batch.count; i++)
		names[i] = f.pending.batch.entries[i]->event.channel.ptr[0];
	names[i] = '\0';
	return names;
}

static bool commit(void)
{
	size_t i;

	for (i = 0; i < f.pending.batch.count; i++)
		f.pending.batch.entries[i]->outcome = ENTRY_STORED;
	return pending_committed(&f.pending);
}

static bool fail_locked(int64_t began_ms, int64_t now_ms)
{
	return pending_locked(&f.pending, began_ms, now_ms, LOCK_TIMEOUT_MS);
}

TEST(a_batch_has_the_posts_of_all_channels)
{
	struct post *posts[3];
	size_t i;

	posts[0] = add_post("a");
	posts[1] = add_post("b");
	posts[2] = add_post("a");
	assert_string_equal(choose(0), "aba");
	assert_false(commit());
	assert_int_equal(pending_remove_answered(&f.pending), 3);
	for (i = 0; i < 3; i++) {
		assert_ptr_equal(f.pending.selected[i], posts[i]);
		assert_int_equal(posts[i]->outcome, POST_STORED);
	}
	assert_int_equal(f.pending.count, 0);
	assert_string_equal(choose(0), "");
}

TEST(a_list_of_posts_is_added_in_its_order)
{
	f.posts[0].next = &f.posts[1];
	f.posts[1].next = &f.posts[2];
	pending_add(&f.pending, f.posts);
	pending_add(&f.pending, NULL);
	assert_int_equal(f.pending.count, 3);
	assert_ptr_equal(f.pending.posts[0], &f.posts[0]);
	assert_ptr_equal(f.pending.posts[2], &f.posts[2]);
}

TEST(posts_without_an_outcome_stay_pending_in_their_order)
{
	struct post *first = add_post("a"), *second = add_post("b");
	struct post *third = add_post("c");

	second->outcome = POST_CONFLICT;
	assert_int_equal(pending_remove_answered(&f.pending), 1);
	assert_ptr_equal(f.pending.selected[0], second);
	assert_int_equal(f.pending.count, 2);
	assert_ptr_equal(f.pending.posts[0], first);
	assert_ptr_equal(f.pending.posts[1], third);
}

TEST(suspects_are_probed_alone_and_in_turns_with_the_others)
{
	add_post("a");
	add_post("b");
	assert_string_equal(choose(0), "ab");
	assert_false(fail_locked(0, 100));
	add_post("c");
	/* no other post waits for its own channel's lock */
	assert_string_equal(choose(100), "a");
	assert_false(fail_locked(100, 200));
	assert_string_equal(choose(200), "c");
	assert_false(commit());
	pending_remove_answered(&f.pending);
	/* the other suspect comes before the first one's second probe */
	assert_string_equal(choose(300), "b");
	assert_false(commit());
	pending_remove_answered(&f.pending);
	assert_string_equal(choose(400), "a");
	assert_false(commit());
	pending_remove_answered(&f.pending);
	/* both are free again */
	add_post("a");
	add_post("b");
	assert_string_equal(choose(500), "ab");
}

TEST(a_channel_that_stays_locked_is_refused_and_probed_again)
{
	struct post *locked = add_post("a"), *other, *later;

	choose(1);
	assert_false(fail_locked(1, LOCK_TIMEOUT_MS));
	assert_int_equal(locked->outcome, POST_WAITING);
	choose(LOCK_TIMEOUT_MS);
	assert_true(fail_locked(LOCK_TIMEOUT_MS, LOCK_TIMEOUT_MS + 1));
	assert_int_equal(locked->outcome, POST_UNAVAILABLE);
	pending_remove_answered(&f.pending);

	/* refused at once, while others are committed */
	later = add_post("a");
	other = add_post("b");
	assert_string_equal(choose(REFUSED_MS - 1), "b");
	assert_int_equal(later->outcome, POST_UNAVAILABLE);
	commit();
	assert_int_equal(other->outcome, POST_STORED);
	pending_remove_answered(&f.pending);

	/* still locked, which is reported once */
	add_post("a");
	assert_string_equal(choose(REFUSED_MS), "a");
	assert_false(fail_locked(REFUSED_MS, REFUSED_MS + 1));
	pending_remove_answered(&f.pending);

	add_post("a");
	assert_string_equal(choose(REFUSED_MS + PENDING_REFUSE_MS + 1), "a");
	assert_true(commit());
	assert_string_equal(choose(REFUSED_MS + PENDING_REFUSE_MS + 2), "");
}

TEST(expired_posts_are_refused)
{
	struct post *first = add_post("a"), *second = add_post("a");

	assert_int_equal(pending_deadline_ms(&f.pending), DEADLINE_MS);
	second->deadline_ms = DEADLINE_MS - 1000;
	assert_int_equal(pending_deadline_ms(&f.pending), DEADLINE_MS - 1000);
	assert_int_equal(pending_refuse_expired(&f.pending, DEADLINE_MS - 1001),
			 0);
	assert_int_equal(pending_refuse_expired(&f.pending, DEADLINE_MS - 1000),
			 1);
	assert_int_equal(first->outcome, POST_WAITING);
	assert_int_equal(second->outcome, POST_UNAVAILABLE);
	assert_string_equal(choose(0), "a");
	assert_int_equal(pending_refuse_all(&f.pending), 1);
	assert_int_equal(first->outcome, POST_UNAVAILABLE);
	assert_int_equal(pending_remove_answered(&f.pending), 2);
	assert_int_equal(pending_deadline_ms(&f.pending), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_batch_has_the_posts_of_all_channels,
				       set_up),
		cmocka_unit_test_setup(a_list_of_posts_is_added_in_its_order,
				       set_up),
		cmocka_unit_test_setup(
			posts_without_an_outcome_stay_pending_in_their_order,
			set_up),
		cmocka_unit_test_setup(
			suspects_are_probed_alone_and_in_turns_with_the_others,
			set_up),
		cmocka_unit_test_setup(
			a_channel_that_stays_locked_is_refused_and_probed_again,
			set_up),
		cmocka_unit_test_setup(expired_posts_are_refused, set_up),
	};

	return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
