/* SPDX-License-Identifier: MIT
 *
 * Leader/Followers. Of the request threads one leads: it waits for connections,
 * and answers most requests itself, so that they wake no second thread. Before
 * it blocks it gives way, and a thread that waits in leader_become leads.
 *
 * A leader that blocks holds up every other request. These functions give way
 * before they block:
 *
 *     acceptor_enter        for a request that has not arrived as a whole
 *     committer_post        for room in the queue
 *     head_reader_read      for the answer of PostgreSQL
 *     reader_pool_acquire   for a connection to PostgreSQL
 *     roster_reader_ask     for the answer of Redis
 *     response_send         for a body that a socket does not take at once
 *     response_write        for the web server
 *
 * Before any other wait, a request thread calls leader_give_way itself. The
 * waits for PostgreSQL and Redis assert that it did.
 */
#ifndef MESSAGES_FCGI_LEADER_H
#define MESSAGES_FCGI_LEADER_H

struct leader;

struct leader *leader_new(void);
void leader_free(struct leader *leader);

/* Returns when the calling thread leads; at once if it does already. */
void leader_become(struct leader *leader);

/* If the calling thread leads, lets another lead. Else does nothing, so any
 * thread may call it. */
void leader_give_way(void);

/* Asserts that the calling thread does not lead. Stands before waits. */
void leader_assert_not_leading(void);

#endif
