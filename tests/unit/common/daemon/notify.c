/* SPDX-License-Identifier: MIT
 *
 * common/daemon/notify: the messages to a service manager, and when there are
 * none.
 */
#include "common/daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/unit/unit.h"

static char folder[] = "/tmp/pushlog-unit-XXXXXX";

/* Opens a socket of this name and puts the name into the environment. */
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

TEST(each_state_arrives_at_a_socket_with_a_path)
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

TEST(each_state_arrives_at_an_abstract_socket)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "@%s", folder);
	fd = manager(name);
	say_everything();
	assert_everything_heard(fd);
	close(fd);
}

TEST(a_reload_reports_its_time_in_microseconds)
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

TEST(nothing_is_sent_without_a_manager)
{
	char said[256];

	assert_int_equal(run_child(say_everything, said, sizeof(said)), 0);
	assert_string_equal(said, "");
}

TEST(a_name_that_is_not_a_socket_is_logged)
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

TEST(a_watchdog_of_another_process_is_ignored)
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

TEST(nothing_is_sent_without_a_watchdog)
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

TEST(a_malformed_watchdog_is_ignored)
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
		cmocka_unit_test_setup(
			each_state_arrives_at_a_socket_with_a_path, set_up),
		cmocka_unit_test_setup(each_state_arrives_at_an_abstract_socket,
				       set_up),
		cmocka_unit_test_setup(
			a_reload_reports_its_time_in_microseconds, set_up),
		cmocka_unit_test_setup(a_long_status_is_cut, set_up),
		cmocka_unit_test_setup(nothing_is_sent_without_a_manager,
				       set_up),
		cmocka_unit_test_setup(a_name_that_is_not_a_socket_is_logged,
				       set_up),
		cmocka_unit_test_setup(a_watchdog_of_another_process_is_ignored,
				       set_up),
		cmocka_unit_test_setup(nothing_is_sent_without_a_watchdog,
				       set_up),
		cmocka_unit_test_setup(a_malformed_watchdog_is_ignored, set_up),
	};
	int status;

	if (mkdtemp(folder) == NULL)
		return 1;
	status = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return status;
}
