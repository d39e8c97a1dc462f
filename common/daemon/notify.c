/* SPDX-License-Identifier: MIT
 *
 * Sends one datagram per message to the socket in NOTIFY_SOCKET.
 */
#include "common/daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/text.h"

#define STATUS_MAX_BYTES 256

/* Fills the address that name denotes: a path, or '@' and an abstract name.
 * Returns its length, or 0 if name is neither. */
static socklen_t parse_address(const char *name, struct sockaddr_un *address)
{
	size_t len = strlen(name);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(address->sun_path))
		return 0;
	memcpy(address->sun_path, name, len);
	if (name[0] == '@')
		address->sun_path[0] = '\0';
	/* every byte of an abstract name counts, so it has no NUL at its end */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len +
			   (name[0] == '/' ? 1 : 0));
}

static void send_state(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t len;
	int fd;

	if (name == NULL)
		return;
	len = parse_address(name, &address);
	if (len == 0) {
		errno = EINVAL;
		log_warn("cannot notify '%s': %m", name);
		return;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || sendto(fd, state, strlen(state), MSG_NOSIGNAL,
			       (struct sockaddr *)&address, len) == -1)
		log_warn("cannot notify '%s': %m", name);
	if (fd != -1)
		close(fd);
}

void notify_ready(void)
{
	send_state("READY=1");
}

void notify_reloading(void)
{
	char state[64];

	/* the manager compares this with the time of its request */
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)clock_us());
	send_state(state);
}

void notify_stopping(void)
{
	send_state("STOPPING=1");
}

void notify_alive(void)
{
	if (notify_watchdog_ms() > 0)
		send_state("WATCHDOG=1");
}

void notify_status(const char *fmt, ...)
{
	char state[STATUS_MAX_BYTES] = "STATUS=";
	size_t len = strlen(state);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(state + len, sizeof(state) - len, fmt, ap);
	va_end(ap);
	send_state(state);
}

int64_t notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	int64_t value;

	if (usec == NULL || text_parse_range(usec, 1, INT64_MAX, &value) == -1)
		return 0;
	value /= 1000;
	if (pid != NULL) {
		int64_t watched;

		if (text_parse_range(pid, 1, INT32_MAX, &watched) == -1 ||
		    watched != getpid())
			return 0;
	}
	return value;
}
