/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/log/batch: which posts are committed together. Each gets the
 * outcome that it would get alone.
 */
#include "messages-fcgi/log/batch.h"

#include "tests/unit/unit.h"

#define POSTS 400

struct fixture {
	struct post posts[POSTS];
	struct post *list[POSTS];
	size_t count;
};

/* Adds a post with this key and text, and returns it. */
static struct post *add_post(struct fixture *f, const char *channel, int key,
			     const char *text)
{
	struct post *post = &f->posts[f->count];

	memset(post, 0, sizeof(*post));
	post->entry.event.channel = span_str(channel);
	post->entry.event.event = SPAN(EVENT_NEW_MESSAGE);
	post->entry.event.name = SPAN("Ada");
	post->entry.event.text = span_str(text);
	memcpy(post->entry.key, &key, sizeof(key));
	/* left over from an earlier batch */
	post->repeat = post;
	f->list[f->count++] = post;
	return post;
}

static void store(struct batch *batch, size_t i, enum entry_outcome outcome,
		  int64_t id)
{
	batch->entries[i]->outcome = outcome;
	batch->entries[i]->event.id = id;
	batch->entries[i]->event.time_ms = 1000 + id;
}

static void expect_outcome(const struct post *post, enum post_outcome outcome,
			   int64_t id)
{
	assert_int_equal(post->outcome, outcome);
	if (id == 0)
		return;
	assert_int_equal(post->entry.event.id, id);
	assert_int_equal(post->entry.event.time_ms, 1000 + id);
}

TEST(posts_with_different_keys_keep_their_order)
{
	static struct fixture f;
	struct batch batch;
	int i;

	f.count = 0;
	for (i = 0; i < 5; i++)
		add_post(&f, "messages", i, "hello");
	batch_fill(&batch, f.list, f.count);
	assert_int_equal(batch.count, 5);
	for (i = 0; i < 5; i++) {
		assert_ptr_equal(batch.posts[i], &f.posts[i]);
		assert_ptr_equal(batch.entries[i], &f.posts[i].entry);
		assert_null(batch.posts[i]->repeat);
		store(&batch, (size_t)i, ENTRY_STORED, 10 + i);
	}
	batch_settle(&batch);
	for (i = 0; i < 5; i++)
		expect_outcome(&f.posts[i], POST_STORED, 10 + i);
}

TEST(no_posts_make_an_empty_batch)
{
	struct batch batch;

	batch_fill(&batch, NULL, 0);
	assert_int_equal(batch.count, 0);
	batch_settle(&batch);
	assert_true(batch_is_one_channel(&batch));
}

TEST(repetitions_get_the_id_of_the_first_post)
{
	static struct fixture f;
	struct batch batch;
	size_t i;

	f.count = 0;
	add_post(&f, "messages", 1, "hello");
	add_post(&f, "messages", 2, "other");
	for (i = 0; i < 3; i++)
		add_post(&f, "messages", 1, "hello");
	batch_fill(&batch, f.list, f.count);
	assert_int_equal(batch.count, 2);
	store(&batch, 0, ENTRY_STORED, 7);
	store(&batch, 1, ENTRY_STORED, 8);
	batch_settle(&batch);
	expect_outcome(&f.posts[0], POST_STORED, 7);
	expect_outcome(&f.posts[1], POST_STORED, 8);
	for (i = 2; i < 5; i++)
		expect_outcome(&f.posts[i], POST_REPEATED, 7);
}

TEST(repetitions_share_the_outcome_of_the_first_post)
{
	static struct fixture f;
	struct batch batch;

	f.count = 0;
	add_post(&f, "messages", 1, "a");
	add_post(&f, "messages", 1, "a");
	add_post(&f, "messages", 2, "b");
	add_post(&f, "messages", 2, "b");
	batch_fill(&batch, f.list, f.count);
	store(&batch, 0, ENTRY_REPEATED, 3);
	store(&batch, 1, ENTRY_CONFLICT, 0);
	batch_settle(&batch);
	expect_outcome(&f.posts[0], POST_REPEATED, 3);
	expect_outcome(&f.posts[1], POST_REPEATED, 3);
	expect_outcome(&f.posts[2], POST_CONFLICT, 0);
	expect_outcome(&f.posts[3], POST_CONFLICT, 0);
}

TEST(a_key_with_another_event_waits_for_the_next_batch)
{
	static struct fixture f;
	struct batch batch;

	f.count = 0;
	add_post(&f, "messages", 1, "a");
	add_post(&f, "messages", 1, "b");
	add_post(&f, "messages", 1, "a");
	batch_fill(&batch, f.list, f.count);
	assert_int_equal(batch.count, 1);
	store(&batch, 0, ENTRY_STORED, 1);
	batch_settle(&batch);
	expect_outcome(&f.posts[0], POST_STORED, 1);
	/* without an outcome, and in no list of repetitions */
	expect_outcome(&f.posts[1], POST_WAITING, 0);
	assert_null(f.posts[1].repeat);
	expect_outcome(&f.posts[2], POST_REPEATED, 1);
}

TEST(the_same_key_in_two_channels_is_no_repetition)
{
	static struct fixture f;
	struct batch batch;

	f.count = 0;
	add_post(&f, "one", 1, "a");
	batch_fill(&batch, f.list, f.count);
	assert_true(batch_is_one_channel(&batch));
	add_post(&f, "one", 2, "a");
	batch_fill(&batch, f.list, f.count);
	assert_true(batch_is_one_channel(&batch));
	add_post(&f, "two", 1, "a");
	batch_fill(&batch, f.list + 1, 2);
	assert_false(batch_is_one_channel(&batch));
	batch_fill(&batch, f.list, f.count);
	assert_int_equal(batch.count, 3);
	assert_false(batch_is_one_channel(&batch));
}

TEST(a_batch_holds_at_most_batch_max_posts)
{
	static struct fixture f;
	struct batch batch;
	int i;

	f.count = 0;
	for (i = 0; i < BATCH_MAX - 1; i++)
		add_post(&f, "messages", i, "a");
	/* a repetition takes no room, nor does a post that is left out */
	add_post(&f, "messages", 0, "a");
	add_post(&f, "messages", 0, "b");
	add_post(&f, "messages", BATCH_MAX, "a");
	add_post(&f, "messages", BATCH_MAX + 1, "a");
	batch_fill(&batch, f.list, f.count);
	assert_int_equal(batch.count, BATCH_MAX);
	assert_ptr_equal(batch.posts[BATCH_MAX - 1], &f.posts[f.count - 2]);
	assert_ptr_equal(f.posts[0].repeat, &f.posts[BATCH_MAX - 1]);
	/* batch_fill stopped before the last post */
	assert_ptr_equal(f.posts[f.count - 1].repeat, &f.posts[f.count - 1]);
}

/* Runs batches until every post has an outcome, against a model of the log that
 * stores each key once. */
static void run_all(struct fixture *f, int64_t ids[8], char texts[8])
{
	size_t left = f->count, i, kept;
	int64_t head = 0;

	while (left > 0) {
		struct batch batch;

		batch_fill(&batch, f->list, left);
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
			if (f->list[i]->outcome == POST_WAITING)
				f->list[kept++] = f->list[i];
		assert_true(kept < left);
		left = kept;
	}
}

TEST(batches_give_each_post_the_outcome_it_would_get_alone)
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

			add_post(&f, "messages", key,
				 texts[random_next(&random) % 5 == 0]);
		}
		run_all(&f, ids, stored_text);
		for (i = 0; i < f.count; i++) {
			const struct post *post = &f.posts[i];
			int key = post->entry.key[0];
			bool is_same = post->entry.event.text.ptr[0] ==
				       stored_text[key];

			if (!is_same)
				expect_outcome(post, POST_CONFLICT, 0);
			else if (seen[key]++ == 0)
				expect_outcome(post, POST_STORED, ids[key]);
			else
				expect_outcome(post, POST_REPEATED, ids[key]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(posts_with_different_keys_keep_their_order),
		cmocka_unit_test(no_posts_make_an_empty_batch),
		cmocka_unit_test(repetitions_get_the_id_of_the_first_post),
		cmocka_unit_test(
			repetitions_share_the_outcome_of_the_first_post),
		cmocka_unit_test(
			a_key_with_another_event_waits_for_the_next_batch),
		cmocka_unit_test(the_same_key_in_two_channels_is_no_repetition),
		cmocka_unit_test(a_batch_holds_at_most_batch_max_posts),
		cmocka_unit_test(
			batches_give_each_post_the_outcome_it_would_get_alone),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
