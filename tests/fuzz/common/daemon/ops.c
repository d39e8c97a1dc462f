/* SPDX-License-Identifier: MIT
 *
 * common/daemon/ops: bytes after a complete request do not change the response,
 * so the split of the bytes makes no difference; and a response is complete.
 */
#include "common/daemon/ops.h"

#include "tests/fuzz/fuzz.h"

static enum ops_health good(void *ctx, struct buf *text)
{
	(void)ctx;
	(void)text;
	return OPS_GOOD;
}

static void metrics(void *ctx, struct buf *text)
{
	(void)ctx;
	buf_add_str(text, "x 1\n");
}

static const struct ops_handler handler = { good, good, metrics, NULL };

/* In a block of its own, so that a read beyond its end is detected. */
static int answer(struct span in, struct buf *out)
{
	char *copy = malloc(in.len > 0 ? in.len : 1);
	int result;

	MUST(copy != NULL);
	if (in.len > 0)
		memcpy(copy, in.ptr, in.len);
	result = ops_answer(&handler, span_of(copy, in.len), out);
	free(copy);
	return result;
}

static void check_answer(struct span out)
{
	static const char end[] = "\r\nConnection: close\r\n\r\n";

	MUST(span_starts(out, "HTTP/1.1 "));
	MUST(memmem(out.ptr, out.len, end, sizeof(end) - 1) != NULL);
	MUST(memchr(out.ptr, '\0', out.len) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	struct buf out = BUF_INIT, then = BUF_INIT;
	int result = answer(in, &out);
	size_t len;

	MUST(result == -1 ? out.len == 0 && size < OPS_REQUEST_MAX_BYTES
			  : result == 0);
	if (result == 0)
		check_answer(buf_span(&out));
	/* all prefixes of a short request, some of a long one */
	for (len = 0; len < size; len += 1 + size / 256) {
		buf_clear(&then);
		if (answer(span_of(in.ptr, len), &then) == -1)
			continue;
		MUST(result == 0);
		MUST(span_equal(buf_span(&out), buf_span(&then)));
	}
	buf_release(&out);
	buf_release(&then);
	return 0;
}
