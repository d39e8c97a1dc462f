/* SPDX-License-Identifier: MIT
 *
 * Who of the request threads waits for connections: one, the keeper. It answers
 * by itself, one after the other, what needs no waiting, which is most, and
 * nobody else is woken for that. Before it waits for anything it lets another
 * take its place.
 */
#ifndef MESSAGES_FCGI_LEADER_H
#define MESSAGES_FCGI_LEADER_H

struct leader;

struct leader *leader_new(void);
void leader_free(struct leader *leader);

/* Returns when the calling thread is the keeper, which it may be already. */
void leader_become(struct leader *leader);

/* To be called by whoever is about to wait for something that a request needs:
 * if the calling thread is a keeper, another becomes it. */
void leader_give_way(void);

#endif
