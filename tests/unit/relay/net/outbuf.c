/* SPDX-License-Identifier: MIT
 *
 * relay/net/outbuf against a model: a plain array of frames and the position of
 * the first unsent byte.
 */
#include "relay/net/outbuf.h"

#include "tests/unit/unit.h"

#define FRAMES 24
#define MODEL_MAX 4000

struct model {
	struct frame *frames[MODEL_MAX];
	size_t first, end; /* the queued frames */
	size_t sent;       /* of the first */
};

static size_t model_bytes(const struct model *model)
{
	size_t bytes = 0, i;

	for (i = model->first; i < model->end; i++)
		bytes += model->frames[i]->len;
	return bytes - model->sent;
}

static void model_consume(struct model *model, size_t len)
{
	model->sent += len;
	while (model->first < model->end &&
	       model->sent >= model->frames[model->first]->len)
		model->sent -= model->frames[model->first++]->len;
}

/* Frames of 1 to FRAMES bytes; the test holds a reference to each. */
static void make_frames(struct frame *frames[FRAMES])
{
	char text[FRAMES];
	size_t i;

	for (i = 0; i < FRAMES; i++) {
		memset(text, 'a' + (int)i, i + 1);
		frames[i] = frame_new_raw(span_of(text, i + 1));
	}
}

static void unmake_frames(struct frame *frames[FRAMES])
{
	size_t i;

	for (i = 0; i < FRAMES; i++) {
		assert_int_equal(frames[i]->refs, 1);
		frame_unref(frames[i]);
	}
}

/* Checks the next bytes for any size of scratch. */
static void compare(const struct outbuf *outbuf, const struct model *model)
{
	size_t sizes[] = { 1, 7, FRAMES, 100 }, i, k;
	size_t count = model->end - model->first;
	char scratch[100], want[100];

	assert_int_equal(outbuf->count, count);
	assert_int_equal(outbuf->bytes, model_bytes(model));
	assert_int_equal(outbuf_is_empty(outbuf), count == 0);
	assert_int_equal(outbuf_cost(outbuf),
			 model_bytes(model) + count * OUTBUF_FRAME_COST);
	for (i = 0; i < COUNT(sizes); i++) {
		struct span next = outbuf_peek(outbuf, scratch, sizes[i]);
		size_t len = 0, sent = model->sent;

		for (k = model->first; k < model->end && len < next.len; k++) {
			struct frame *frame = model->frames[k];

			for (; sent < frame->len && len < next.len; sent++)
				want[len++] = frame->data[sent];
			sent = 0;
		}
		assert_int_equal(len, next.len);
		assert_memory_equal(next.ptr ? next.ptr : "", want, len);
		assert_true(len >= sizes[i] || len == outbuf->bytes);
	}
}

TEST(a_single_or_large_frame_is_not_copied)
{
	struct frame *frame = frame_new_raw(SPAN("abcd"));
	struct outbuf outbuf = OUTBUF_INIT;
	char scratch[4];

	outbuf_push(&outbuf, frame);
	assert_ptr_equal(outbuf_peek(&outbuf, scratch, 4).ptr, frame->data);
	outbuf_push(&outbuf, frame);
	assert_ptr_equal(outbuf_peek(&outbuf, scratch, 4).ptr, frame->data);
	outbuf_consume(&outbuf, 1);
	assert_ptr_equal(outbuf_peek(&outbuf, scratch, 4).ptr, scratch);
	assert_span(outbuf_peek(&outbuf, scratch, 4), SPAN("bcda"));
	outbuf_release(&outbuf);
	frame_unref(frame);
}

static void drop_unsent(struct outbuf *outbuf, struct model *model)
{
	outbuf_drop_unsent(outbuf);
	model->end = model->first + (model->sent > 0 ? 1 : 0);
}

static void step(struct outbuf *outbuf, struct model *model,
		 struct frame *frames[FRAMES], uint32_t *random)
{
	uint32_t what = random_next(random) % 100;
	struct frame *frame = frames[random_next(random) % FRAMES];
	size_t len;

	if (what < 60) {
		outbuf_push(outbuf, frame);
		model->frames[model->end++] = frame;
	} else if (what < 98) {
		len = random_next(random) % (model_bytes(model) + 1);
		/* mostly little, so that it fills up as well */
		if (what < 96 && len > 40)
			len = 40;
		outbuf_consume(outbuf, len);
		model_consume(model, len);
	} else {
		drop_unsent(outbuf, model);
	}
}

TEST(an_outbuf_behaves_like_an_array)
{
	static struct model model;
	struct frame *frames[FRAMES];
	uint32_t round, random;
	int i;

	make_frames(frames);
	for (round = 1; round <= 60; round++) {
		struct outbuf outbuf = OUTBUF_INIT;

		memset(&model, 0, sizeof(model));
		random = round;
		for (i = 0; i < 1000; i++) {
			step(&outbuf, &model, frames, &random);
			compare(&outbuf, &model);
		}
		outbuf_release(&outbuf);
		model.first = model.end;
		model.sent = 0;
		compare(&outbuf, &model);
	}
	unmake_frames(frames);
}

TEST(reading_in_pieces_returns_the_pushed_bytes)
{
	struct frame *frames[FRAMES];
	struct outbuf outbuf = OUTBUF_INIT;
	struct buf want = BUF_INIT, got = BUF_INIT;
	uint32_t random = 1;
	int i;

	make_frames(frames);
	for (i = 0; i < 5000 || !outbuf_is_empty(&outbuf); i++) {
		struct frame *frame = frames[random_next(&random) % FRAMES];
		char scratch[30];
		struct span next;
		size_t n;

		if (i < 5000) {
			outbuf_push(&outbuf, frame);
			buf_add(&want, frame->data, frame->len);
		}
		next = outbuf_peek(&outbuf, scratch, sizeof(scratch));
		if (next.len == 0)
			continue;
		n = random_next(&random) % (next.len + 1);
		buf_add(&got, next.ptr, n);
		outbuf_consume(&outbuf, n);
	}
	assert_span(buf_span(&got), buf_span(&want));
	outbuf_release(&outbuf);
	unmake_frames(frames);
	buf_release(&want);
	buf_release(&got);
}

TEST(a_partly_sent_frame_survives_dropping_the_rest)
{
	struct frame *frame = frame_new_raw(SPAN("abc"));
	struct outbuf outbuf = OUTBUF_INIT;
	char scratch[10];

	outbuf_push(&outbuf, frame);
	outbuf_push(&outbuf, frame);
	outbuf_consume(&outbuf, 1);
	outbuf_drop_unsent(&outbuf);
	assert_span(outbuf_peek(&outbuf, scratch, 10), SPAN("bc"));
	/* a Close follows it */
	outbuf_push(&outbuf, frame);
	assert_span(outbuf_peek(&outbuf, scratch, 10), SPAN("bcabc"));
	outbuf_consume(&outbuf, 2);
	outbuf_drop_unsent(&outbuf);
	assert_true(outbuf_is_empty(&outbuf));
	outbuf_release(&outbuf);
	frame_unref(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_outbuf_behaves_like_an_array),
		cmocka_unit_test(a_single_or_large_frame_is_not_copied),
		cmocka_unit_test(reading_in_pieces_returns_the_pushed_bytes),
		cmocka_unit_test(
			a_partly_sent_frame_survives_dropping_the_rest),
	};

	return cmocka_run_group_tests_name("outbuf", tests, NULL, NULL);
}
