/* SPDX-License-Identifier: MIT
 *
 * relay/offer: which offers of compression can be met, RFC 7692 § 7.1, and what
 * they are answered.
 */
#include "relay/protocol/deflate_offer.h"

#include "tests/unit/unit.h"

#define ANSWER                                                                 \
	"Sec-WebSocket-Extensions: permessage-deflate; "                       \
	"server_no_context_takeover; client_no_context_takeover"

/* want: the answer, NULL if there is none */
static void expect(const char *value, const char *want)
{
	struct span box = boxed(span_str(value));
	struct deflate_offer offer = { .is_good = false };
	struct buf buf = BUF_INIT;

	deflate_offer_take(&offer, box);
	unbox(box);
	if (offer.is_good)
		deflate_offer_add_answer(&offer, &buf);
	if (offer.is_good != (want != NULL))
		fail_msg("'%s' is %staken", value, want ? "not " : "");
	if (want != NULL)
		assert_span(buf_span(&buf), span_str(want));
	buf_release(&buf);
}

TEST(what_browsers_and_libraries_offer_is_taken)
{
	expect("permessage-deflate", ANSWER "\r\n");
	/* Chromium and ws; Firefox; Safari */
	expect("permessage-deflate; client_max_window_bits", ANSWER "\r\n");
	expect("permessage-deflate", ANSWER "\r\n");
	expect("x-webkit-deflate-frame, permessage-deflate", ANSWER "\r\n");
	expect("permessage-deflate;server_no_context_takeover;"
	       "client_no_context_takeover;client_max_window_bits=8",
	       ANSWER "\r\n");
	expect("Permessage-Deflate ;\tclient_max_window_bits=\"10\"",
	       ANSWER "\r\n");
	expect("permessage-deflate; server_max_window_bits=15",
	       ANSWER "; server_max_window_bits=15\r\n");
}

TEST(what_can_not_be_met_is_passed_over)
{
	static const char *const bad[] = {
		"",
		",",
		";",
		"=",
		"deflate",
		"permessage-deflate-x",
		"permessage-deflate=1",
		"permessage-deflate;",
		"permessage-deflate; ;client_max_window_bits",
		"permessage-deflate; unknown",
		"permessage-deflate; server_no_context_takeover=1",
		"permessage-deflate; client_no_context_takeover=",
		"permessage-deflate; server_max_window_bits",
		"permessage-deflate; server_max_window_bits=",
		"permessage-deflate; server_max_window_bits=14",
		"permessage-deflate; server_max_window_bits=8",
		"permessage-deflate; server_max_window_bits=16",
		"permessage-deflate; client_max_window_bits=",
		"permessage-deflate; client_max_window_bits=0",
		"permessage-deflate; client_max_window_bits=7",
		"permessage-deflate; client_max_window_bits=08",
		"permessage-deflate; client_max_window_bits=16",
		"permessage-deflate; client_max_window_bits=100",
		"permessage-deflate; client_max_window_bits=1x",
		"permessage-deflate; client_max_window_bits=\"",
		"permessage-deflate; client_max_window_bits=\"\"",
		"permessage-deflate; client_max_window_bits; "
		"client_max_window_bits",
		"permessage-deflate; server_no_context_takeover; "
		"server_no_context_takeover",
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		expect(bad[i], NULL);
}

TEST(the_first_that_can_be_met_is_taken)
{
	expect("permessage-deflate; server_max_window_bits=10, "
	       "permessage-deflate",
	       ANSWER "\r\n");
	expect("permessage-deflate; server_max_window_bits=15, "
	       "permessage-deflate",
	       ANSWER "; server_max_window_bits=15\r\n");
	expect("permessage-deflate, "
	       "permessage-deflate; server_max_window_bits=15",
	       ANSWER "\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_browsers_and_libraries_offer_is_taken),
		cmocka_unit_test(what_can_not_be_met_is_passed_over),
		cmocka_unit_test(the_first_that_can_be_met_is_taken),
	};

	return cmocka_run_group_tests_name("offer", tests, NULL, NULL);
}
