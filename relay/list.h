/* SPDX-License-Identifier: MIT
 *
 * A doubly linked list whose links are embedded in its elements. Pure.
 */
#ifndef RELAY_LIST_H
#define RELAY_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/container_of.h"

/* The head of a list, or a link in one. A link outside any list points to
 * itself, so that removing it twice is harmless. */
struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *list)
{
	list->next = list->prev = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* Adds at the end; link must be in no list. */
static inline void list_append(struct list *list, struct list *link)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

/* Takes the first link out; NULL if there is none. */
static inline struct list *list_take(struct list *list)
{
	struct list *first = list->next;

	if (first == list)
		return NULL;
	list_remove(first);
	return first;
}

#endif
