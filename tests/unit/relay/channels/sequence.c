/* SPDX-License-Identifier: MIT
 *
 * relay/channels/sequence: every order in which six events may arrive, whatever
 * is lost, repeated or read from the log, against its promise: from the base on
 * each id is delivered once and in order.
 */
#include "relay/channels/sequence.h"

#include "tests/unit/unit.h"

#define IDS 6
#define ORDERS 720 /* of IDS events */

/* A frame for each id, of one length, so that a pool holds a known number. */
static struct frame *frames[2 * IDS + 1];

/* One subscriber and one log, and what the sequence between them has done. */
struct fixture {
	struct stash_pool pool;
	struct sequence sequence;
	int64_t base, last; /* what the subscriber has: base + 1 … last */
	int64_t log_first, log_last;
	int64_t page; /* events that a read brings at most */
	int reads;
};

static void release_frames(void)
{
	size_t i;

	for (i = 0; i < COUNT(frames); i++) {
		assert_int_equal(frames[i]->refs, 1);
		frame_unref(frames[i]);
	}
}

static void make_frames(void)
{
	size_t i;

	for (i = 0; i < COUNT(frames); i++) {
		char text[8];

		snprintf(text, sizeof(text), "%4zu", i);
		frames[i] = frame_new(WS_OP_TEXT, span_of(text, 4));
	}
}

static void set_up(struct fixture *f, size_t pool_events)
{
	*f = (struct fixture){ .page = 2 * IDS, .log_first = 1 };
	f->pool.max_bytes = pool_events * frames[0]->len;
	sequence_init(&f->sequence, &f->pool);
}

static void tear_down(struct fixture *f)
{
	sequence_reset(&f->sequence);
	assert_int_equal(f->pool.bytes, 0);
	assert_null(f->sequence.stash.entries);
}

static uint64_t exclude_of(int64_t id)
{
	return (uint64_t)id * 1000;
}

/* The promise, at each delivery. */
static void deliver(struct fixture *f, const struct frame *frame,
		    uint64_t exclude)
{
	f->last++;
	assert_ptr_equal(frame, frames[f->last]);
	assert_int_equal(exclude, exclude_of(f->last));
	assert_int_equal(f->sequence.delivered, f->last);
}

static void drain(struct fixture *f)
{
	struct stash_entry entry;

	while (sequence_next(&f->sequence, &entry)) {
		assert_int_equal(entry.id, f->last + 1);
		deliver(f, entry.frame, entry.exclude);
		frame_unref(entry.frame);
	}
}

static enum sequence_verdict arrive(struct fixture *f, int64_t id)
{
	bool is_due = f->sequence.is_started && id == f->last + 1;
	bool is_late = f->sequence.is_started && id <= f->last;
	enum sequence_verdict verdict =
		sequence_arrive(&f->sequence, id, frames[id], exclude_of(id));

	/* an event whose turn has come never waits */
	assert_int_equal(verdict == SEQUENCE_DELIVER, is_due);
	assert_int_equal(verdict == SEQUENCE_REPEATED, is_late);
	assert_true(f->pool.bytes <= f->pool.max_bytes);
	if (verdict == SEQUENCE_DELIVER) {
		deliver(f, frames[id], exclude_of(id));
		drain(f);
	}
	return verdict;
}

static void start(struct fixture *f, int64_t base)
{
	f->base = f->last = base;
	sequence_start(&f->sequence, base);
	drain(f);
}

/* Reads the hole once, of a log whose head is log_last then. */
static enum sequence_outcome read_once(struct fixture *f)
{
	int64_t from_id, to_id, id;

	sequence_find_hole(&f->sequence, &from_id, &to_id);
	assert_int_equal(from_id, f->last + 1);
	assert_true(to_id >= from_id);
	f->reads++;
	id = from_id < f->log_first ? f->log_first : from_id;
	for (; id <= to_id && id <= f->log_last && id < from_id + f->page; id++)
		(void)arrive(f, id);
	return sequence_end_read(&f->sequence, from_id, f->log_last);
}

/* Reads until nothing is missing. */
static void heal(struct fixture *f)
{
	while (sequence_has_hole(&f->sequence)) {
		enum sequence_outcome outcome = read_once(f);

		assert_int_not_equal(outcome, SEQUENCE_LOST);
		assert_int_equal(outcome == SEQUENCE_INCOMPLETE,
				 sequence_has_hole(&f->sequence));
		assert_true(f->reads <= 3 * IDS);
	}
}

/* The order of that number: each of 1 … IDS once. */
static void make_order(int number, int64_t order[IDS])
{
	int64_t left[IDS];
	int i, j, at;

	for (i = 0; i < IDS; i++)
		left[i] = i + 1;
	for (i = IDS; i > 0; i--) {
		at = number % i;
		number /= i;
		order[IDS - i] = left[at];
		for (j = at; j + 1 < i; j++)
			left[j] = left[j + 1];
	}
}

/* The highest id up to which all are among the first count of order, which
 * arrive where the bit of their id in lost is 0. */
static int64_t whole_up_to(const int64_t order[IDS], int count, unsigned lost)
{
	unsigned there = 0;
	int64_t id;
	int i;

	for (i = 0; i < count; i++)
		there |= 1u << order[i];
	there &= ~lost;
	for (id = 1; id <= IDS && (there & (1u << id)) != 0; id++)
		;
	return id - 1;
}

TEST(events_in_any_order_are_delivered_as_soon_as_it_is_their_turn)
{
	int64_t order[IDS];
	int number, i;

	for (number = 0; number < ORDERS; number++) {
		struct fixture f;

		set_up(&f, IDS);
		make_order(number, order);
		start(&f, 0);
		for (i = 0; i < IDS; i++) {
			(void)arrive(&f, order[i]);
			assert_int_equal(f.last, whole_up_to(order, i + 1, 0));
		}
		assert_int_equal(f.last, IDS);
		assert_false(sequence_has_hole(&f.sequence));
		tear_down(&f);
	}
}

TEST(an_event_that_arrives_twice_is_delivered_once)
{
	int64_t order[IDS];
	int number, i, again;

	for (number = 0; number < ORDERS; number++)
		for (again = 1; again < IDS; again++) {
			struct fixture f;

			set_up(&f, IDS);
			make_order(number, order);
			start(&f, 0);
			for (i = 0; i < IDS; i++) {
				(void)arrive(&f, order[i]);
				(void)arrive(&f, order[(i + again) % IDS]);
				(void)arrive(&f, order[i]);
			}
			assert_int_equal(f.last, IDS);
			assert_false(sequence_has_hole(&f.sequence));
			tear_down(&f);
		}
}

/* lost: a bit for each id. With all of them only the head tells that there is
 * something. */
static void lose(const int64_t order[IDS], unsigned lost, int64_t page)
{
	struct fixture f;
	int i;

	set_up(&f, IDS);
	f.page = page;
	f.log_last = IDS;
	start(&f, 0);
	for (i = 0; i < IDS; i++)
		if ((lost & (1u << order[i])) == 0)
			(void)arrive(&f, order[i]);
	assert_int_equal(f.last, whole_up_to(order, IDS, lost));
	sequence_see_head(&f.sequence, IDS);
	assert_int_equal(sequence_lag(&f.sequence), IDS - f.last);
	heal(&f);
	assert_int_equal(f.last, IDS);
	tear_down(&f);
}

TEST(events_that_never_arrive_are_read_from_the_log)
{
	int64_t order[IDS];
	unsigned lost;
	int number;

	for (number = 0; number < ORDERS; number++) {
		make_order(number, order);
		for (lost = 0; lost < 2u << IDS; lost += 2) {
			lose(order, lost, 2 * IDS);
			lose(order, lost, 1);
		}
	}
}

/* A read may end at any time: events arrive before it, after it and while it
 * is under way. */
TEST(events_that_arrive_during_a_read_are_delivered_once)
{
	int64_t order[IDS];
	int number, at;

	for (number = 0; number < ORDERS; number++)
		for (at = 0; at < IDS; at++) {
			struct fixture f;
			int64_t from_id, to_id, id;
			int i;

			set_up(&f, IDS);
			make_order(number, order);
			start(&f, 0);
			sequence_see_head(&f.sequence, IDS);
			for (i = 0; i < at; i++)
				(void)arrive(&f, order[i]);
			sequence_find_hole(&f.sequence, &from_id, &to_id);
			(void)arrive(&f, order[at]);
			for (id = from_id; id <= to_id; id++)
				(void)arrive(&f, id);
			assert_true(f.last >= to_id);
			assert_int_equal(
				sequence_end_read(&f.sequence, from_id, IDS) ==
					SEQUENCE_WHOLE,
				f.last == IDS);
			for (i = at + 1; i < IDS; i++)
				(void)arrive(&f, order[i]);
			assert_int_equal(f.last, IDS);
			tear_down(&f);
		}
}

TEST(a_head_that_runs_ahead_shows_what_is_missing)
{
	int64_t order[IDS];
	int number, at;

	for (number = 0; number < ORDERS; number++)
		for (at = 0; at <= IDS; at++) {
			struct fixture f;
			int i;

			set_up(&f, IDS);
			make_order(number, order);
			start(&f, 0);
			for (i = 0; i < at; i++)
				(void)arrive(&f, order[i]);
			/* all of them are in the log, and as many again */
			f.log_last = 2 * IDS;
			sequence_see_head(&f.sequence, f.log_last);
			/* a lower head says nothing new */
			sequence_see_head(&f.sequence, 1);
			assert_int_equal(sequence_lag(&f.sequence),
					 2 * IDS - f.last);
			heal(&f);
			assert_int_equal(f.last, 2 * IDS);
			for (i = at; i < IDS; i++)
				assert_int_equal(arrive(&f, order[i]),
						 SEQUENCE_REPEATED);
			tear_down(&f);
		}
}

TEST(an_event_at_or_below_the_base_is_not_delivered)
{
	int64_t order[IDS], base;
	int number, at;

	/* the base is read before, between or after the events */
	for (number = 0; number < ORDERS; number++)
		for (base = 0; base <= IDS; base++)
			for (at = 0; at <= IDS; at++) {
				struct fixture f;
				int i;

				set_up(&f, IDS);
				make_order(number, order);
				for (i = 0; i < IDS; i++) {
					if (i == at)
						start(&f, base);
					(void)arrive(&f, order[i]);
				}
				if (at == IDS)
					start(&f, base);
				assert_int_equal(f.base, base);
				assert_int_equal(f.last, IDS);
				assert_false(sequence_has_hole(&f.sequence));
				tear_down(&f);
			}
}

TEST(nothing_is_delivered_before_there_is_a_base)
{
	struct fixture f;
	int64_t id;

	set_up(&f, IDS);
	for (id = IDS; id > 0; id--)
		assert_int_equal(arrive(&f, id), SEQUENCE_STASHED);
	assert_int_equal(f.last, 0);
	tear_down(&f);
}

TEST(a_stash_without_room_is_read_from_the_log)
{
	size_t room, dropped = 0;
	int64_t order[IDS];
	unsigned lost;
	int number, i;

	for (number = 0; number < ORDERS; number++)
		for (room = 0; room < IDS; room++)
			for (lost = 0; lost < 2u << IDS; lost += 2) {
				struct fixture f;

				set_up(&f, room);
				make_order(number, order);
				start(&f, 0);
				f.log_last = IDS;
				for (i = 0; i < IDS; i++)
					if ((lost & (1u << order[i])) == 0)
						(void)arrive(&f, order[i]);
				sequence_see_head(&f.sequence, IDS);
				heal(&f);
				assert_int_equal(f.last, IDS);
				dropped += f.pool.dropped;
				tear_down(&f);
			}
	assert_true(dropped > 0);
}

TEST(an_overflow_drops_the_whole_stash_and_counts_it)
{
	struct fixture f;

	set_up(&f, 2);
	start(&f, 0);
	assert_int_equal(arrive(&f, 3), SEQUENCE_STASHED);
	assert_int_equal(arrive(&f, 4), SEQUENCE_STASHED);
	assert_int_equal(arrive(&f, 6), SEQUENCE_OVERFLOW);
	assert_int_equal(f.pool.dropped, 3);
	assert_int_equal(f.pool.bytes, 0);
	/* it is known that they exist */
	assert_int_equal(sequence_lag(&f.sequence), 6);
	/* an event whose turn has come needs no room */
	assert_int_equal(arrive(&f, 1), SEQUENCE_DELIVER);
	tear_down(&f);
}

TEST(sequences_of_one_pool_share_its_room)
{
	struct fixture f;
	struct sequence other;

	set_up(&f, 2);
	sequence_init(&other, &f.pool);
	assert_int_equal(arrive(&f, 3), SEQUENCE_STASHED);
	assert_int_equal(sequence_arrive(&other, 5, frames[5], 0),
			 SEQUENCE_STASHED);
	assert_int_equal(sequence_arrive(&other, 6, frames[6], 0),
			 SEQUENCE_OVERFLOW);
	/* the other one lost its own events alone */
	assert_int_equal(f.pool.dropped, 2);
	assert_int_equal(f.pool.bytes, frames[0]->len);
	sequence_reset(&other);
	tear_down(&f);
}

/* Ids of the old epoch are above those of the new one. */
TEST(after_an_epoch_change_nothing_of_the_old_epoch_is_delivered)
{
	int64_t order[IDS], base;
	int number, at, i;

	for (number = 0; number < ORDERS; number++)
		for (at = 0; at <= IDS; at++)
			for (base = 0; base < IDS; base++) {
				struct fixture f;

				set_up(&f, IDS);
				make_order(number, order);
				start(&f, IDS);
				for (i = 0; i < at; i++)
					(void)arrive(&f, IDS + order[i]);
				sequence_reset(&f.sequence);
				assert_int_equal(f.pool.bytes, 0);
				assert_false(sequence_has_hole(&f.sequence));
				f.log_last = IDS;
				for (i = 0; i < at; i++)
					(void)arrive(&f, order[i]);
				start(&f, base);
				for (i = at; i < IDS; i++)
					(void)arrive(&f, order[i]);
				assert_int_equal(f.last, IDS);
				assert_false(sequence_has_hole(&f.sequence));
				tear_down(&f);
			}
}

/* ---- reads that find less than was announced ---- */

TEST(a_log_that_no_longer_has_the_next_event_ends_the_sequence)
{
	int64_t base, first;

	/* first is behind the last one if the log has nothing any more */
	for (base = 0; base < IDS; base++)
		for (first = base + 2; first <= IDS + 1; first++) {
			struct fixture f;

			set_up(&f, IDS);
			start(&f, base);
			f.log_first = first;
			f.log_last = IDS;
			sequence_see_head(&f.sequence, IDS);
			assert_int_equal(read_once(&f), SEQUENCE_LOST);
			assert_int_equal(f.last, base);
			/* it starts over from a new base */
			sequence_reset(&f.sequence);
			assert_int_equal(f.pool.bytes, 0);
			start(&f, IDS);
			assert_int_equal(arrive(&f, IDS + 1), SEQUENCE_DELIVER);
			tear_down(&f);
		}
}

TEST(an_id_that_the_log_does_not_have_yet_is_forgotten)
{
	struct fixture f;

	set_up(&f, IDS);
	start(&f, 2);
	f.log_last = 2;
	assert_int_equal(arrive(&f, 5), SEQUENCE_STASHED);
	assert_int_equal(read_once(&f), SEQUENCE_WHOLE);
	assert_false(sequence_has_hole(&f.sequence));
	assert_int_equal(f.pool.bytes, 0);
	/* and comes when the log has it */
	f.log_last = 5;
	sequence_see_head(&f.sequence, 5);
	heal(&f);
	assert_int_equal(f.last, 5);
	tear_down(&f);
}

TEST(a_read_of_part_of_a_hole_is_followed_by_another)
{
	struct fixture f;

	set_up(&f, IDS);
	f.page = 2;
	f.log_last = 5;
	start(&f, 0);
	assert_int_equal(arrive(&f, 6), SEQUENCE_STASHED);
	assert_int_equal(read_once(&f), SEQUENCE_INCOMPLETE);
	assert_int_equal(f.last, 2);
	assert_int_equal(read_once(&f), SEQUENCE_INCOMPLETE);
	assert_int_equal(f.last, 4);
	assert_int_equal(read_once(&f), SEQUENCE_WHOLE);
	assert_int_equal(f.last, 6);
	tear_down(&f);
}

TEST(a_hole_ends_where_the_stash_begins)
{
	struct fixture f;
	int64_t from_id, to_id;

	set_up(&f, IDS);
	start(&f, 0);
	(void)arrive(&f, 4);
	sequence_see_head(&f.sequence, 9);
	sequence_find_hole(&f.sequence, &from_id, &to_id);
	assert_int_equal(from_id, 1);
	assert_int_equal(to_id, 3);
	(void)arrive(&f, 1);
	(void)arrive(&f, 2);
	(void)arrive(&f, 3);
	sequence_find_hole(&f.sequence, &from_id, &to_id);
	assert_int_equal(from_id, 5);
	assert_int_equal(to_id, 9);
	tear_down(&f);
}

static int make_all(void **state)
{
	(void)state;
	make_frames();
	return 0;
}

static int release_all(void **state)
{
	(void)state;
	release_frames();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			events_in_any_order_are_delivered_as_soon_as_it_is_their_turn),
		cmocka_unit_test(an_event_that_arrives_twice_is_delivered_once),
		cmocka_unit_test(
			events_that_never_arrive_are_read_from_the_log),
		cmocka_unit_test(
			events_that_arrive_during_a_read_are_delivered_once),
		cmocka_unit_test(a_head_that_runs_ahead_shows_what_is_missing),
		cmocka_unit_test(
			an_event_at_or_below_the_base_is_not_delivered),
		cmocka_unit_test(nothing_is_delivered_before_there_is_a_base),
		cmocka_unit_test(a_stash_without_room_is_read_from_the_log),
		cmocka_unit_test(
			an_overflow_drops_the_whole_stash_and_counts_it),
		cmocka_unit_test(sequences_of_one_pool_share_its_room),
		cmocka_unit_test(
			after_an_epoch_change_nothing_of_the_old_epoch_is_delivered),
		cmocka_unit_test(
			a_log_that_no_longer_has_the_next_event_ends_the_sequence),
		cmocka_unit_test(
			an_id_that_the_log_does_not_have_yet_is_forgotten),
		cmocka_unit_test(
			a_read_of_part_of_a_hole_is_followed_by_another),
		cmocka_unit_test(a_hole_ends_where_the_stash_begins),
	};

	return cmocka_run_group_tests_name("sequence", tests, make_all,
					   release_all);
}
