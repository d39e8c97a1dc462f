/* SPDX-License-Identifier: MIT
 *
 * One request head, parsed in place.
 */
#include "relay/http_upgrade.h"

#include <ctype.h>
#include <strings.h>

#include "common/crypto.h"

/* RFC 6455 § 1.3 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
/* 16 bytes in base64 */
#define KEY_LEN 24

/* The headers that are read, and how often each came. */
struct headers {
	int host, key, version;
	bool has_upgrade, has_connection, is_version_13, has_body;
};

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!is_token_char(s.ptr[i]))
			return false;
	return s.len > 0;
}

/* Whether s can stand in a header's value: RFC 9110 § 5.5. */
static bool is_field_value(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool equals(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.ptr, word, s.len) == 0;
}

static struct span trim(struct span s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 &&
	       (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* What stands before the first c, and *rest behind it; all of it and an
 * absent rest if there is no c. */
static struct span split(struct span s, char c, struct span *rest)
{
	const char *at = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;

	*rest = span_of(NULL, 0);
	if (at == NULL)
		return s;
	*rest = span_of(at + 1, s.len - (size_t)(at - s.ptr) - 1);
	return span_of(s.ptr, (size_t)(at - s.ptr));
}

/* Whether a comma-separated list holds the word. */
static bool list_has(struct span list, const char *word)
{
	while (list.ptr != NULL)
		if (equals(trim(split(list, ',', &list)), word))
			return true;
	return false;
}

static int parse_request_line(struct span line, struct http_upgrade *request)
{
	struct span version;
	size_t i;

	request->method = split(line, ' ', &line);
	request->target = split(line, ' ', &version);
	if (!is_token(request->method) || version.ptr == NULL ||
	    !span_starts(request->target, "/"))
		return 400;
	for (i = 0; i < request->target.len; i++) {
		unsigned char c = (unsigned char)request->target.ptr[i];

		if (c <= 0x20 || c >= 0x7f)
			return 400;
	}
	if (span_is(version, "HTTP/1.1"))
		return 0;
	return version.len == 8 && span_starts(version, "HTTP/") ? 505 : 400;
}

static void take_header(struct span name, struct span value,
			struct headers *headers, struct http_upgrade *request)
{
	if (equals(name, "Host")) {
		headers->host++;
	} else if (equals(name, "Upgrade")) {
		headers->has_upgrade |= list_has(value, "websocket");
	} else if (equals(name, "Connection")) {
		headers->has_connection |= list_has(value, "upgrade");
	} else if (equals(name, "Sec-WebSocket-Version")) {
		headers->version++;
		headers->is_version_13 = span_is(value, "13");
	} else if (equals(name, "Sec-WebSocket-Key")) {
		headers->key++;
		request->key = value;
	} else if (equals(name, "X-Real-IP")) {
		request->real_ip = value;
	} else if (equals(name, "Transfer-Encoding") ||
		   (equals(name, "Content-Length") && !span_is(value, "0"))) {
		headers->has_body = true;
	}
}

static bool is_key(struct span key)
{
	size_t i;

	if (key.len != KEY_LEN || key.ptr[22] != '=' || key.ptr[23] != '=')
		return false;
	for (i = 0; i < KEY_LEN - 2; i++)
		if (!isalnum((unsigned char)key.ptr[i]) && key.ptr[i] != '+' &&
		    key.ptr[i] != '/')
			return false;
	return true;
}

static int check_headers(const struct headers *headers,
			 struct http_upgrade *request)
{
	if (headers->host != 1 || headers->key > 1 || headers->version > 1 ||
	    headers->has_body)
		return 400;
	request->is_websocket = headers->has_upgrade &&
				headers->has_connection &&
				headers->is_version_13 && headers->key == 1;
	return request->is_websocket && !is_key(request->key) ? 400 : 0;
}

/* A line that ends in CR LF; absent if there is none, 400 on a bare one. */
static int take_line(struct span *in, struct span *line)
{
	const char *end = memchr(in->ptr, '\n', in->len);

	if (end == NULL)
		return -1;
	if (end == in->ptr || end[-1] != '\r')
		return 400;
	*line = span_of(in->ptr, (size_t)(end - in->ptr) - 1);
	in->len -= (size_t)(end + 1 - in->ptr);
	in->ptr = end + 1;
	return 0;
}

static int parse_head(struct span *in, struct http_upgrade *request)
{
	struct headers headers = { 0 };
	struct span line, name, value;
	int status;

	memset(request, 0, sizeof(*request));
	if ((status = take_line(in, &line)) != 0 ||
	    (status = parse_request_line(line, request)) != 0)
		return status;
	for (;;) {
		if ((status = take_line(in, &line)) != 0)
			return status;
		if (line.len == 0)
			return check_headers(&headers, request);
		/* a name is a token: no blank before the colon, no folding */
		name = split(line, ':', &value);
		if (value.ptr == NULL || !is_token(name) ||
		    !is_field_value(value))
			return 400;
		take_header(name, trim(value), &headers, request);
	}
}

int http_upgrade_parse(struct span in, struct http_upgrade *request,
		       size_t *used)
{
	struct span rest = in;
	int status;

	if (in.len == 0)
		return -1;
	if (rest.len > HTTP_UPGRADE_MAX_BYTES)
		rest.len = HTTP_UPGRADE_MAX_BYTES;
	status = parse_head(&rest, request);
	if (status == -1 && in.len > HTTP_UPGRADE_MAX_BYTES)
		return 431;
	*used = (size_t)(rest.ptr - in.ptr);
	return status;
}

void http_upgrade_accept(struct buf *out, struct span key)
{
	uint8_t digest[CRYPTO_SHA1_BYTES];
	struct buf text = BUF_INIT;

	buf_add_span(&text, key);
	buf_add_str(&text, ACCEPT_GUID);
	crypto_sha1(buf_span(&text), digest);
	buf_release(&text);

	buf_add_str(out, "HTTP/1.1 101 Switching Protocols\r\n"
			 "Upgrade: websocket\r\n"
			 "Connection: Upgrade\r\n"
			 "Sec-WebSocket-Accept: ");
	crypto_add_base64(out, digest, sizeof(digest));
	buf_add_str(out, "\r\n\r\n");
}

static const char *reason(int status)
{
	switch (status) {
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 426:
		return "Upgrade Required";
	case 431:
		return "Request Header Fields Too Large";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Bad Request";
	}
}

void http_upgrade_refuse(struct buf *out, int status)
{
	const char *text = reason(status);

	buf_addf(out, "HTTP/1.1 %d %s\r\n", status, text);
	if (status == 405)
		buf_add_str(out, "Allow: GET\r\n");
	if (status == 426)
		buf_add_str(out, "Upgrade: websocket\r\n"
				 "Connection: Upgrade, close\r\n"
				 "Sec-WebSocket-Version: 13\r\n");
	else
		buf_add_str(out, "Connection: close\r\n");
	buf_addf(out,
		 "Content-Type: text/plain\r\n"
		 "Content-Length: %zu\r\n\r\n%s\n",
		 strlen(text) + 1, text);
}
