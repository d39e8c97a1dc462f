/* SPDX-License-Identifier: MIT
 *
 * common/auth: the vectors that the protocol's documentation gives.
 */
#include "common/auth.h"

#include "tests/unit/unit.h"

static char key[] = "278d425bdf160c739803", secret[] = "7ad3773142a6692b25b8";
static const struct app app = { .key = key, .secret = secret };

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_private_channel_is_signed_as_published),
		cmocka_unit_test(
			a_presence_channel_is_signed_with_its_data_as_published),
		cmocka_unit_test(a_user_is_signed_as_published),
	};

	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
