/* SPDX-License-Identifier: MIT
 *
 * Reads the head of an upgrade request, and writes the answer.
 */
#include "relay/protocol/http_upgrade.h"

#include <ctype.h>

#include "common/base/crypto.h"
#include "common/base/http_head.h"

/* RFC 6455 § 1.3 */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
/* 16 bytes in base64 */
#define KEY_LEN 24

/* The headers read so far, and the count of each. */
struct headers {
	int host, key, version, origin;
	bool has_upgrade, has_connection, is_version_13, has_body;
};

static void take_header(struct span name, struct span value,
			struct headers *headers, struct http_upgrade *request)
{
	if (http_head_is(name, "Host")) {
		headers->host++;
	} else if (http_head_is(name, "Upgrade")) {
		headers->has_upgrade |= http_head_has(value, "websocket");
	} else if (http_head_is(name, "Connection")) {
		headers->has_connection |= http_head_has(value, "upgrade");
	} else if (http_head_is(name, "Sec-WebSocket-Version")) {
		headers->version++;
		headers->is_version_13 = span_is(value, "13");
	} else if (http_head_is(name, "Sec-WebSocket-Key")) {
		headers->key++;
		request->key = value;
	} else if (http_head_is(name, "Sec-WebSocket-Extensions")) {
		deflate_offer_take(&request->offer, value);
	} else if (http_head_is(name, "X-Real-IP")) {
		request->real_ip = value;
	} else if (http_head_is(name, "Origin")) {
		headers->origin++;
		request->origin = value;
	} else if (http_head_is(name, "Transfer-Encoding") ||
		   (http_head_is(name, "Content-Length") &&
		    !span_is(value, "0"))) {
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
	    headers->origin > 1 || headers->has_body)
		return 400;
	request->is_websocket = headers->has_upgrade &&
				headers->has_connection &&
				headers->is_version_13 && headers->key == 1;
	return request->is_websocket && !is_key(request->key) ? 400 : 0;
}

static int parse_head(struct span *in, struct http_upgrade *request)
{
	struct headers headers = { 0 };
	struct span name, value;
	struct http_head head;
	int status;

	memset(request, 0, sizeof(*request));
	if ((status = http_head_line(in, &head)) != 0)
		return status;
	if (head.is_1_0)
		return 505;
	request->method = head.method;
	request->target = head.target;
	for (;;) {
		if ((status = http_head_field(in, &name, &value)) != 0)
			return status;
		if (name.ptr == NULL)
			return check_headers(&headers, request);
		take_header(name, value, &headers, request);
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

void http_upgrade_accept(struct buf *out, struct span key,
			 const struct deflate_offer *offer)
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
	buf_add_str(out, "\r\n");
	if (offer != NULL)
		deflate_offer_add_answer(offer, out);
	buf_add_str(out, "\r\n");
}

void http_upgrade_refuse(struct buf *out, int status)
{
	const char *text = http_head_reason(status);

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
