/* SPDX-License-Identifier: MIT
 *
 * Keeps the handover in the environment, which survives an exec, as descriptors
 * and children do.
 */
#include "relay/process/handover.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/text.h"

#define VARIABLE "RELAY_HANDOVER"
/* SD_LISTEN_FDS_START */
#define LISTEN_FD 3
/* More than the cores of any machine plus the workers of reloads under way. */
#define WORKERS_MAX 4096

void handover_release(struct handover *handover)
{
	free(handover->workers);
	*handover = (struct handover)HANDOVER_INIT;
}

/* ---- the text: pid=4711 listen=3 ours=1 ops=4 worker=4712 worker=4713 ---- */

void handover_encode(const struct handover *handover, pid_t self,
		     struct buf *text)
{
	size_t i;

	buf_addf(text, "pid=%ld listen=%d ours=%d", (long)self,
		 handover->listen_fd, handover->is_ours);
	if (handover->ops_fd != -1)
		buf_addf(text, " ops=%d", handover->ops_fd);
	for (i = 0; i < handover->count; i++)
		buf_addf(text, " worker=%ld", (long)handover->workers[i]);
}

static int add_worker(struct handover *handover, int64_t pid)
{
	size_t size = (handover->count + 1) * sizeof(*handover->workers);

	if (pid < 2 || pid > INT32_MAX || handover->count == WORKERS_MAX)
		return -1;
	handover->workers = xrealloc(handover->workers, size);
	handover->workers[handover->count++] = (pid_t)pid;
	return 0;
}

static int decode_word(struct span name, struct span value,
		       struct handover *handover, int64_t *pid)
{
	int64_t n;
	int fd;

	if (text_parse_int(value, &n) == -1)
		return -1;
	fd = n < 0 || n > INT32_MAX ? -1 : (int)n;
	if (span_is(name, "pid"))
		*pid = n;
	else if (span_is(name, "listen"))
		handover->listen_fd = fd;
	else if (span_is(name, "ops"))
		handover->ops_fd = fd;
	else if (span_is(name, "ours"))
		handover->is_ours = n == 1;
	else if (span_is(name, "worker"))
		return add_worker(handover, n);
	return 0;
}

int handover_decode(struct span text, pid_t self, struct handover *handover)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	int64_t pid = 0;

	*handover = (struct handover)HANDOVER_INIT;
	while (at < end) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));
		const char *stop = blank != NULL ? blank : end;
		const char *equals = memchr(at, '=', (size_t)(stop - at));

		if (equals == NULL ||
		    decode_word(
			    span_of(at, (size_t)(equals - at)),
			    span_of(equals + 1, (size_t)(stop - equals - 1)),
			    handover, &pid) == -1)
			return -1;
		at = stop + 1;
	}
	return pid == self && handover->listen_fd >= 0 ? 0 : -1;
}

/* ---- the environment ---- */

/* Like sd_listen_fds(3), for a single socket. */
static void take_from_manager(struct handover *handover)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t n;

	if (pid == NULL || fds == NULL ||
	    text_parse_range(pid, getpid(), getpid(), &n) == -1 ||
	    text_parse_range(fds, 1, INT32_MAX, &n) == -1)
		return;
	if (n > 1)
		fatalx("%lld sockets were handed over, but relay serves only "
		       "one",
		       (long long)n);
	handover->listen_fd = LISTEN_FD;
}

void handover_take(struct handover *handover)
{
	const char *text = getenv(VARIABLE);

	*handover = (struct handover)HANDOVER_INIT;
	if (text != NULL &&
	    handover_decode(span_str(text), getpid(), handover) == -1) {
		log_warn("'%s' is not for this process: ignored", text);
		handover_release(handover);
	}
	if (handover->listen_fd == -1)
		take_from_manager(handover);
	handover_withdraw();
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

void handover_give(const struct handover *handover)
{
	struct buf text = BUF_INIT;

	handover_encode(handover, getpid(), &text);
	buf_add(&text, "", 1);
	if (setenv(VARIABLE, text.data, 1) == -1)
		fatal("cannot set the environment");
	buf_release(&text);
}

void handover_withdraw(void)
{
	unsetenv(VARIABLE);
}
