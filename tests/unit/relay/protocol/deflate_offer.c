/* SPDX-License-Identifier: MIT
 *
 * relay/deflate_offer: which offers of compression are accepted, RFC 7692 §
 * 7.1, and the answers.
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

TEST(offers_of_browsers_and_libraries_are_accepted)
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

TEST(offers_that_can_not_be_met_are_ignored)
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

TEST(the_first_offer_that_can_be_met_is_accepted)
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
		cmocka_unit_test(offers_of_browsers_and_libraries_are_accepted),
		cmocka_unit_test(offers_that_can_not_be_met_are_ignored),
		cmocka_unit_test(the_first_offer_that_can_be_met_is_accepted),
	};

	return cmocka_run_group_tests_name("deflate_offer", tests, NULL, NULL);
}
