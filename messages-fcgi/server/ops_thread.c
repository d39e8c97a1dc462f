/* SPDX-License-Identifier: MIT
 *
 * A loop around common/ops_server.
 */
#include "messages-fcgi/server/ops_thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/daemon/listen.h"
#include "common/daemon/ops_server.h"
#include "messages-fcgi/stats.h"

struct ops_thread {
	struct ops_server *server;
	int listen_fd, stop_fd;
	pthread_t thread;
};

static void *run_ops(void *arg)
{
	struct ops_thread *thread = arg;
	struct pollfd fds[] = {
		{ .fd = ops_server_fd(thread->server), .events = POLLIN },
		{ .fd = thread->stop_fd, .events = POLLIN },
	};

	while (fds[1].revents == 0) {
		if (poll(fds, 2, -1) == -1 && errno != EINTR)
			fatal("cannot wait for operators");
		ops_server_turn(thread->server);
	}
	return NULL;
}

struct ops_thread *ops_thread_new(const char *where)
{
	struct address address;
	struct ops_thread *thread;

	if (where[0] == '\0')
		return NULL;
	thread = xcalloc(1, sizeof(*thread));
	if (address_parse(where, &address) == -1)
		fatalx("'%s' is no address", where);
	thread->listen_fd = listen_open(&address, OPS_SERVER_BACKLOG);
	if (thread->listen_fd == -1)
		fatal("cannot listen on PUSHLOG_OPS_LISTEN '%s'", where);
	thread->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (thread->stop_fd == -1)
		fatal("cannot make an eventfd");
	thread->server = ops_server_new(thread->listen_fd, &stats_handler);
	if ((errno = pthread_create(&thread->thread, NULL, run_ops, thread)) !=
	    0)
		fatal("cannot start the thread for operators");
	return thread;
}

void ops_thread_free(struct ops_thread *thread)
{
	const uint64_t one = 1;

	if (thread == NULL)
		return;
	if (write(thread->stop_fd, &one, sizeof(one)) != sizeof(one))
		fatal("cannot stop a thread");
	pthread_join(thread->thread, NULL);
	ops_server_free(thread->server);
	listen_unlink(thread->listen_fd);
	close(thread->listen_fd);
	close(thread->stop_fd);
	free(thread);
}
