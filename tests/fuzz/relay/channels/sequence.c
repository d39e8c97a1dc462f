/* SPDX-License-Identifier: MIT
 *
 * relay/channels/sequence: whatever arrives, is lost, repeated, read late or
 * trimmed, the subscriber has each id from the base on once and in order; and
 * when the log can be read to its end, the subscriber has all of it.
 */
#include "relay/channels/sequence.h"

#include "tests/fuzz/fuzz.h"

#define IDS_MAX 4000

/* The input, taken byte by byte; 0 after its end. */
struct input {
	const uint8_t *data;
	size_t left;
};

/* A log that grows, and what one worker has of it. */
struct model {
	struct stash_pool pool;
	struct sequence sequence;
	int64_t first, head; /* of the log; first > head: nothing is in it */
	int64_t last;        /* what the subscriber has: up to this id */
	int64_t from_id, to_id, read_head; /* the read under way */
	bool is_reading;
	uint32_t epoch; /* how often the ids have begun again */
};

static uint8_t take_byte(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->data++;
}

/* The event of that id, which no other epoch has the same. */
static struct frame *make_frame(const struct model *model, int64_t id)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%u %lld", model->epoch,
			   (long long)id);

	return frame_new(WS_OP_TEXT, span_of(text, (size_t)len));
}

static void deliver(struct model *model, const struct frame *frame,
		    uint64_t exclude)
{
	struct frame *wanted = make_frame(model, ++model->last);

	MUST(frame->len == wanted->len);
	MUST(memcmp(frame->data, wanted->data, wanted->len) == 0);
	MUST(exclude == (uint64_t)model->last + 1);
	MUST(model->sequence.delivered == model->last);
	frame_unref(wanted);
}

static void drain(struct model *model)
{
	struct stash_entry entry;

	while (sequence_next(&model->sequence, &entry)) {
		deliver(model, entry.frame, entry.exclude);
		frame_unref(entry.frame);
	}
}

static void arrive(struct model *model, int64_t id)
{
	bool is_started = model->sequence.is_started;
	bool is_due = is_started && id == model->last + 1;
	bool is_late = is_started && id <= model->last;
	struct frame *frame = make_frame(model, id);
	enum sequence_verdict verdict =
		sequence_arrive(&model->sequence, id, frame, (uint64_t)id + 1);

	MUST((verdict == SEQUENCE_DELIVER) == is_due);
	MUST((verdict == SEQUENCE_REPEATED) == is_late);
	MUST(verdict != SEQUENCE_OVERFLOW || model->pool.bytes == 0);
	MUST(model->sequence.target >= id);
	if (is_due) {
		deliver(model, frame, (uint64_t)id + 1);
		drain(model);
	}
	frame_unref(frame);
}

static void start(struct model *model)
{
	if (model->sequence.is_started)
		return;
	model->last = model->head;
	sequence_start(&model->sequence, model->head);
	drain(model);
}

/* Subscribers are closed, and others come. */
static void reset(struct model *model)
{
	sequence_reset(&model->sequence);
	MUST(model->pool.bytes == 0 && !sequence_has_hole(&model->sequence));
	model->is_reading = false;
}

static void change_epoch(struct model *model)
{
	reset(model);
	model->epoch++;
	model->first = 1;
	model->head = 0;
}

static void begin_read(struct model *model, int64_t behind)
{
	struct sequence *sequence = &model->sequence;

	if (model->is_reading || !sequence->is_started ||
	    !sequence_has_hole(sequence))
		return;
	sequence_find_hole(sequence, &model->from_id, &model->to_id);
	MUST(model->from_id == model->last + 1);
	MUST(model->to_id >= model->from_id);
	MUST(model->to_id == (stash_count(&sequence->stash) > 0
				      ? stash_first(&sequence->stash)->id - 1
				      : sequence->target));
	model->is_reading = true;
	/* a standby may be behind */
	model->read_head = behind < model->head ? model->head - behind : 0;
}

static void end_read(struct model *model, int64_t page)
{
	int64_t id = model->from_id, before = model->last;
	enum sequence_outcome outcome;
	bool is_trimmed;

	if (!model->is_reading)
		return;
	model->is_reading = false;
	if (id < model->first)
		id = model->first;
	for (; id <= model->to_id && id <= model->read_head &&
	       id < model->from_id + page;
	     id++)
		arrive(model, id);
	/* events that came live are no reason to close anybody */
	is_trimmed = model->first > model->from_id && before < model->from_id &&
		     model->read_head >= model->from_id;
	outcome = sequence_end_read(&model->sequence, model->from_id,
				    model->read_head);
	MUST((outcome == SEQUENCE_LOST) == is_trimmed);
	MUST(outcome == SEQUENCE_LOST ||
	     (outcome == SEQUENCE_WHOLE) ==
		     !sequence_has_hole(&model->sequence));
	/* announced by somebody who was ahead of this read: read later */
	MUST(model->last >= model->from_id || outcome != SEQUENCE_INCOMPLETE);
	if (outcome == SEQUENCE_LOST)
		reset(model);
}

static void grow(struct model *model, int64_t count)
{
	if (model->head + count <= IDS_MAX)
		model->head += count;
}

static void trim(struct model *model, int64_t count)
{
	model->first += count;
	if (model->first > model->head + 1)
		model->first = model->head + 1;
}

/* A hint of an event that is in the log, however old. */
static void hint(struct model *model, int64_t behind)
{
	if (behind < model->head)
		arrive(model, model->head - behind);
}

static void see_head(struct model *model, int64_t head)
{
	int64_t before = model->sequence.target;

	sequence_see_head(&model->sequence, head);
	MUST(model->sequence.target == (head > before ? head : before));
}

static void do_step(struct model *model, uint8_t what, int64_t n)
{
	switch (what % 8) {
	case 0:
		grow(model, n % 8);
		break;
	case 1:
		hint(model, n % 16);
		break;
	case 2:
		if (model->head > n)
			see_head(model, model->head - n);
		break;
	case 3:
		begin_read(model, n / 16 * (n % 2));
		break;
	case 4:
		end_read(model, 1 + n % 16);
		break;
	case 5:
		start(model);
		break;
	case 6:
		trim(model, n % 4);
		break;
	case 7:
		if (n == 0) {
			change_epoch(model);
			break;
		}
		/* the next one, as most of the time */
		grow(model, 1);
		hint(model, 0);
		break;
	}
}

/* At last the log can be read, and nothing is trimmed while that is so. */
static void catch_up(struct model *model)
{
	int64_t turns = 0;

	end_read(model, 1);
	start(model);
	see_head(model, model->head);
	while (sequence_has_hole(&model->sequence)) {
		MUST(turns++ <= 2 * IDS_MAX);
		begin_read(model, 0);
		end_read(model, 16);
		start(model);
	}
	MUST(model->last == model->head);
	MUST(stash_count(&model->sequence.stash) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct model model = { .first = 1 };

	model.pool.max_bytes = take_byte(&input);
	sequence_init(&model.sequence, &model.pool);
	while (input.left > 0) {
		uint8_t what = take_byte(&input);

		do_step(&model, what, take_byte(&input));
		MUST(model.pool.bytes <= model.pool.max_bytes);
		MUST(!model.sequence.is_started ||
		     model.sequence.delivered == model.last);
	}
	catch_up(&model);
	sequence_reset(&model.sequence);
	MUST(model.pool.bytes == 0 && model.sequence.stash.entries == NULL);
	return 0;
}
