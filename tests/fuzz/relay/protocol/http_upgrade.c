/* SPDX-License-Identifier: MIT
 *
 * relay/http_upgrade: an answer does not change with the bytes that follow, so
 * no split of the bytes makes a difference; the decoded fields lie within the
 * request and have valid contents.
 */
#include "relay/protocol/http_upgrade.h"

#include "tests/fuzz/fuzz.h"

static bool is_within(struct span part, struct span whole)
{
	return part.ptr >= whole.ptr &&
	       part.ptr + part.len <= whole.ptr + whole.len;
}

/* In a block of its own, so that the address sanitizer detects a read beyond
 * it. */
static int parse(struct span in, size_t *used, bool *is_websocket)
{
	char *copy = malloc(in.len > 0 ? in.len : 1);
	struct http_upgrade request;
	int status;

	MUST(copy != NULL);
	if (in.len > 0)
		memcpy(copy, in.ptr, in.len);
	status = http_upgrade_parse(span_of(copy, in.len), &request, used);
	*is_websocket = status == 0 && request.is_websocket;
	free(copy);
	return status;
}

/* Whether it has no byte that could end a line or a word elsewhere. */
static bool is_clean(struct span s, unsigned char lowest)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < lowest && s.ptr[i] != '\t')
			return false;
	return true;
}

static void check_request(struct span in)
{
	struct http_upgrade request;
	struct span head;
	size_t used;

	if (http_upgrade_parse(in, &request, &used) != 0)
		return;
	MUST(used >= 4 && used <= in.len && used <= HTTP_UPGRADE_MAX_BYTES);
	head = span_of(in.ptr, used);
	MUST(memcmp(in.ptr + used - 4, "\r\n\r\n", 4) == 0);
	MUST(is_within(request.method, head) && request.method.len > 0);
	MUST(is_within(request.target, head) && request.target.ptr[0] == '/');
	MUST(is_clean(request.method, 0x21) && is_clean(request.target, 0x21));
	/* RFC 9112 § 3: these two parts make up the line */
	MUST(request.target.ptr == request.method.ptr + request.method.len + 1);
	MUST(memcmp(request.target.ptr + request.target.len, " HTTP/1.1\r\n",
		    11) == 0);
	if (request.real_ip.ptr != NULL)
		MUST(is_within(request.real_ip, head) &&
		     is_clean(request.real_ip, 0x20));
	if (request.is_websocket)
		MUST(is_within(request.key, head) && request.key.len == 24);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	size_t used = 0, used_then = 0, len;
	bool is_websocket, was_websocket;
	int status = parse(in, &used, &is_websocket), then;

	MUST(status == 0 || status == -1 || status == 400 || status == 431 ||
	     status == 505);
	check_request(in);
	/* all prefixes of a short request, some of a long one */
	for (len = 0; len < size; len += 1 + size / 256) {
		then = parse(span_of(in.ptr, len), &used_then, &was_websocket);
		MUST(then == -1 || then == status);
		MUST(then != 0 ||
		     (used_then == used && was_websocket == is_websocket));
		/* a good request ends with its last byte, not before */
		MUST(then == -1 || status != 0 || len >= used);
	}
	return 0;
}
