/* SPDX-License-Identifier: MIT
 *
 * Several http_clients and a queue.
 */
#include "tests/bench/poster.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "relay/list.h"
#include "tests/bench/http_client.h"

struct post {
	struct list link;
	struct buf request;
};

struct caller {
	struct http_client client;
	struct poster *poster;
	struct list link; /* in the list of idle connections */
};

struct poster {
	struct list idle, line;
	uint64_t waiting, failed;
	int64_t count;
	struct caller callers[];
};

/* Sends as many queued forms as there are idle connections. */
static void call(struct poster *poster)
{
	while (!list_is_empty(&poster->idle) && !list_is_empty(&poster->line)) {
		struct caller *caller = container_of(list_take(&poster->idle),
						     struct caller, link);
		struct post *post = container_of(list_take(&poster->line),
						 struct post, link);

		http_client_send(&caller->client, buf_span(&post->request));
		buf_release(&post->request);
		free(post);
	}
}

static void on_answer(struct http_client *client, int status, struct span body)
{
	struct caller *caller = container_of(client, struct caller, client);
	struct poster *poster = caller->poster;

	(void)body;
	poster->waiting--;
	poster->failed += status != 200;
	list_append(&poster->idle, &caller->link);
	call(poster);
}

struct poster *poster_new(struct loop *loop, const struct address *address,
			  int64_t connections)
{
	struct poster *poster =
		xcalloc(1, sizeof(*poster) + (size_t)connections *
						     sizeof(*poster->callers));

	list_init(&poster->idle);
	list_init(&poster->line);
	for (; poster->count < connections; poster->count++) {
		struct caller *caller = &poster->callers[poster->count];

		caller->poster = poster;
		http_client_open(&caller->client, loop, address, 0, on_answer);
		list_append(&poster->idle, &caller->link);
	}
	return poster;
}

void poster_free(struct poster *poster)
{
	struct list *link;

	while ((link = list_take(&poster->line)) != NULL) {
		struct post *post = container_of(link, struct post, link);

		buf_release(&post->request);
		free(post);
	}
	while (poster->count > 0)
		http_client_close(&poster->callers[--poster->count].client);
	free(poster);
}

void poster_add(struct poster *poster, struct span path, struct span form)
{
	struct post *post = xcalloc(1, sizeof(*post));

	buf_addf(&post->request,
		 "POST %.*s HTTP/1.1\r\nHost: localhost\r\n"
		 "Content-Type: application/x-www-form-urlencoded\r\n"
		 "Content-Length: %zu\r\n\r\n",
		 (int)path.len, path.ptr, form.len);
	buf_add_span(&post->request, form);
	list_append(&poster->line, &post->link);
	poster->waiting++;
	call(poster);
}

uint64_t poster_waiting(const struct poster *poster)
{
	return poster->waiting;
}

uint64_t poster_failed(const struct poster *poster)
{
	return poster->failed;
}
