/* SPDX-License-Identifier: MIT
 *
 * common/notify: what a service manager hears, and when nothing is said.
 */
#include "common/daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/unit/unit.h"

static char folder[] = "/tmp/pushlog-unit-XXXXXX";

/* A manager's socket by that name, which is put into the environment. */
static int manager(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				    strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_int_not_equal(fd, -1);
	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void assert_heard(int fd, const char *want)
{
	char said[512];
	ssize_t len = recv(fd, said, sizeof(said), 0);

	assert_int_not_equal(len, -1);
	assert_span(span_of(said, (size_t)len), span_str(want));
}

static void assert_silent(int fd)
{
	char said[512];

	assert_int_equal(recv(fd, said, sizeof(said), 0), -1);
}

static int set_up(void **state __attribute__((unused)))
{
	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "1000000", 1);
	unsetenv("WATCHDOG_PID");
	return 0;
}

static void say_everything(void)
{
	notify_ready();
	notify_alive();
	notify_status("%d workers", 2);
	notify_stopping();
}

static void assert_everything_heard(int fd)
{
	assert_heard(fd, "READY=1");
	assert_heard(fd, "WATCHDOG=1");
	assert_heard(fd, "STATUS=2 workers");
	assert_heard(fd, "STOPPING=1");
	assert_silent(fd);
}

TEST(a_socket_by_path_hears_each_state)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/notify", folder);
	fd = manager(path);
	say_everything();
	assert_everything_heard(fd);
	close(fd);
	unlink(path);
}

TEST(a_socket_without_a_file_hears_each_state)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "@%s", folder);
	fd = manager(name);
	say_everything();
	assert_everything_heard(fd);
	close(fd);
}

TEST(a_reload_tells_the_time_to_the_microsecond)
{
	int64_t before = clock_us();
	long long said_us = 0;
	char said[512], name[64];
	ssize_t len;
	int fd;

	snprintf(name, sizeof(name), "@%s", folder);
	fd = manager(name);
	notify_reloading();
	len = recv(fd, said, sizeof(said) - 1, 0);
	assert_int_not_equal(len, -1);
	said[len] = '\0';
	assert_int_equal(
		sscanf(said, "RELOADING=1\nMONOTONIC_USEC=%lld", &said_us), 1);
	assert_in_range(said_us, before, clock_us());
	close(fd);
}

TEST(a_long_status_is_cut)
{
	char name[64], text[1024];
	int fd;

	snprintf(name, sizeof(name), "@%s", folder);
	fd = manager(name);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	notify_status("%s", text);
	memcpy(text, "STATUS=", 7);
	text[255] = '\0';
	assert_heard(fd, text);
	close(fd);
}

TEST(without_a_manager_nothing_is_said)
{
	char said[256];

	assert_int_equal(run_child(say_everything, said, sizeof(said)), 0);
	assert_string_equal(said, "");
}

TEST(a_name_that_is_no_socket_is_told_in_the_log)
{
	static const char *const names[] = { "", "@", "relative",
					     "/nonexistent/notify",
					     "vsock:2:1234" };
	char said[4096], name[256];
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_int_equal(run_child(notify_ready, said, sizeof(said)),
				 0);
		assert_non_null(strstr(said, "cannot notify"));
	}
	memset(name, 'n', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(run_child(notify_ready, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "cannot notify"));
}

TEST(the_watchdog_is_ours_only_by_our_pid)
{
	char pid[32];

	assert_int_equal(notify_watchdog_ms(), 1000);
	setenv("WATCHDOG_USEC", "3000000", 1);
	assert_int_equal(notify_watchdog_ms(), 3000);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_ms(), 3000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_ms(), 0);
	setenv("WATCHDOG_PID", "we", 1);
	assert_int_equal(notify_watchdog_ms(), 0);
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_ms(), 0);
}

TEST(a_watchdog_that_is_none_hears_nothing)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "@%s", folder);
	fd = manager(name);
	unsetenv("WATCHDOG_USEC");
	notify_alive();
	assert_silent(fd);
	close(fd);
}

TEST(a_watchdog_that_makes_no_sense_is_none)
{
	static const char *const values[] = { "", "0", "-1", "soon", "1s" };
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		setenv("WATCHDOG_USEC", values[i], 1);
		assert_int_equal(notify_watchdog_ms(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_socket_by_path_hears_each_state,
				       set_up),
		cmocka_unit_test_setup(a_socket_without_a_file_hears_each_state,
				       set_up),
		cmocka_unit_test_setup(
			a_reload_tells_the_time_to_the_microsecond, set_up),
		cmocka_unit_test_setup(a_long_status_is_cut, set_up),
		cmocka_unit_test_setup(without_a_manager_nothing_is_said,
				       set_up),
		cmocka_unit_test_setup(
			a_name_that_is_no_socket_is_told_in_the_log, set_up),
		cmocka_unit_test_setup(the_watchdog_is_ours_only_by_our_pid,
				       set_up),
		cmocka_unit_test_setup(a_watchdog_that_is_none_hears_nothing,
				       set_up),
		cmocka_unit_test_setup(a_watchdog_that_makes_no_sense_is_none,
				       set_up),
	};
	int status;

	if (mkdtemp(folder) == NULL)
		return 1;
	status = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return status;
}
