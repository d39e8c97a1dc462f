/* SPDX-License-Identifier: MIT
 *
 * Leader/Followers. Of the request threads one leads: it waits for connections,
 * and answers most requests while it leads, which wakes no second thread.
 * Before it blocks for anything else it gives way: one of the threads that wait
 * in leader_become leads next, or the next thread that calls it.
 *
 * A leader that blocks holds up every other request. These functions give way
 * before they block, some of them also where they might have blocked, so the
 * caller may no longer lead when they return. They wait:
 *
 *     acceptor_enter        for the rest of a request
 *     committer_post        for room in the queue of posts
 *     head_reader_read      for the answer of PostgreSQL
 *     reader_pool_acquire   for a connection to PostgreSQL
 *     roster_reader_ask     for the answer of Redis
 *     response_send         for the web server, with a body above 64 KiB: the
 *                           socket of a waiting web server takes less at once
 *     response_write        for the web server
 *
 * Before any other wait but for a mutex, a request thread calls leader_give_way
 * itself. The waits for PostgreSQL and Redis assert that it does not lead.
 */
#ifndef MESSAGES_FCGI_LEADER_H
#define MESSAGES_FCGI_LEADER_H

struct leader;

struct leader *leader_new(void);
void leader_free(struct leader *leader);

/* Returns when the calling thread leads; at once if it does already. */
void leader_become(struct leader *leader);

/* If the calling thread leads, lets another lead, and returns at once. Else
 * does nothing, so any thread may call it. A thread leads at most one leader.
 */
void leader_give_way(void);

/* Asserts that the calling thread does not lead. Stands before waits. */
void leader_assert_not_leading(void);

#endif
