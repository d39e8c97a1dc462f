/* SPDX-License-Identifier: MIT
 *
 * common/wire/auth: the vectors of the protocol's documentation, and grants.
 */
#include "common/wire/auth.h"

#include "tests/unit/unit.h"

static char key[] = "278d425bdf160c739803", secret[] = "7ad3773142a6692b25b8";
static const struct app app = { .key = key, .secret = secret };

static const struct span absent = { NULL, 0 };

static void expect_channel(struct span channel, struct span data,
			   const char *want)
{
	struct buf buf = BUF_INIT;

	auth_add_channel(&buf, &app, SPAN("1234.1234"), channel, data);
	assert_span(buf_span(&buf), span_str(want));
	buf_release(&buf);
}

TEST(a_private_channel_is_signed_as_published)
{
	expect_channel(SPAN("private-foobar"), span_of(NULL, 0),
		       "278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34"
		       "fe8c25bba48f5369f135bf843651c3a4");
}

TEST(a_presence_channel_is_signed_with_its_data_as_published)
{
	expect_channel(SPAN("presence-foobar"),
		       SPAN("{\"user_id\":10,\"user_info\":"
			    "{\"name\":\"Mr. Channels\"}}"),
		       "278d425bdf160c739803:31935e7d86dba64c2a90aed31fdc6186"
		       "9f9b22ba9d8863bba239c03ca481bc80");
}

TEST(a_user_is_signed_as_published)
{
	struct buf buf = BUF_INIT;

	auth_add_user(&buf, &app, SPAN("1234.1234"),
		      SPAN("{\"id\":\"12345\"}"));
	assert_buf(&buf, "278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c3"
			 "59a31eebde13337c16ab43aa6de336ba");
	buf_release(&buf);
}

/* A signature with any other byte or length is refused. */
static void expect_only(bool (*check)(struct span auth), struct span good)
{
	struct buf bad = BUF_INIT;
	size_t i;

	assert_true(check(good));
	assert_false(check(absent));
	for (i = 0; i < good.len; i++) {
		assert_false(check(span_of(good.ptr, i)));
		buf_clear(&bad);
		buf_add_span(&bad, good);
		bad.data[i] ^= 1;
		assert_false(check(buf_span(&bad)));
	}
	buf_clear(&bad);
	buf_add_span(&bad, good);
	buf_add_char(&bad, '0');
	assert_false(check(buf_span(&bad)));
	buf_release(&bad);
}

static const struct span data = { "{\"user_id\":\"Ada\"}", 17 };

static bool check_private(struct span auth)
{
	return auth_check_channel(&app, auth, SPAN("1234.1234"),
				  SPAN("private-foobar"), absent);
}

static bool check_with_data(struct span auth)
{
	return auth_check_channel(&app, auth, SPAN("1234.1234"),
				  SPAN("private-foobar"), data);
}

static bool check_user(struct span auth)
{
	return auth_check_user(&app, auth, SPAN("1234.1234"), data);
}

TEST(only_the_right_signature_is_accepted)
{
	struct buf channel = BUF_INIT, with_data = BUF_INIT, user = BUF_INIT;

	auth_add_channel(&channel, &app, SPAN("1234.1234"),
			 SPAN("private-foobar"), absent);
	auth_add_channel(&with_data, &app, SPAN("1234.1234"),
			 SPAN("private-foobar"), data);
	auth_add_user(&user, &app, SPAN("1234.1234"), data);
	expect_only(check_private, buf_span(&channel));
	expect_only(check_with_data, buf_span(&with_data));
	expect_only(check_user, buf_span(&user));
	assert_false(check_with_data(buf_span(&channel)));
	assert_false(check_private(buf_span(&with_data)));
	assert_false(auth_check_channel(&app, buf_span(&channel),
					SPAN("1234.1235"),
					SPAN("private-foobar"), absent));
	assert_false(auth_check_channel(&app, buf_span(&channel),
					SPAN("1234.1234"),
					SPAN("private-foobaz"), absent));
	buf_release(&channel);
	buf_release(&with_data);
	buf_release(&user);
}

static char id[] = "3";

static bool check_grant(struct span channel, struct span grant, int64_t now_s)
{
	struct app with_id = app;
	struct span box = boxed(grant);
	bool result;

	with_id.id = id;
	result = auth_check_grant(&with_id, channel, box, now_s);
	unbox(box);
	return result;
}

static void add_grant(struct buf *buf, struct span user, int64_t expiry_s)
{
	struct app with_id = app;

	with_id.id = id;
	buf_clear(buf);
	auth_add_grant(buf, &with_id, SPAN("private-a"), user, expiry_s);
}

TEST(a_grant_is_valid_for_its_channel_until_it_expires)
{
	struct span channel = SPAN("private-a");
	struct buf buf = BUF_INIT;
	char longest[512];

	add_grant(&buf, absent, 1000);
	assert_true(span_starts(buf_span(&buf), "1000::"));
	assert_true(check_grant(channel, buf_span(&buf), 0));
	assert_true(check_grant(channel, buf_span(&buf), 999));
	assert_false(check_grant(channel, buf_span(&buf), 1000));
	assert_false(check_grant(SPAN("private-b"), buf_span(&buf), 999));
	assert_false(check_grant(SPAN("private-"), buf_span(&buf), 999));
	/* another app with the same secret */
	assert_false(auth_check_grant(
		&(struct app){ .id = key, .secret = secret, .key = key },
		channel, buf_span(&buf), 999));
	add_grant(&buf, SPAN("A:\n\xc3\xa9"), 1000);
	assert_true(span_starts(buf_span(&buf), "1000:413a0ac3a9:"));
	assert_true(check_grant(channel, buf_span(&buf), 999));
	memset(longest, 'x', sizeof(longest));
	add_grant(&buf, span_of(longest, sizeof(longest)), 1000);
	assert_true(check_grant(channel, buf_span(&buf), 999));
	buf_release(&buf);
}

TEST(a_grant_with_any_difference_is_refused)
{
	static const char *const others[] = {
		"",         ":",         "::",   "1000::", "1000",
		"1000:4:0", "1000:4g:0", "x::0", "-1::0",
	};
	struct span channel = SPAN("private-a");
	struct buf buf = BUF_INIT;
	size_t i;

	for (i = 0; i < COUNT(others); i++)
		assert_false(check_grant(channel, span_str(others[i]), 0));
	assert_false(auth_check_grant(&app, channel, absent, 0));
	add_grant(&buf, SPAN("Ada"), 1000);
	for (i = 0; i < buf.len; i++) {
		assert_false(check_grant(channel, span_of(buf.data, i), 0));
		buf.data[i] ^= 1;
		assert_false(check_grant(channel, buf_span(&buf), 0));
		buf.data[i] ^= 1;
	}
	buf_add_char(&buf, '0');
	assert_false(check_grant(channel, buf_span(&buf), 0));
	/* other spellings */
	buf_clear(&buf);
	add_grant(&buf, SPAN("JKL"), 1000);
	assert_true(check_grant(channel, buf_span(&buf), 0));
	*strchr(buf.data, 'a') = 'A';
	assert_false(check_grant(channel, buf_span(&buf), 0));
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_grant_is_valid_for_its_channel_until_it_expires),
		cmocka_unit_test(a_grant_with_any_difference_is_refused),
		cmocka_unit_test(only_the_right_signature_is_accepted),
		cmocka_unit_test(a_private_channel_is_signed_as_published),
		cmocka_unit_test(
			a_presence_channel_is_signed_with_its_data_as_published),
		cmocka_unit_test(a_user_is_signed_as_published),
	};

	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
