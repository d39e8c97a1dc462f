/* SPDX-License-Identifier: MIT
 *
 * common/daemon/ops: requests, whole and byte by byte, and the exact responses.
 */
#include "common/daemon/ops.h"

#include "tests/unit/unit.h"

static enum ops_health is_alive, is_ready;
static const char *why;

static enum ops_health alive(void *ctx, struct buf *text)
{
	(void)ctx;
	buf_add_str(text, why);
	return is_alive;
}

static enum ops_health ready(void *ctx, struct buf *text)
{
	(void)ctx;
	buf_add_str(text, why);
	return is_ready;
}

static void metrics(void *ctx, struct buf *text)
{
	buf_addf(text, "x %d\n", *(int *)ctx);
}

static int number = 7;
static const struct ops_handler handler = { alive, ready, metrics, &number };

/* The response must be the same at whatever length it is complete. */
static void check(struct span request, const char *want, const char *file,
		  int line)
{
	struct buf out = BUF_INIT;
	int result = -1;
	size_t len;

	for (len = 0; len <= request.len && result == -1; len++) {
		struct span box = boxed(span_of(request.ptr, len));

		result = ops_answer(&handler, box, &out);
		unbox(box);
	}
	check_span(buf_span(&out), span_str(want), file, line);
	buf_clear(&out);
	assert_int_equal(ops_answer(&handler, request, &out), want ? 0 : -1);
	check_span(buf_span(&out), span_str(want), file, line);
	buf_release(&out);
}

#define expect(request, want) check(SPAN(request), want, __FILE__, __LINE__)

#define HEAD(status, length)                                                   \
	"HTTP/1.1 " status "\r\n"                                              \
	"Content-Type: text/plain; charset=utf-8\r\n"                          \
	"Content-Length: " length "\r\n"                                       \
	"Cache-Control: no-store\r\n"                                          \
	"Connection: close\r\n\r\n"

static int reset(void **state)
{
	(void)state;
	is_alive = is_ready = OPS_GOOD;
	why = "";
	return 0;
}

TEST(health_is_a_status_and_a_word)
{
	expect("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
	       HEAD("200 OK", "3") "ok\n");
	expect("GET /readyz HTTP/1.0\r\n\r\n", HEAD("200 OK", "3") "ok\n");
	is_alive = OPS_BAD;
	expect("GET /healthz HTTP/1.1\r\n\r\n",
	       HEAD("503 Service Unavailable", "8") "failing\n");
	expect("GET /readyz HTTP/1.1\r\n\r\n", HEAD("200 OK", "3") "ok\n");
}

TEST(a_fault_follows_the_word)
{
	is_ready = OPS_DEGRADED;
	why = "redis is unavailable";
	expect("GET /readyz?verbose HTTP/1.1\r\n\r\n",
	       HEAD("200 OK", "31") "degraded: redis is unavailable\n");
	is_ready = OPS_BAD;
	expect("GET /readyz HTTP/1.1\r\n\r\n",
	       HEAD("503 Service Unavailable",
		    "30") "failing: redis is unavailable\n");
}

TEST(metrics_have_the_content_type_of_their_format)
{
	expect("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
	       "HTTP/1.1 200 OK\r\n"
	       "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	       "Content-Length: 4\r\n"
	       "Cache-Control: no-store\r\n"
	       "Connection: close\r\n\r\n"
	       "x 7\n");
}

TEST(head_is_answered_without_the_body)
{
	expect("HEAD /healthz HTTP/1.1\r\n\r\n", HEAD("200 OK", "3"));
	expect("HEAD /nothing HTTP/1.1\r\n\r\n", HEAD("404 Not Found", "10"));
}

TEST(other_paths_methods_and_versions_are_refused)
{
	static const char bad[] = HEAD("400 Bad Request", "12") "Bad Request\n";

	expect("GET / HTTP/1.1\r\n\r\n",
	       HEAD("404 Not Found", "10") "Not Found\n");
	expect("GET /healthz/ HTTP/1.1\r\n\r\n",
	       HEAD("404 Not Found", "10") "Not Found\n");
	expect("POST /healthz HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
	       "HTTP/1.1 405 Method Not Allowed\r\n"
	       "Allow: GET, HEAD\r\n"
	       "Content-Type: text/plain; charset=utf-8\r\n"
	       "Content-Length: 19\r\n"
	       "Cache-Control: no-store\r\n"
	       "Connection: close\r\n\r\n"
	       "Method Not Allowed\n");
	expect("GET /healthz HTTP/2.0\r\n",
	       HEAD("505 HTTP Version Not Supported",
		    "27") "HTTP Version Not Supported\n");
	expect("\n", bad);
	expect("\r\n", bad);
	expect("GET /healthz\r\n", bad);
	expect("GET healthz HTTP/1.1\r\n", bad);
	expect("GET /healthz HTTP/1.1\n", bad);
	expect("GET /healthz HTTP/1.1\r\nHost : x\r\n", bad);
	expect("GET /healthz HTTP/1.1\r\n folded\r\n", bad);
	expect("GET /healthz HTTP/1.1\r\nA: \0\r\n", bad);
	expect("\x16\x03\x01\x02\n", bad);
}

TEST(an_incomplete_head_waits_for_more_bytes)
{
	expect("", NULL);
	expect("GET /healthz HTTP/1.1\r\nHost: x\r\n", NULL);
	expect("GET /healthz HTTP/1.1\r\nHost: x\r\n\r", NULL);
}

TEST(a_head_that_is_too_long_is_refused)
{
	char request[OPS_REQUEST_MAX_BYTES + 100] = "GET /";

	memset(request + 5, 'x', sizeof(request) - 5);
	check(span_of(request, OPS_REQUEST_MAX_BYTES - 1), NULL, __FILE__,
	      __LINE__);
	check(span_of(request, sizeof(request)),
	      HEAD("431 Request Header Fields Too Large",
		   "32") "Request Header Fields Too Large\n",
	      __FILE__, __LINE__);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(health_is_a_status_and_a_word, reset),
		cmocka_unit_test_setup(a_fault_follows_the_word, reset),
		cmocka_unit_test_setup(
			metrics_have_the_content_type_of_their_format, reset),
		cmocka_unit_test_setup(head_is_answered_without_the_body,
				       reset),
		cmocka_unit_test_setup(
			other_paths_methods_and_versions_are_refused, reset),
		cmocka_unit_test_setup(an_incomplete_head_waits_for_more_bytes,
				       reset),
		cmocka_unit_test_setup(a_head_that_is_too_long_is_refused,
				       reset),
	};

	return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
