/* SPDX-License-Identifier: MIT
 *
 * The thread that answers those who operate the program, whatever keeps the
 * others busy.
 */
#ifndef MESSAGES_FCGI_SERVER_OPS_THREAD_H
#define MESSAGES_FCGI_SERVER_OPS_THREAD_H

struct ops_thread;

/* Listens where it is said, for address_parse, or ends the program. NULL if
 * that is empty: nobody is answered. */
struct ops_thread *ops_thread_new(const char *where);

void ops_thread_free(struct ops_thread *thread);

#endif
