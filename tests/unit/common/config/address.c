/* SPDX-License-Identifier: MIT
 *
 * common/config/address: the two forms, and strings of neither form.
 */
#include "common/config/address.h"

#include "tests/unit/unit.h"

static void expect_host(const char *s, const char *host, uint16_t port)
{
	struct address address;

	assert_int_equal(address_parse(s, &address), 0);
	assert_string_equal(address.host, host);
	assert_int_equal(address.port, port);
	assert_string_equal(address.path, "");
	assert_null(address_check(s));
}

static void expect_bad(const char *s)
{
	struct address address;

	if (address_parse(s, &address) != -1)
		fail_msg("'%s' is taken for an address", s);
	assert_non_null(address_check(s));
}

TEST(host_and_port_are_split_at_the_last_colon)
{
	expect_host("127.0.0.1:6379", "127.0.0.1", 6379);
	expect_host("redis:1", "redis", 1);
	expect_host("localhost:65535", "localhost", 65535);
	expect_host("[::1]:6379", "::1", 6379);
	expect_host("[fe80::1%eth0]:80", "fe80::1%eth0", 80);
}

TEST(a_unix_path_is_copied_unchanged)
{
	struct address address;

	assert_int_equal(address_parse("unix:/run/redis/r.sock", &address), 0);
	assert_string_equal(address.path, "/run/redis/r.sock");
	assert_string_equal(address.host, "");
	assert_int_equal(address.port, 0);
	assert_int_equal(address_parse("unix:/a:b", &address), 0);
	assert_string_equal(address.path, "/a:b");
}

TEST(a_unix_path_has_at_most_107_bytes)
{
	char s[200] = "unix:/";
	struct address address;

	memset(s + 6, 'p', 106);
	assert_int_equal(address_parse(s, &address), 0);
	assert_int_equal(strlen(address.path), 107);
	s[6 + 106] = 'p';
	expect_bad(s);
}

TEST(a_string_of_neither_form_is_refused)
{
	static const char *const bad[] = {
		"",          "unix:",       "localhost",    "localhost:",
		":6379",     "localhost:0", "localhost:-1", "localhost:65536",
		"host:1 ",   "host:0x10",   "6379",         "host:6379/0",
		"host:port", "/run/r.sock",
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		expect_bad(bad[i]);
}

TEST(brackets_must_enclose_the_whole_host)
{
	expect_bad("[]:6379");
	expect_bad("[::1:6379");
	expect_bad("::1]:6379");
}

TEST(a_host_that_is_too_long_is_refused)
{
	char s[NI_MAXHOST + 10];
	struct address address;

	memset(s, 'h', sizeof(s));
	memcpy(s + NI_MAXHOST - 1, ":1", 3);
	assert_int_equal(address_parse(s, &address), 0);
	assert_int_equal(strlen(address.host), NI_MAXHOST - 1);
	memset(s, 'h', sizeof(s));
	memcpy(s + NI_MAXHOST, ":1", 3);
	expect_bad(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_and_port_are_split_at_the_last_colon),
		cmocka_unit_test(a_unix_path_is_copied_unchanged),
		cmocka_unit_test(a_unix_path_has_at_most_107_bytes),
		cmocka_unit_test(a_string_of_neither_form_is_refused),
		cmocka_unit_test(brackets_must_enclose_the_whole_host),
		cmocka_unit_test(a_host_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
