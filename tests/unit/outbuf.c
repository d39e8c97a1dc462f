/* SPDX-License-Identifier: MIT
 *
 * relay/outbuf against a model: a plain array of frames and the place up to
 * which they have been sent.
 */
#include "relay/outbuf.h"

#include "tests/unit/unit.h"

#define FRAMES 24
#define MODEL_MAX 4000

struct model {
	struct frame *frames[MODEL_MAX];
	size_t first, end; /* what is still queued */
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

/* Frames of 1 to FRAMES bytes, each of which we hold a reference of. */
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

static void compare(const struct outbuf *outbuf, const struct model *model)
{
	struct iovec iov[16];
	size_t max, i, count = model->end - model->first;

	assert_int_equal(outbuf->count, count);
	assert_int_equal(outbuf->bytes, model_bytes(model));
	assert_int_equal(outbuf_is_empty(outbuf), count == 0);
	assert_int_equal(outbuf_cost(outbuf),
			 model_bytes(model) + count * OUTBUF_FRAME_COST);
	for (max = 0; max <= COUNT(iov); max += 4) {
		int shown = outbuf_peek(outbuf, iov, (int)max);

		assert_int_equal(shown, count < max ? count : max);
		for (i = 0; i < (size_t)shown; i++) {
			struct frame *frame = model->frames[model->first + i];
			size_t sent = i == 0 ? model->sent : 0;

			assert_ptr_equal(iov[i].iov_base, frame->data + sent);
			assert_int_equal(iov[i].iov_len, frame->len - sent);
		}
	}
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

TEST(it_does_what_an_array_does)
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

TEST(what_is_read_piece_by_piece_is_what_was_pushed)
{
	struct frame *frames[FRAMES];
	struct outbuf outbuf = OUTBUF_INIT;
	struct buf want = BUF_INIT, got = BUF_INIT;
	uint32_t random = 1;
	int i;

	make_frames(frames);
	for (i = 0; i < 5000 || !outbuf_is_empty(&outbuf); i++) {
		struct frame *frame = frames[random_next(&random) % FRAMES];
		struct iovec iov[3];
		size_t n;

		if (i < 5000) {
			outbuf_push(&outbuf, frame);
			buf_add(&want, frame->data, frame->len);
		}
		if (outbuf_peek(&outbuf, iov, 3) == 0)
			continue;
		n = random_next(&random) % (iov[0].iov_len + 1);
		buf_add(&got, iov[0].iov_base, n);
		outbuf_consume(&outbuf, n);
	}
	assert_span(buf_span(&got), buf_span(&want));
	outbuf_release(&outbuf);
	unmake_frames(frames);
	buf_release(&want);
	buf_release(&got);
}

TEST(a_frame_that_was_begun_is_kept_when_the_rest_is_dropped)
{
	struct frame *frame = frame_new_raw(SPAN("abc"));
	struct outbuf outbuf = OUTBUF_INIT;
	struct iovec iov[4];

	outbuf_push(&outbuf, frame);
	outbuf_push(&outbuf, frame);
	outbuf_consume(&outbuf, 1);
	outbuf_drop_unsent(&outbuf);
	assert_int_equal(outbuf_peek(&outbuf, iov, 4), 1);
	assert_span(span_of(iov[0].iov_base, iov[0].iov_len), SPAN("bc"));
	/* a Close goes behind it */
	outbuf_push(&outbuf, frame);
	assert_int_equal(outbuf_peek(&outbuf, iov, 4), 2);
	outbuf_consume(&outbuf, 2);
	outbuf_drop_unsent(&outbuf);
	assert_true(outbuf_is_empty(&outbuf));
	outbuf_release(&outbuf);
	frame_unref(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_does_what_an_array_does),
		cmocka_unit_test(
			what_is_read_piece_by_piece_is_what_was_pushed),
		cmocka_unit_test(
			a_frame_that_was_begun_is_kept_when_the_rest_is_dropped),
	};

	return cmocka_run_group_tests_name("outbuf", tests, NULL, NULL);
}
