/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/batch: which posts go into the log together, and that each
 * gets the answer that it would have got alone.
 */
#include "messages-fcgi/log/batch.h"

#include "tests/unit/unit.h"

#define POSTS 400

struct fixture {
	struct post posts[POSTS];
	struct post *order[POSTS];
	size_t count;
};

/* Adds one with this key and text; returns it. */
static struct post *add(struct fixture *f, const char *channel, int key,
			const char *text)
{
	struct post *post = &f->posts[f->count];

	memset(post, 0, sizeof(*post));
	post->entry.event.channel = span_str(channel);
	post->entry.event.event = SPAN(EVENT_NEW_MESSAGE);
	post->entry.event.name = SPAN("Ada");
	post->entry.event.text = span_str(text);
	memcpy(post->entry.key, &key, sizeof(key));
	/* what was left from an earlier batch */
	post->repeat = post;
	f->order[f->count++] = post;
	return post;
}

static void store(struct batch *batch, size_t i, enum entry_outcome outcome,
		  int64_t id)
{
	batch->entries[i]->outcome = outcome;
	batch->entries[i]->event.id = id;
	batch->entries[i]->event.time_ms = 1000 + id;
}

static void expect_answer(const struct post *post, enum post_outcome outcome,
			  int64_t id)
{
	assert_int_equal(post->outcome, outcome);
	if (id == 0)
		return;
	assert_int_equal(post->entry.event.id, id);
	assert_int_equal(post->entry.event.time_ms, 1000 + id);
}

TEST(posts_with_keys_of_their_own_go_in_their_order)
{
	static struct fixture f;
	struct batch batch;
	int i;

	f.count = 0;
	for (i = 0; i < 5; i++)
		add(&f, "messages", i, "hello");
	batch_fill(&batch, f.order, f.count);
	assert_int_equal(batch.count, 5);
	for (i = 0; i < 5; i++) {
		assert_ptr_equal(batch.posts[i], &f.posts[i]);
		assert_ptr_equal(batch.entries[i], &f.posts[i].entry);
		assert_null(batch.posts[i]->repeat);
		store(&batch, (size_t)i, ENTRY_STORED, 10 + i);
	}
	batch_settle(&batch);
	for (i = 0; i < 5; i++)
		expect_answer(&f.posts[i], POST_STORED, 10 + i);
}

TEST(an_empty_batch_is_one)
{
	struct batch batch;

	batch_fill(&batch, NULL, 0);
	assert_int_equal(batch.count, 0);
	batch_settle(&batch);
	assert_true(batch_is_one_channel(&batch));
}

TEST(repetitions_get_the_answer_of_the_first)
{
	static struct fixture f;
	struct batch batch;
	size_t i;

	f.count = 0;
	add(&f, "messages", 1, "hello");
	add(&f, "messages", 2, "other");
	for (i = 0; i < 3; i++)
		add(&f, "messages", 1, "hello");
	batch_fill(&batch, f.order, f.count);
	assert_int_equal(batch.count, 2);
	store(&batch, 0, ENTRY_STORED, 7);
	store(&batch, 1, ENTRY_STORED, 8);
	batch_settle(&batch);
	expect_answer(&f.posts[0], POST_STORED, 7);
	expect_answer(&f.posts[1], POST_STORED, 8);
	for (i = 2; i < 5; i++)
		expect_answer(&f.posts[i], POST_REPEATED, 7);
}

TEST(what_the_log_says_of_the_first_goes_for_its_repetitions)
{
	static struct fixture f;
	struct batch batch;

	f.count = 0;
	add(&f, "messages", 1, "a");
	add(&f, "messages", 1, "a");
	add(&f, "messages", 2, "b");
	add(&f, "messages", 2, "b");
	batch_fill(&batch, f.order, f.count);
	store(&batch, 0, ENTRY_REPEATED, 3);
	store(&batch, 1, ENTRY_CONFLICT, 0);
	batch_settle(&batch);
	expect_answer(&f.posts[0], POST_REPEATED, 3);
	expect_answer(&f.posts[1], POST_REPEATED, 3);
	expect_answer(&f.posts[2], POST_CONFLICT, 0);
	expect_answer(&f.posts[3], POST_CONFLICT, 0);
}

TEST(one_that_repeats_a_key_with_another_event_waits_for_the_next_batch)
{
	static struct fixture f;
	struct batch batch;

	f.count = 0;
	add(&f, "messages", 1, "a");
	add(&f, "messages", 1, "b");
	add(&f, "messages", 1, "a");
	batch_fill(&batch, f.order, f.count);
	assert_int_equal(batch.count, 1);
	store(&batch, 0, ENTRY_STORED, 1);
	batch_settle(&batch);
	expect_answer(&f.posts[0], POST_STORED, 1);
	/* not answered, and in nobody's list */
	expect_answer(&f.posts[1], POST_WAITING, 0);
	assert_null(f.posts[1].repeat);
	expect_answer(&f.posts[2], POST_REPEATED, 1);
}

TEST(a_key_counts_within_its_channel)
{
	static struct fixture f;
	struct batch batch;

	f.count = 0;
	add(&f, "one", 1, "a");
	batch_fill(&batch, f.order, f.count);
	assert_true(batch_is_one_channel(&batch));
	add(&f, "one", 2, "a");
	batch_fill(&batch, f.order, f.count);
	assert_true(batch_is_one_channel(&batch));
	add(&f, "two", 1, "a");
	batch_fill(&batch, f.order + 1, 2);
	assert_false(batch_is_one_channel(&batch));
	batch_fill(&batch, f.order, f.count);
	assert_int_equal(batch.count, 3);
	assert_false(batch_is_one_channel(&batch));
}

TEST(a_batch_ends_when_it_is_full)
{
	static struct fixture f;
	struct batch batch;
	int i;

	f.count = 0;
	for (i = 0; i < BATCH_MAX - 1; i++)
		add(&f, "messages", i, "a");
	/* a repetition takes no room, one that is left out neither */
	add(&f, "messages", 0, "a");
	add(&f, "messages", 0, "b");
	add(&f, "messages", BATCH_MAX, "a");
	add(&f, "messages", BATCH_MAX + 1, "a");
	batch_fill(&batch, f.order, f.count);
	assert_int_equal(batch.count, BATCH_MAX);
	assert_ptr_equal(batch.posts[BATCH_MAX - 1], &f.posts[f.count - 2]);
	assert_ptr_equal(f.posts[0].repeat, &f.posts[BATCH_MAX - 1]);
	/* the batch did not get to the last one, a repetition or not */
	assert_ptr_equal(f.posts[f.count - 1].repeat, &f.posts[f.count - 1]);
}

/* The posts in batches until all are answered, against a log that stores in
 * order and knows its keys: each is stored once, and gets what the same posts
 * one after the other would get. */
static void run_all(struct fixture *f, int64_t ids[8], char texts[8])
{
	size_t left = f->count, i, kept;
	int64_t head = 0;

	while (left > 0) {
		struct batch batch;

		batch_fill(&batch, f->order, left);
		assert_true(batch.count > 0);
		for (i = 0; i < batch.count; i++) {
			int key = batch.entries[i]->key[0];
			char text = batch.entries[i]->event.text.ptr[0];

			if (ids[key] == 0) {
				ids[key] = ++head;
				texts[key] = text;
				store(&batch, i, ENTRY_STORED, head);
			} else {
				store(&batch, i,
				      texts[key] == text ? ENTRY_REPEATED
							 : ENTRY_CONFLICT,
				      ids[key]);
			}
		}
		batch_settle(&batch);
		for (i = kept = 0; i < left; i++)
			if (f->order[i]->outcome == POST_WAITING)
				f->order[kept++] = f->order[i];
		assert_true(kept < left);
		left = kept;
	}
}

TEST(every_post_gets_its_answer_in_the_end)
{
	static struct fixture f;
	uint32_t seed;

	for (seed = 1; seed <= 300; seed++) {
		static const char *const texts[] = { "a", "b" };
		char stored_text[8] = { 0 };
		int64_t ids[8] = { 0 }, seen[8] = { 0 };
		uint32_t random = seed;
		size_t i;

		f.count = 0;
		for (i = 0; i < 40; i++) {
			int key = (int)(random_next(&random) % 8);

			add(&f, "messages", key,
			    texts[random_next(&random) % 5 == 0]);
		}
		run_all(&f, ids, stored_text);
		for (i = 0; i < f.count; i++) {
			const struct post *post = &f.posts[i];
			int key = post->entry.key[0];
			bool is_same = post->entry.event.text.ptr[0] ==
				       stored_text[key];

			if (!is_same)
				expect_answer(post, POST_CONFLICT, 0);
			else if (seen[key]++ == 0)
				expect_answer(post, POST_STORED, ids[key]);
			else
				expect_answer(post, POST_REPEATED, ids[key]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			posts_with_keys_of_their_own_go_in_their_order),
		cmocka_unit_test(an_empty_batch_is_one),
		cmocka_unit_test(repetitions_get_the_answer_of_the_first),
		cmocka_unit_test(
			what_the_log_says_of_the_first_goes_for_its_repetitions),
		cmocka_unit_test(
			one_that_repeats_a_key_with_another_event_waits_for_the_next_batch),
		cmocka_unit_test(a_key_counts_within_its_channel),
		cmocka_unit_test(a_batch_ends_when_it_is_full),
		cmocka_unit_test(every_post_gets_its_answer_in_the_end),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
