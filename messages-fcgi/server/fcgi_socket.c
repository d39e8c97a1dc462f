/* SPDX-License-Identifier: MIT
 *
 * Checks the socket at start-up. Accepts nothing.
 */
#include "messages-fcgi/server/fcgi_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/base/log.h"

/* The kernel's maximum: after a restart of relay all clients ask at once for
 * the events that they missed. */
#define BACKLOG 65535

void fcgi_socket_init(void)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address), size = sizeof(int);
	int is_listening = 0, flags;

	if (getsockopt(FCGI_SOCKET_FD, SOL_SOCKET, SO_ACCEPTCONN, &is_listening,
		       &size) == -1 ||
	    !is_listening ||
	    getsockname(FCGI_SOCKET_FD, (struct sockaddr *)&address, &len) ==
		    -1 ||
	    address.sun_family != AF_UNIX)
		fatalx("standard input is not a listening Unix socket: start "
		       "it by 'spawn-fcgi -s /path/of/socket -n -- /path/of/"
		       "messages-fcgi' or by systemd with "
		       "StandardInput=socket");
	/* another process may accept the connection that woke this one */
	flags = fcntl(FCGI_SOCKET_FD, F_GETFL);
	/* the socket already listens: this sets the length of its queue */
	if (flags == -1 ||
	    fcntl(FCGI_SOCKET_FD, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    listen(FCGI_SOCKET_FD, BACKLOG) == -1)
		fatal("cannot set up the listening socket");
}
