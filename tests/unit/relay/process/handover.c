/* SPDX-License-Identifier: MIT
 *
 * relay/handover: the handover from one image of relay to the next, and the
 * sockets from a service manager.
 */
#include "relay/process/handover.h"

#include <unistd.h>

#include "tests/unit/unit.h"

static int set_up(void **state __attribute__((unused)))
{
	unsetenv("RELAY_HANDOVER");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return 0;
}

static void set_number(const char *name, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	setenv(name, text, 1);
}

TEST(a_handover_reaches_the_next_image)
{
	pid_t workers[] = { 4712, 4713, 4714 };
	const struct handover given = { 7, 8, true, workers, COUNT(workers) };
	struct handover taken;

	handover_give(&given);
	handover_take(&taken);
	assert_int_equal(taken.listen_fd, 7);
	assert_int_equal(taken.ops_fd, 8);
	assert_true(taken.is_ours);
	assert_int_equal(taken.count, 3);
	assert_memory_equal(taken.workers, workers, sizeof(workers));
	assert_null(getenv("RELAY_HANDOVER"));
	handover_release(&taken);
	assert_int_equal(taken.listen_fd, -1);
}

TEST(without_a_handover_nothing_is_taken)
{
	const struct handover given = { 7, -1, true, NULL, 0 };
	struct handover taken;

	handover_take(&taken);
	assert_int_equal(taken.listen_fd, -1);
	handover_give(&given);
	handover_withdraw();
	handover_take(&taken);
	assert_int_equal(taken.listen_fd, -1);
	assert_int_equal(taken.count, 0);
	handover_release(&taken);
}

TEST(another_version_can_read_the_text)
{
	pid_t workers[] = { 12, 13 };
	const struct handover given = { 3, -1, false, workers, COUNT(workers) };
	struct buf text = BUF_INIT;
	struct handover taken;
	struct span later;

	handover_encode(&given, 11, &text);
	assert_buf(&text, "pid=11 listen=3 ours=0 worker=12 worker=13");
	buf_release(&text);

	later = SPAN("colour=3 pid=11 listen=5 worker=12 shape=-1");
	assert_int_equal(handover_decode(later, 11, &taken), 0);
	assert_int_equal(taken.listen_fd, 5);
	assert_int_equal(taken.ops_fd, -1);
	assert_false(taken.is_ours);
	assert_int_equal(taken.count, 1);
	assert_int_equal(taken.workers[0], 12);
	handover_release(&taken);
}

TEST(a_malformed_text_is_refused)
{
	static const char *const texts[] = {
		"",
		" ",
		"pid",
		"pid=",
		"pid=11",
		"listen=3",
		"pid=12 listen=3",
		"pid=11 listen=-1",
		"pid=11  listen=3",
		"pid=11 listen=three",
		"pid=11 listen=4294967299",
		"pid=11 listen=3 worker=1",
		"pid=11 listen=3 worker=0",
		"pid=11 listen=3 worker=-2",
		"pid=11 listen=3 worker=99999999999",
	};
	struct handover taken;
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		struct span text = boxed(span_str(texts[i]));

		if (handover_decode(text, 11, &taken) != -1)
			fail_msg("'%s' is taken", texts[i]);
		handover_release(&taken);
		unbox(text);
	}
}

TEST(a_handover_for_another_process_is_not_taken)
{
	struct handover taken;

	setenv("RELAY_HANDOVER", "pid=1 listen=3 ours=1 worker=2", 1);
	handover_take(&taken);
	assert_int_equal(taken.listen_fd, -1);
	assert_int_equal(taken.count, 0);
	assert_null(getenv("RELAY_HANDOVER"));
	handover_release(&taken);
}

TEST(a_socket_of_a_service_manager_is_descriptor_3)
{
	struct handover taken;

	set_number("LISTEN_PID", getpid());
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", "relay.socket", 1);
	handover_take(&taken);
	assert_int_equal(taken.listen_fd, 3);
	assert_false(taken.is_ours);
	assert_int_equal(taken.count, 0);
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_FDNAMES"));
	handover_release(&taken);
}

TEST(a_socket_for_another_process_is_not_taken)
{
	struct handover taken;

	set_number("LISTEN_PID", getppid());
	setenv("LISTEN_FDS", "1", 1);
	handover_take(&taken);
	assert_int_equal(taken.listen_fd, -1);
	set_number("LISTEN_PID", getpid());
	setenv("LISTEN_FDS", "0", 1);
	handover_take(&taken);
	assert_int_equal(taken.listen_fd, -1);
	handover_release(&taken);
}

static void take_two(void)
{
	struct handover taken;

	set_number("LISTEN_PID", getpid());
	setenv("LISTEN_FDS", "2", 1);
	handover_take(&taken);
}

TEST(more_than_one_socket_is_refused)
{
	char said[1024];

	assert_int_equal(run_child(take_two, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "2 sockets were handed over"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_handover_reaches_the_next_image,
				       set_up),
		cmocka_unit_test_setup(without_a_handover_nothing_is_taken,
				       set_up),
		cmocka_unit_test(another_version_can_read_the_text),
		cmocka_unit_test(a_malformed_text_is_refused),
		cmocka_unit_test_setup(
			a_handover_for_another_process_is_not_taken, set_up),
		cmocka_unit_test_setup(
			a_socket_of_a_service_manager_is_descriptor_3, set_up),
		cmocka_unit_test_setup(
			a_socket_for_another_process_is_not_taken, set_up),
		cmocka_unit_test_setup(more_than_one_socket_is_refused, set_up),
	};

	return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
