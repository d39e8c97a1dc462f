/* SPDX-License-Identifier: MIT
 *
 * relay/channels/stash against a model: a table with a place for each id.
 */
#include "relay/channels/stash.h"

#include "tests/unit/unit.h"

#define IDS 300

struct model {
	struct frame *frames[IDS]; /* by id, NULL: not there */
	uint64_t excludes[IDS];
};

static void compare(const struct stash *stash, const struct model *model)
{
	const struct stash_entry *first = stash_first(stash);
	size_t bytes = 0, count = 0, id, lowest = IDS;

	for (id = IDS; id-- > 0;)
		if (model->frames[id] != NULL) {
			bytes += model->frames[id]->len;
			count++;
			lowest = id;
		}
	assert_int_equal(stash->bytes, bytes);
	assert_int_equal(stash->end - stash->start, count);
	if (count == 0) {
		assert_null(first);
		return;
	}
	assert_int_equal(first->id, lowest);
	assert_ptr_equal(first->frame, model->frames[lowest]);
	assert_int_equal(first->exclude, model->excludes[lowest]);
}

static void put(struct stash *stash, struct model *model, size_t id,
		uint64_t exclude)
{
	char text[32];
	size_t len = (size_t)snprintf(text, sizeof(text), "%zu %llu", id,
				      (unsigned long long)exclude);
	struct frame *frame = frame_new(WS_OP_TEXT, span_of(text, len));

	stash_put(stash, (int64_t)id, frame, exclude);
	if (model->frames[id] == NULL) {
		model->frames[id] = frame;
		model->excludes[id] = exclude;
	}
	/* the stash has a reference of its own, or none */
	assert_int_equal(frame->refs, model->frames[id] == frame ? 2 : 1);
	frame_unref(frame);
}

static void drop_first(struct stash *stash, struct model *model)
{
	const struct stash_entry *first = stash_first(stash);

	if (first == NULL)
		return;
	model->frames[first->id] = NULL;
	frame_unref(stash_take(stash).frame);
}

/* order: how far from its turn an id may come; IDS: any order. */
static void run(uint32_t seed, size_t order)
{
	struct model model = { 0 };
	struct stash stash = STASH_INIT;
	size_t next = 0;
	int i;

	for (i = 0; i < 1500; i++) {
		uint32_t what = random_next(&seed) % 100;

		if (what < 55) {
			size_t id = (next + random_next(&seed) % order) % IDS;

			next += random_next(&seed) % 2;
			put(&stash, &model, id, random_next(&seed));
		} else if (what < 99) {
			drop_first(&stash, &model);
		} else {
			stash_clear(&stash);
			memset(&model, 0, sizeof(model));
		}
		compare(&stash, &model);
	}
	while (stash_first(&stash) != NULL) {
		drop_first(&stash, &model);
		compare(&stash, &model);
	}
	/* an empty stash costs nothing */
	assert_null(stash.entries);
}

TEST(a_stash_behaves_like_a_table_of_ids)
{
	uint32_t seed;

	for (seed = 1; seed <= 40; seed++) {
		run(seed, 1);
		run(seed, 10);
		run(seed, IDS);
	}
}

TEST(events_that_arrive_in_reverse_leave_in_order)
{
	struct frame *frame = frame_new(WS_OP_TEXT, SPAN("x"));
	struct stash stash = STASH_INIT;
	int64_t id;

	for (id = 1000; id > 0; id--)
		stash_put(&stash, id, frame, 0);
	for (id = 1; id <= 1000; id++) {
		struct stash_entry entry = stash_take(&stash);

		assert_int_equal(entry.id, id);
		frame_unref(entry.frame);
	}
	assert_null(stash_first(&stash));
	assert_int_equal(frame->refs, 1);
	frame_unref(frame);
}

TEST(an_id_that_arrives_again_changes_nothing)
{
	struct frame *one = frame_new(WS_OP_TEXT, SPAN("one"));
	struct frame *two = frame_new(WS_OP_TEXT, SPAN("other"));
	struct stash stash = STASH_INIT;

	stash_put(&stash, INT64_MAX, one, 7);
	stash_put(&stash, INT64_MAX, two, 8);
	assert_ptr_equal(stash_first(&stash)->frame, one);
	assert_int_equal(stash_first(&stash)->exclude, 7);
	assert_int_equal(stash.bytes, one->len);
	assert_int_equal(two->refs, 1);
	stash_clear(&stash);
	assert_int_equal(stash.bytes, 0);
	frame_unref(one);
	frame_unref(two);
}

/* A stash that is emptied at its front and filled at its end moves within its
 * memory instead of growing. */
TEST(a_stash_that_is_always_short_uses_little_memory)
{
	struct frame *frame = frame_new(WS_OP_TEXT, SPAN("x"));
	struct stash stash = STASH_INIT;
	int64_t id;

	for (id = 1; id <= 5; id++)
		stash_put(&stash, id, frame, 0);
	for (; id <= 100000; id++) {
		stash_put(&stash, id, frame, 0);
		frame_unref(stash_take(&stash).frame);
	}
	assert_in_range(stash.cap, 1, 32);
	assert_int_equal(stash_first(&stash)->id, id - 5);
	stash_clear(&stash);
	frame_unref(frame);
}

TEST(stashes_of_one_pool_share_its_bytes)
{
	struct frame *frame = frame_new(WS_OP_TEXT, SPAN("0123456789"));
	struct stash_pool pool = { .max_bytes = 3 * frame->len };
	struct stash a = STASH_INIT, b = STASH_INIT;

	assert_int_equal(stash_pool_put(&pool, &a, 1, frame, 0), 0);
	assert_int_equal(stash_pool_put(&pool, &b, 1, frame, 0), 0);
	/* an id that arrives again takes no bytes */
	assert_int_equal(stash_pool_put(&pool, &b, 1, frame, 0), 0);
	assert_int_equal(stash_pool_put(&pool, &b, 2, frame, 0), 0);
	assert_int_equal(pool.bytes, pool.max_bytes);
	assert_int_equal(stash_pool_put(&pool, &a, 2, frame, 0), -1);
	assert_int_equal(stash_count(&a), 1);
	frame_unref(stash_pool_take(&pool, &b).frame);
	assert_int_equal(stash_pool_put(&pool, &a, 2, frame, 0), 0);
	stash_pool_clear(&pool, &a);
	assert_int_equal(pool.bytes, frame->len);
	stash_pool_clear(&pool, &b);
	assert_int_equal(pool.bytes, 0);
	frame_unref(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stashes_of_one_pool_share_its_bytes),
		cmocka_unit_test(a_stash_behaves_like_a_table_of_ids),
		cmocka_unit_test(events_that_arrive_in_reverse_leave_in_order),
		cmocka_unit_test(an_id_that_arrives_again_changes_nothing),
		cmocka_unit_test(
			a_stash_that_is_always_short_uses_little_memory),
	};

	return cmocka_run_group_tests_name("stash", tests, NULL, NULL);
}
