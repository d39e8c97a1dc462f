/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/api/message: accepted messages and their stored form, the
 * status of the others, and the keys.
 */
#include "messages-fcgi/api/message.h"

#include "common/base/crypto.h"
#include "tests/unit/unit.h"

static const struct span absent = { NULL, 0 };
static const struct message_limits limits = { "messages,room-*", 10, 20 };

static void parse_form(struct form *form, const char *s)
{
	const char *why;
	int result = s[0] == '{'
			     ? form_parse_json(form, span_str(s), &why)
			     : form_parse_urlencoded(form, span_str(s), &why);

	assert_int_equal(result, 0);
}

/* The stored form, as channel|name|text|key, no key as a dash; or the
 * status and what is at fault. */
static void check(const char *body, struct span header, const char *want,
		  int line)
{
	struct form form = FORM_INIT;
	struct message message;
	struct problem problem = { 0 };
	struct buf said = BUF_INIT;

	parse_form(&form, body);
	if (message_init(&message, &form, header, &limits, &problem) == -1) {
		buf_addf(&said, "%d %s", problem.status, problem.param);
	} else {
		buf_add_span(&said, message.channel);
		buf_add_char(&said, '|');
		buf_add_span(&said, message.name);
		buf_add_char(&said, '|');
		buf_add_span(&said, message.text);
		buf_add_char(&said, '|');
		buf_add_span(&said, message.client_key.ptr ? message.client_key
							   : SPAN("-"));
		/* empty is not absent: the log keeps NULL for the latter */
		assert_non_null(message.name.ptr);
		assert_non_null(message.text.ptr);
	}
	check_span(buf_span(&said), span_str(want), __FILE__, line);
	message_release(&message);
	form_release(&form);
	buf_release(&said);
}

#define expect(body, want) check(body, absent, want, __LINE__)

TEST(name_and_text_are_stored_escaped)
{
	expect("name=Ada&text=hello", "messages|Ada|hello|-");
	expect("name=%3Cb%3E&text=%26%22%27%26amp%3B",
	       "messages|&lt;b&gt;|&amp;&quot;&#39;&amp;amp;|-");
	expect("name=&text=", "messages|||-");
	expect("name=&text=x", "messages||x|-");
	expect("name=a&text=b&name=c&text=d&time=1&id=7", "messages|a|b|-");
	expect("name=caf%C3%A9&text=%F0%9F%98%80%0a%01",
	       "messages|caf\xc3\xa9|\xf0\x9f\x98\x80\n\x01|-");
	expect("{\"name\":\"a\",\"text\":\"b\",\"time\":1}", "messages|a|b|-");
}

TEST(limits_count_bytes_before_they_are_escaped)
{
	expect("name=0123456789&text=01234567890123456789",
	       "messages|0123456789|01234567890123456789|-");
	expect("name=<<<<<<<<<<&text=",
	       "messages|&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;||-");
	expect("name=01234567890&text=", "413 name");
	expect("name=&text=012345678901234567890", "413 text");
	expect("name=%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9&text=",
	       "messages|\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9||-");
	expect("name=%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9x&text=", "413 name");
}

TEST(a_missing_or_malformed_field_is_a_400)
{
	expect("", "400 name");
	expect("text=x", "400 name");
	expect("name=x", "400 text");
	expect("Name=x&text=x", "400 name");
	expect("{\"name\":1,\"text\":\"\"}", "400 name");
	expect("{\"name\":\"\",\"text\":null}", "400 text");
	expect("name=%ff&text=", "400 name");
	expect("name=&text=%c3", "400 text");
	expect("name=&text=%ed%a0%80", "400 text");
	expect("name=a%00&text=", "400 name");
	expect("name=&text=%00", "400 text");
}

TEST(the_channel_must_be_on_the_list)
{
	expect("name=a&text=b&channel=messages", "messages|a|b|-");
	expect("name=a&text=b&channel=room-1", "room-1|a|b|-");
	expect("name=a&text=b&channel=other", "403 channel");
	expect("name=a&text=b&channel=private-room", "403 channel");
	expect("name=a&text=b&channel=", "400 channel");
	expect("name=a&text=b&channel=room-*", "400 channel");
	expect("name=a&text=b&channel=room-%00", "400 channel");
	expect("{\"name\":\"a\",\"text\":\"b\",\"channel\":1}", "400 channel");
}

TEST(the_key_in_the_header_takes_precedence)
{
	check("name=a&text=b", SPAN("k"), "messages|a|b|k", __LINE__);
	check("name=a&text=b&idempotency_key=f", SPAN("k"), "messages|a|b|k",
	      __LINE__);
	expect("name=a&text=b&idempotency_key=f", "messages|a|b|f");
	/* web servers pass a header that is not there as an empty one */
	check("name=a&text=b&idempotency_key=f", SPAN(""), "messages|a|b|f",
	      __LINE__);
	check("name=a&text=b", SPAN(""), "messages|a|b|-", __LINE__);
	/* a field of no use is not looked at */
	check("{\"name\":\"a\",\"text\":\"b\",\"idempotency_key\":1}",
	      SPAN("k"), "messages|a|b|k", __LINE__);
	expect("{\"name\":\"a\",\"text\":\"b\",\"idempotency_key\":1}",
	       "400 idempotency_key");
	expect("name=a&text=b&idempotency_key=", "400 idempotency_key");
}

TEST(a_key_has_up_to_200_bytes_of_any_kind)
{
	char body[300], want[300], key[202];

	memset(key, 'k', 201);
	key[201] = '\0';
	snprintf(body, sizeof(body), "name=&text=&idempotency_key=%.200s", key);
	snprintf(want, sizeof(want), "messages|||%.200s", key);
	expect(body, want);
	check("name=&text=", span_of(key, 200), want, __LINE__);
	snprintf(body, sizeof(body), "name=&text=&idempotency_key=%s", key);
	expect(body, "400 idempotency_key");
	check("name=&text=", span_of(key, 201), "400 Idempotency-Key",
	      __LINE__);
	expect("name=&text=&idempotency_key=%ff%0a", "messages|||\xff\n");
}

/* ---- the key in the log ---- */

TEST(keys_are_hashes_of_their_kind_and_bytes)
{
	uint8_t key[MESSAGE_KEY_BYTES], again[MESSAGE_KEY_BYTES];
	uint8_t digest[CRYPTO_SHA256_BYTES];

	/* what is in the log already depends on these */
	assert_true(message_key(SPAN("k"), SPAN("r"), key));
	crypto_sha256(SPAN("client\0k"), digest);
	assert_memory_equal(key, digest, sizeof(key));
	assert_true(message_key(absent, SPAN("r"), key));
	crypto_sha256(SPAN("request\0r"), digest);
	assert_memory_equal(key, digest, sizeof(key));
	assert_true(message_key(SPAN("k"), absent, key));
	assert_true(message_key(SPAN("k"), SPAN("other"), again));
	assert_memory_equal(key, again, sizeof(key));
	/* no client can take the key of a request */
	assert_true(message_key(absent, SPAN("k"), again));
	assert_memory_not_equal(key, again, sizeof(key));
	assert_true(message_key(SPAN("k\0"), absent, again));
	assert_memory_not_equal(key, again, sizeof(key));
	assert_false(message_key(absent, absent, key));
	assert_false(message_key(SPAN(""), SPAN(""), key));
}

TEST(keys_of_requests_sort_by_time)
{
	const struct span ids[] = { SPAN("1795509123.999-b"),
				    SPAN("1795509124.000-a") };
	const struct span others[] = { SPAN("1795509123.99-ab"),
				       SPAN("17955091234.999-"),
				       SPAN("1795509123.999"),
				       SPAN("x795509123.999-"),
				       SPAN("1795509123.x99-") };
	const uint8_t time[] = { 0x01, 0xa2, 0x0c, 0xae, 0xfb, 0x9f };
	uint8_t keys[2][MESSAGE_KEY_BYTES], digest[CRYPTO_SHA256_BYTES];
	struct buf buf = BUF_INIT;
	size_t i;

	for (i = 0; i < 2; i++)
		assert_true(message_key(absent, ids[i], keys[i]));
	assert_true(memcmp(keys[0], keys[1], sizeof(keys[0])) < 0);
	assert_memory_equal(keys[0], time, sizeof(time));
	crypto_sha256(SPAN("request\0001795509123.999-b"), digest);
	assert_memory_equal(keys[0] + sizeof(time), digest + sizeof(time),
			    sizeof(keys[0]) - sizeof(time));

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		buf_clear(&buf);
		buf_add(&buf, "request", sizeof("request"));
		buf_add_span(&buf, others[i]);
		crypto_sha256(buf_span(&buf), digest);
		assert_true(message_key(absent, others[i], keys[0]));
		assert_memory_equal(keys[0], digest, sizeof(keys[0]));
	}
	buf_release(&buf);
	/* what a client sends is no time */
	assert_true(message_key(ids[0], absent, keys[0]));
	assert_memory_not_equal(keys[0], time, sizeof(time));
}

TEST(the_longest_message_fits_the_largest_body)
{
	struct message_limits wide = { "messages", 1000, 5000 };
	struct form form = FORM_INIT;
	struct message message;
	struct problem problem;
	struct buf body = BUF_INIT;
	const char *why;
	int i;

	buf_add_str(&body, "{\"idempotency_key\":\"");
	for (i = 0; i < MESSAGE_CLIENT_KEY_MAX; i++)
		buf_add_str(&body, "\\u006b");
	buf_add_str(&body, "\",\"name\":\"");
	for (i = 0; i < 1000; i++)
		buf_add_str(&body, "\\u006e");
	buf_add_str(&body, "\",\"text\":\"");
	for (i = 0; i < 5000; i++)
		buf_add_str(&body, "\\u0074");
	buf_add_str(&body, "\"}");
	assert_true(body.len <= message_body_max_bytes(&wide));
	assert_int_equal(form_parse_json(&form, buf_span(&body), &why), 0);
	assert_int_equal(message_init(&message, &form, absent, &wide, &problem),
			 0);
	assert_int_equal(message.text.len, 5000);
	message_release(&message);
	form_release(&form);
	buf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_and_text_are_stored_escaped),
		cmocka_unit_test(limits_count_bytes_before_they_are_escaped),
		cmocka_unit_test(a_missing_or_malformed_field_is_a_400),
		cmocka_unit_test(the_channel_must_be_on_the_list),
		cmocka_unit_test(the_key_in_the_header_takes_precedence),
		cmocka_unit_test(a_key_has_up_to_200_bytes_of_any_kind),
		cmocka_unit_test(keys_are_hashes_of_their_kind_and_bytes),
		cmocka_unit_test(keys_of_requests_sort_by_time),
		cmocka_unit_test(the_longest_message_fits_the_largest_body),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
