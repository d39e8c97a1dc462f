/* SPDX-License-Identifier: MIT
 *
 * relay/http_upgrade: requests in each possible split, whole, a byte at a time
 * and with more bytes behind; and the exact answers.
 */
#include "relay/protocol/http_upgrade.h"

#include "tests/unit/unit.h"

#define LINE "GET /app/key?protocol=7 HTTP/1.1\r\n"
#define HOST "Host: example.org\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define END "\r\n"
#define GOOD LINE HOST UPGRADE VERSION KEY

/* The parser's answer. 101 and 426 stand for a valid request that asks for
 * WebSocket or does not, -1 for an incomplete request. */
static int answer(struct span in, size_t *used)
{
	struct span box = boxed(in);
	struct http_upgrade request;
	int status = http_upgrade_parse(box, &request, used);

	unbox(box);
	if (status == 0)
		return request.is_websocket ? 101 : 426;
	return status;
}

/* An answer must not change with the bytes that follow, and no other may come
 * before it. */
static void check(struct span in, int want, const char *file, int line)
{
	size_t len, used = SIZE_MAX;
	int status = -1;

	for (len = 0; len <= in.len && status == -1; len++)
		status = answer(span_of(in.ptr, len), &used);
	if (status != want || answer(in, &used) != want) {
		print_error("'%.*s'\ngot %d, want %d\n", (int)in.len, in.ptr,
			    status, want);
		_fail(file, line);
	}
	if (want == 101 || want == 426)
		assert_int_equal(used, in.len);
}

/* The length of a good request does not depend on the bytes behind it. */
static void check_literal(struct span in, int want, const char *file, int line)
{
	static const char *const more[] = { "\x81\x85", "\r\n", "\n", "GET /",
					    "\0" };
	size_t i, used;

	check(in, want, file, line);
	for (i = 0; i < COUNT(more) && (want == 101 || want == 426); i++) {
		struct buf buf = BUF_INIT;

		buf_add_span(&buf, in);
		buf_add(&buf, more[i], strlen(more[i]) + 1);
		assert_int_equal(answer(buf_span(&buf), &used), want);
		assert_int_equal(used, in.len);
		buf_release(&buf);
	}
}

#define expect(literal, want)                                                  \
	check_literal(SPAN(literal), want, __FILE__, __LINE__)

TEST(a_handshake_is_taken_apart)
{
	static const char raw[] = LINE HOST UPGRADE VERSION KEY
		"X-Real-IP: \t 203.0.113.5 \t\r\n" END;
	struct http_upgrade request;
	size_t used;

	assert_int_equal(http_upgrade_parse(SPAN(raw), &request, &used), 0);
	assert_int_equal(used, strlen(raw));
	assert_true(request.is_websocket);
	assert_span(request.method, SPAN("GET"));
	assert_span(request.target, SPAN("/app/key?protocol=7"));
	assert_span(request.key, SPAN("dGhlIHNhbXBsZSBub25jZQ=="));
	assert_span(request.real_ip, SPAN("203.0.113.5"));
	assert_int_equal(http_upgrade_parse(SPAN(GOOD END), &request, &used),
			 0);
	assert_null(request.real_ip.ptr);
}

TEST(requests_of_browsers_and_libraries_are_handshakes)
{
	expect(GOOD END, 101);
	/* Firefox; a proxy's order and spelling */
	expect(LINE HOST "Connection: keep-alive, Upgrade\r\n"
			 "Upgrade: websocket\r\n" VERSION KEY END,
	       101);
	expect(LINE KEY VERSION "UPGRADE: WebSocket\r\nconnection: upgrade\r\n"
				"host: h\r\n" END,
	       101);
	expect(LINE HOST
	       "connection:Upgrade\r\nupgrade:websocket\r\n" VERSION KEY END,
	       101);
	expect(LINE HOST "Connection: close ,\tUPGRADE\r\n"
			 "Upgrade: h2c , websocket\r\n" VERSION KEY END,
	       101);
	/* lists may come in several headers */
	expect(LINE HOST
	       "Connection: keep-alive\r\nConnection: Upgrade\r\n"
	       "Upgrade: h2c\r\nUpgrade: websocket\r\n" VERSION KEY END,
	       101);
	expect(LINE HOST
	       "Connection: Upgrade\r\nConnection: keep-alive\r\n"
	       "Upgrade: websocket\r\nUpgrade: h2c\r\n" VERSION KEY END,
	       101);
	/* unknown headers are ignored */
	expect(GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n"
		    "Sec-WebSocket-Protocol: x\r\n"
		    "Origin: http://example.org\r\nCookie: a=b; c=\"d\"\r\n"
		    "X-Empty:\r\nX-Latin: \xe9\t!\r\nContent-Length: 0\r\n" END,
	       101);
	expect("POST / HTTP/1.1\r\n" HOST UPGRADE VERSION KEY END, 101);
}

TEST(a_request_for_no_websocket_is_no_handshake)
{
	expect(LINE HOST END, 426);
	expect(LINE HOST VERSION KEY END, 426);
	expect(LINE HOST "Connection: Upgrade\r\n" VERSION KEY END, 426);
	expect(LINE HOST "Upgrade: websocket\r\n" VERSION KEY END, 426);
	expect(LINE HOST
	       "Upgrade: websockets\r\nConnection: Upgrade\r\n" VERSION KEY END,
	       426);
	expect(LINE HOST
	       "Upgrade: websocket\r\nConnection: UpgradeX, close\r\n" VERSION
		       KEY END,
	       426);
	expect(LINE HOST
	       "Upgrade: websocket/13\r\nConnection: Upgrade\r\n" VERSION KEY
		       END,
	       426);
	expect(LINE HOST UPGRADE KEY END, 426);
	expect(LINE HOST UPGRADE "Sec-WebSocket-Version: 8\r\n" KEY END, 426);
	expect(LINE HOST UPGRADE "Sec-WebSocket-Version: 13, 8\r\n" KEY END,
	       426);
	expect(LINE HOST UPGRADE VERSION END, 426);
	/* a key is not checked without a WebSocket request */
	expect(LINE HOST "Sec-WebSocket-Key: x\r\n" END, 426);
}

TEST(a_malformed_request_line_is_refused)
{
	expect("\r\n" GOOD END, 400);
	expect(" GET / HTTP/1.1\r\n" HOST END, 400);
	expect("GET  / HTTP/1.1\r\n" HOST END, 400);
	expect("GET /  HTTP/1.1\r\n" HOST END, 400);
	expect("GET / HTTP/1.1 \r\n" HOST END, 400);
	expect("GET /\tHTTP/1.1\r\n" HOST END, 400);
	expect("GET /\r\n" HOST END, 400);
	expect("GET\r\n" HOST END, 400);
	expect("G(T / HTTP/1.1\r\n" HOST END, 400);
	expect("G\0T / HTTP/1.1\r\n" HOST END, 400);
	expect("GET /\0 HTTP/1.1\r\n" HOST END, 400);
	expect("GET /\x7f HTTP/1.1\r\n" HOST END, 400);
	expect("GET /\xc3\xa9 HTTP/1.1\r\n" HOST END, 400);
	expect("GET app/key HTTP/1.1\r\n" HOST END, 400);
	expect("GET * HTTP/1.1\r\n" HOST END, 400);
	expect("GET http://example.org/app/key HTTP/1.1\r\n" HOST END, 400);
	expect("CONNECT example.org:443 HTTP/1.1\r\n" HOST END, 400);
	expect("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400);
	expect("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n", 400);
	expect("{\"event\":\"pusher:subscribe\"}\n", 400);
	expect("get /x?y=%20~ HTTP/1.1\r\n" HOST END, 426);
}

TEST(other_versions_of_http_get_505)
{
	expect("GET / HTTP/1.0\r\n" HOST END, 505);
	expect("GET / HTTP/1.2\r\n" HOST END, 505);
	expect("GET / HTTP/2.0\r\n" HOST END, 505);
	expect("GET / HTTP/1.10\r\n" HOST END, 400);
	expect("GET / HTTP/11\r\n" HOST END, 400);
	expect("GET / http/1.1\r\n" HOST END, 400);
	expect("GET / HTTPS/1.1\r\n" HOST END, 400);
	expect("GET / \r\n" HOST END, 400);
}

TEST(headers_that_proxies_read_differently_are_refused)
{
	/* bare line feeds and carriage returns */
	expect("GET / HTTP/1.1\nHost: h\n\n", 400);
	expect(LINE HOST "X: 1\nY: 2\r\n" END, 400);
	expect(LINE HOST "X: 1\rY: 2\r\n" END, 400);
	expect(LINE HOST "X: 1\r\r\n" END, 400);
	expect(LINE HOST "\n", 400);
	expect("\n", 400);
	/* blanks before the colon, folding, no name, no colon */
	expect(LINE HOST "Upgrade : websocket\r\n" END, 400);
	expect(LINE HOST "X: 1\r\n folded\r\n" END, 400);
	expect(LINE HOST "X: 1\r\n\tfolded\r\n" END, 400);
	expect(LINE " " HOST END, 400);
	expect(LINE HOST ": x\r\n" END, 400);
	expect(LINE HOST "Upgrade\r\n" END, 400);
	expect(LINE HOST "X(: 1\r\n" END, 400);
	expect(LINE HOST "X\xc3\xa9: 1\r\n" END, 400);
	/* controls in a value */
	expect(LINE HOST "X: a\0b\r\n" END, 400);
	expect(LINE HOST "X: a\x1b[31m\r\n" END, 400);
	expect(LINE HOST "X: a\x7f\r\n" END, 400);
	/* a body */
	expect(GOOD "Content-Length: 5\r\n" END "hello", 400);
	expect(GOOD "Content-Length: 00\r\n" END, 400);
	expect(GOOD "Content-Length: 0\r\nContent-Length: 5\r\n" END, 400);
	expect(GOOD "Content-Length: 5\r\nContent-Length: 0\r\n" END, 400);
	expect(GOOD "Content-Length: 5\r\nContent-Length: 5\r\n" END, 400);
	expect(GOOD "Content-Length: 5\r\nTransfer-Encoding: x\r\n" END, 400);
	expect(GOOD "Content-Length:\r\n" END, 400);
	expect(GOOD "Transfer-Encoding: chunked\r\n" END, 400);
	expect(GOOD "transfer-encoding: identity\r\n" END, 400);
}

TEST(a_repeated_single_header_is_refused)
{
	expect(LINE UPGRADE VERSION KEY END, 400);
	expect(GOOD HOST END, 400);
	expect(GOOD "host: other\r\n" END, 400);
	expect(GOOD KEY END, 400);
	expect(GOOD VERSION END, 400);
	expect(LINE HOST VERSION VERSION END, 400);
	expect(LINE "Host:\r\n" UPGRADE VERSION KEY END, 101);
}

TEST(a_key_is_sixteen_bytes_in_base64)
{
	static const char *const bad[] = {
		"",
		"x",
		"dGhlIHNhbXBsZSBub25jZQ=",
		"dGhlIHNhbXBsZSBub25jZQ",
		"dGhlIHNhbXBsZSBub25jZQ===",
		"dGhlIHNhbXBsZSBub25jZQQ=",
		"dGhlIHNhbXBsZSBub25jZQQQ",
		"dGhlIHNhbXBsZSBub25jZQ=Q",
		"dGhlIHNhbXBsZSBub25jZ===",
		"dGhlIHNhbXBsZSBub25j-_==",
		"dGhlIHNhbXBsZSBub2 jZQ==",
		"dGhlIHNhbXBsZSBub25jZ\xe9==",
	};
	struct buf buf = BUF_INIT;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		buf_addf(&buf,
			 LINE HOST UPGRADE VERSION
			 "Sec-WebSocket-Key: %s\r\n" END,
			 bad[i]);
		check(buf_span(&buf), 400, __FILE__, __LINE__);
		buf_clear(&buf);
	}
	buf_release(&buf);
	expect(LINE HOST UPGRADE VERSION
	       "Sec-WebSocket-Key: AZaz09+/AZaz09+/AZaz0w==\r\n" END,
	       101);
}

TEST(an_incomplete_request_needs_more_bytes)
{
	expect("", -1);
	expect("G", -1);
	expect(LINE, -1);
	expect(GOOD, -1);
	expect(GOOD "\r", -1);
	expect(LINE HOST "X: no end", -1);
}

/* A good request of exactly len bytes. */
static void add_padded(struct buf *buf, size_t len)
{
	buf_add_str(buf, GOOD "X: ");
	while (buf->len < len - 4)
		buf_add_char(buf, 'x');
	buf_add_str(buf, "\r\n\r\n");
}

TEST(a_request_of_the_largest_size_passes_and_one_byte_more_does_not)
{
	struct buf buf = BUF_INIT;
	size_t used;

	add_padded(&buf, HTTP_UPGRADE_MAX_BYTES);
	check(buf_span(&buf), 101, __FILE__, __LINE__);
	/* a frame right behind it */
	buf_add_char(&buf, '\x81');
	assert_int_equal(answer(buf_span(&buf), &used), 101);
	assert_int_equal(used, HTTP_UPGRADE_MAX_BYTES);
	buf_clear(&buf);
	add_padded(&buf, HTTP_UPGRADE_MAX_BYTES + 1);
	check(buf_span(&buf), 431, __FILE__, __LINE__);
	buf_clear(&buf);

	/* a request without an end */
	buf_add_str(&buf, "GET /");
	while (buf.len < HTTP_UPGRADE_MAX_BYTES)
		buf_add_char(&buf, 'x');
	assert_int_equal(answer(buf_span(&buf), &used), -1);
	buf_add_char(&buf, 'x');
	assert_int_equal(answer(buf_span(&buf), &used), 431);
	buf_release(&buf);
}

TEST(the_rfc_s_key_gets_the_rfc_s_answer)
{
	struct buf buf = BUF_INIT;

	/* RFC 6455 § 1.3 */
	http_upgrade_accept(&buf, SPAN("dGhlIHNhbXBsZSBub25jZQ=="), NULL);
	assert_buf(&buf, "HTTP/1.1 101 Switching Protocols\r\n"
			 "Upgrade: websocket\r\n"
			 "Connection: Upgrade\r\n"
			 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
			 "\r\n\r\n");
	buf_release(&buf);
}

TEST(an_offer_of_compression_is_found_in_any_header_and_answered)
{
	static const char raw[] =
		GOOD "Sec-WebSocket-Extensions: x\r\n"
		     "Sec-WebSocket-Extensions: permessage-deflate\r\n" END;
	struct http_upgrade request;
	struct buf buf = BUF_INIT;
	size_t used;

	assert_int_equal(http_upgrade_parse(SPAN(GOOD END), &request, &used),
			 0);
	assert_false(request.offer.is_good);
	assert_int_equal(http_upgrade_parse(SPAN(raw), &request, &used), 0);
	assert_true(request.offer.is_good);
	http_upgrade_accept(&buf, request.key, &request.offer);
	assert_buf(&buf,
		   "HTTP/1.1 101 Switching Protocols\r\n"
		   "Upgrade: websocket\r\n"
		   "Connection: Upgrade\r\n"
		   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		   "Sec-WebSocket-Extensions: permessage-deflate; "
		   "server_no_context_takeover; client_no_context_takeover\r\n"
		   "\r\n");
	buf_release(&buf);
}

static void expect_refusal(int status, const char *want)
{
	struct buf buf = BUF_INIT;

	http_upgrade_refuse(&buf, status);
	assert_span(buf_span(&buf), span_str(want));
	buf_release(&buf);
}

#define PLAIN(len) "Content-Type: text/plain\r\nContent-Length: " len "\r\n\r\n"

TEST(refusals_have_these_bytes)
{
	expect_refusal(400,
		       "HTTP/1.1 400 Bad Request\r\n"
		       "Connection: close\r\n" PLAIN("12") "Bad Request\n");
	expect_refusal(404, "HTTP/1.1 404 Not Found\r\n"
			    "Connection: close\r\n" PLAIN("10") "Not Found\n");
	expect_refusal(405, "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n"
			    "Connection: close\r\n" PLAIN(
				    "19") "Method Not Allowed\n");
	expect_refusal(426, "HTTP/1.1 426 Upgrade Required\r\n"
			    "Upgrade: websocket\r\n"
			    "Connection: Upgrade, close\r\n"
			    "Sec-WebSocket-Version: 13\r\n" PLAIN(
				    "17") "Upgrade Required\n");
	expect_refusal(431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"
			    "Connection: close\r\n" PLAIN(
				    "32") "Request Header Fields Too Large\n");
	expect_refusal(505, "HTTP/1.1 505 HTTP Version Not Supported\r\n"
			    "Connection: close\r\n" PLAIN(
				    "27") "HTTP Version Not Supported\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_is_taken_apart),
		cmocka_unit_test(
			requests_of_browsers_and_libraries_are_handshakes),
		cmocka_unit_test(a_request_for_no_websocket_is_no_handshake),
		cmocka_unit_test(a_malformed_request_line_is_refused),
		cmocka_unit_test(other_versions_of_http_get_505),
		cmocka_unit_test(
			headers_that_proxies_read_differently_are_refused),
		cmocka_unit_test(a_repeated_single_header_is_refused),
		cmocka_unit_test(a_key_is_sixteen_bytes_in_base64),
		cmocka_unit_test(an_incomplete_request_needs_more_bytes),
		cmocka_unit_test(
			a_request_of_the_largest_size_passes_and_one_byte_more_does_not),
		cmocka_unit_test(the_rfc_s_key_gets_the_rfc_s_answer),
		cmocka_unit_test(
			an_offer_of_compression_is_found_in_any_header_and_answered),
		cmocka_unit_test(refusals_have_these_bytes),
	};

	return cmocka_run_group_tests_name("http_upgrade", tests, NULL, NULL);
}
