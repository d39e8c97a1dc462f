/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/http/cors: the list decides; without one, Sec-Fetch-Site does.
 */
#include "messages-fcgi/http/cors.h"

#include "tests/unit/unit.h"

#define LIST "https://example.org, https://*.example.com"

static struct cors_request from(const char *origin, const char *site)
{
	return (struct cors_request){ span_str(origin), span_str(site) };
}

static void expect(const char *allowed, const char *origin, const char *site,
		   bool may_post, bool may_read)
{
	struct cors_request request = from(origin, site);

	assert_int_equal(cors_may_post(&request, allowed), may_post);
	assert_span(cors_reader(&request, allowed),
		    span_str(may_read ? origin : NULL));
}

TEST(a_list_decides_whatever_the_browser_says)
{
	expect(LIST, "https://example.org", "cross-site", true, true);
	expect(LIST, "https://a.example.com", "same-site", true, true);
	expect(LIST, "https://evil.example", "same-origin", false, false);
	expect(LIST, "https://evil.example", NULL, false, false);
	expect(LIST, "null", NULL, false, false);
	expect(LIST, "", NULL, false, false);
}

TEST(without_a_list_the_browser_tells_our_page_from_others)
{
	expect("", "https://example.org", "same-origin", true, false);
	expect("", "https://example.org", "none", true, false);
	expect("", "https://example.org", "same-site", false, false);
	expect("", "https://example.org", "cross-site", false, false);
	expect("", "null", "cross-site", false, false);
	expect("", NULL, "cross-site", false, false);
	/* one that is too old, or not asked by https */
	expect("", "https://example.org", NULL, true, false);
	/* what no browser says */
	expect("", NULL, "", false, false);
	expect("", NULL, "Same-Origin", false, false);
}

TEST(requests_without_headers_of_a_page_may_post)
{
	expect("", NULL, NULL, true, false);
	expect(LIST, NULL, NULL, true, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_decides_whatever_the_browser_says),
		cmocka_unit_test(
			without_a_list_the_browser_tells_our_page_from_others),
		cmocka_unit_test(requests_without_headers_of_a_page_may_post),
	};

	return cmocka_run_group_tests_name("cors", tests, NULL, NULL);
}
