/* SPDX-License-Identifier: MIT
 *
 * Who of the request threads waits for connections: one, the keeper. It answers
 * by itself, one after the other, what needs no waiting, which is most, and
 * nobody else is woken for that. Before it waits for anything it lets another
 * take its place.
 */
#ifndef MESSAGES_FCGI_KEEPER_H
#define MESSAGES_FCGI_KEEPER_H

struct keeper;

struct keeper *keeper_new(void);
void keeper_free(struct keeper *keeper);

/* Returns when the calling thread is the keeper, which it may be already. */
void keeper_become(struct keeper *keeper);

/* To be called by whoever is about to wait for something that a request needs:
 * if the calling thread is a keeper, another becomes it. */
void keeper_give_way(void);

#endif
