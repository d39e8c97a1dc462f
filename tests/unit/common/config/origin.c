/* SPDX-License-Identifier: MIT
 *
 * common/config/origin: the syntax of the list, and the origins that match it.
 */
#include "common/config/origin.h"

#include "tests/unit/unit.h"

TEST(the_list_accepts_origins_as_browsers_send_them)
{
	static const char *const good[] = {
		"",
		"https://example.org",
		"http://localhost",
		"http://localhost:3000",
		"https://example.org:8443",
		"https://example.org:80",
		"http://example.org:443",
		"http://127.0.0.1:8080",
		"http://[::1]",
		"http://[::1]:8080",
		"https://a, https://b,\thttps://c ,",
		"https://*.example.org",
		"https://*.*.example.org:1",
		"https://*",
		"https://app.*.example.org",
		"capacitor://localhost",
	};
	static const char *const bad[] = {
		"example.org",
		"*",
		"null",
		"//example.org",
		"https:",
		"https://",
		"https:///",
		"https://example.org/",
		"https://example.org/chat",
		"https://Example.org",
		"HTTPS://example.org",
		"https://example.org:",
		"https://example.org:443",
		"http://example.org:80",
		"https://example.org:0",
		"https://example.org:080",
		"https://example.org:65536",
		"https://example.org:8443x",
		"https://example.org:-1",
		"https://example.org.",
		"https://.example.org",
		"https://example..org",
		"https://*example.org",
		"https://a*.example.org",
		"https://**.example.org",
		"https://user@example.org",
		"https://[::1",
		"https://[::1]x",
		"https://a https://b/",
		"*://example.org",
	};
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		if (origin_check_list(good[i]) != NULL)
			fail_msg("'%s' is refused", good[i]);
	for (i = 0; i < COUNT(bad); i++)
		if (origin_check_list(bad[i]) == NULL)
			fail_msg("'%s' is accepted", bad[i]);
}

static const char list[] = "https://example.org, http://localhost:3000,"
			   "https://*.example.com,https://*.a.*.net:8443";

static bool is_listed(const char *origin)
{
	struct span box = boxed(span_str(origin));
	bool result = origin_is_listed(box, list);

	unbox(box);
	return result;
}

TEST(an_origin_that_resembles_a_listed_one_is_not_listed)
{
	static const char *const on[] = {
		"https://example.org",     "http://localhost:3000",
		"https://www.example.com", "https://a-b_1.example.com",
		"https://x.a.y.net:8443",
	};
	static const char *const off[] = {
		"",
		"null",
		"*",
		"https://",
		"https://evil.example",
		/* something before, after or inside a listed origin */
		"https://example.org.evil.example",
		"https://example.org:8443",
		"https://example.org:443",
		"https://example.orgs",
		"https://example.or",
		"https://example.org/",
		"https://example.org ",
		" https://example.org",
		"https://example.org, http://localhost:3000",
		"https://evil-example.org",
		"https://evil.example.org",
		"https://evil.example/https://example.org",
		"https://example.org@evil.example",
		"https://evil.example#https://example.org",
		"http://example.org",
		"HTTPS://example.org",
		"https://EXAMPLE.org",
		"http://localhost",
		"http://localhost:30000",
		"http://localhost:300",
		"https://localhost:3000",
		/* a * matches exactly one label */
		"https://example.com",
		"https://.example.com",
		"https://a.b.example.com",
		"https://*.example.com",
		"https://evil.example/.example.com",
		"https://evil.example:1.example.com",
		"https://a.example.com:8443",
		"https://a.example.com.evil.example",
		"https://evilexample.com",
		"https://x.a.y.net",
		"https://x.b.y.net:8443",
		"https://a.y.net:8443",
	};
	size_t i;

	assert_null(origin_check_list(list));
	for (i = 0; i < COUNT(on); i++)
		if (!is_listed(on[i]))
			fail_msg("'%s' is not on the list", on[i]);
	for (i = 0; i < COUNT(off); i++)
		if (is_listed(off[i]))
			fail_msg("'%s' is on the list", off[i]);
	assert_false(
		origin_is_listed(span_of("https://example.org\0", 20), list));
	assert_false(origin_is_listed(SPAN("https://example.org"), ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_list_accepts_origins_as_browsers_send_them),
		cmocka_unit_test(
			an_origin_that_resembles_a_listed_one_is_not_listed),
	};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
