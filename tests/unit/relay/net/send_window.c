/* SPDX-License-Identifier: MIT
 *
 * relay/net/send_window: sends at once after quiet, otherwise once a window.
 */
#include "relay/net/send_window.h"

#include "tests/unit/unit.h"

#define LENGTH_US 2000

TEST(a_quiet_peer_passes_at_once_and_then_waits_for_the_end)
{
	struct send_window window = SEND_WINDOW_INIT(LENGTH_US);
	uint32_t last = 0;

	assert_true(send_window_pass(&window, &last, 500));
	send_window_begin(&window, 500);
	assert_false(send_window_pass(&window, &last, 501));
	assert_false(send_window_pass(&window, &last, 500 + LENGTH_US - 1));
	assert_true(send_window_pass(&window, &last, 500 + LENGTH_US));
	send_window_begin(&window, 500 + LENGTH_US);
	assert_false(send_window_pass(&window, &last, 501 + LENGTH_US));
}

TEST(more_for_the_same_turn_passes_too)
{
	struct send_window window = SEND_WINDOW_INIT(LENGTH_US);
	uint32_t last = 0;

	assert_true(send_window_pass(&window, &last, 0));
	assert_true(send_window_pass(&window, &last, 0));
	send_window_begin(&window, 0);
	assert_false(send_window_pass(&window, &last, 0));
}

TEST(a_peer_does_not_wait_for_others)
{
	struct send_window window = SEND_WINDOW_INIT(LENGTH_US);
	uint32_t busy = 0, quiet = 0, late = 0;

	assert_true(send_window_pass(&window, &busy, 0));
	send_window_begin(&window, 0);
	assert_true(send_window_pass(&window, &quiet, 100));
	send_window_begin(&window, 100);
	assert_true(send_window_pass(&window, &late, LENGTH_US - 1));
	send_window_begin(&window, LENGTH_US - 1);
	/* a peer that passes in mid-window does not extend it */
	assert_false(send_window_pass(&window, &busy, LENGTH_US - 1));
	assert_true(send_window_pass(&window, &busy, LENGTH_US));
}

TEST(sending_does_not_shorten_the_window)
{
	struct send_window window = SEND_WINDOW_INIT(LENGTH_US);
	uint32_t last = 0;

	assert_true(send_window_pass(&window, &last, 0));
	send_window_begin(&window, 60000);
	assert_false(send_window_pass(&window, &last, 60000));
	assert_true(send_window_pass(&window, &last, 60000 + LENGTH_US));
}

TEST(an_early_end_lets_every_peer_pass)
{
	struct send_window window = SEND_WINDOW_INIT(LENGTH_US);
	uint32_t one = 0, other = 0;

	assert_true(send_window_pass(&window, &one, 0));
	assert_true(send_window_pass(&window, &other, 0));
	send_window_begin(&window, 0);
	send_window_end(&window);
	assert_true(send_window_pass(&window, &one, 1));
	assert_true(send_window_pass(&window, &other, 1));
	send_window_begin(&window, 1);
	assert_false(send_window_pass(&window, &one, 2));
	assert_false(send_window_pass(&window, &other, 2));
}

TEST(no_peer_waits_without_a_window_length)
{
	struct send_window window = SEND_WINDOW_INIT(0);
	uint32_t last = 0;
	int64_t now_us;

	for (now_us = 0; now_us < 100; now_us += now_us % 3) {
		assert_true(send_window_pass(&window, &last, now_us));
		send_window_begin(&window, now_us);
		now_us++;
	}
}

TEST(window_numbers_may_wrap_around)
{
	struct send_window window = SEND_WINDOW_INIT(LENGTH_US);
	uint32_t last = UINT32_MAX;

	window.number = UINT32_MAX;
	window.ends_us = 10;
	assert_false(send_window_pass(&window, &last, 5));
	assert_true(send_window_pass(&window, &last, 10));
	send_window_begin(&window, 10);
	assert_false(send_window_pass(&window, &last, 11));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_quiet_peer_passes_at_once_and_then_waits_for_the_end),
		cmocka_unit_test(more_for_the_same_turn_passes_too),
		cmocka_unit_test(a_peer_does_not_wait_for_others),
		cmocka_unit_test(sending_does_not_shorten_the_window),
		cmocka_unit_test(an_early_end_lets_every_peer_pass),
		cmocka_unit_test(no_peer_waits_without_a_window_length),
		cmocka_unit_test(window_numbers_may_wrap_around),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
