/* SPDX-License-Identifier: MIT
 *
 * The listening socket, which a process manager passes as standard input.
 */
#ifndef MESSAGES_FCGI_SERVER_FCGI_SOCKET_H
#define MESSAGES_FCGI_SERVER_FCGI_SOCKET_H

#define FCGI_SOCKET_FD 0 /* FastCGI 1.0 § 2.2 */

/* Makes the socket non-blocking and its queue long. Ends the program if
 * FCGI_SOCKET_FD is not a listening Unix socket. */
void fcgi_socket_init(void);

#endif
