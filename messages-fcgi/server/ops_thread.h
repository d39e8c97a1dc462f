/* SPDX-License-Identifier: MIT
 *
 * The thread that answers health checks and metrics, even while all other
 * threads are busy.
 */
#ifndef MESSAGES_FCGI_SERVER_OPS_THREAD_H
#define MESSAGES_FCGI_SERVER_OPS_THREAD_H

struct ops_thread;

/* Listens on the address, as address_parse takes it, or ends the program. NULL
 * if the address is empty. */
struct ops_thread *ops_thread_new(const char *where);

void ops_thread_free(struct ops_thread *thread);

#endif
