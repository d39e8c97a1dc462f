/* SPDX-License-Identifier: MIT
 *
 * The threads that answer requests. Each takes exchanges from the acceptor, one
 * after the other.
 */
#ifndef MESSAGES_FCGI_SERVER_REQUEST_THREADS_H
#define MESSAGES_FCGI_SERVER_REQUEST_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "messages-fcgi/api/call.h"

struct request_threads;

/* The number of responses that may be streamed at the pace of their clients. A
 * quarter of count threads stays free for quick requests, rounded down. */
unsigned request_threads_streams_max(int64_t count);

/* For count threads. The socket listens and does not block. The context is
 * borrowed, and may be filled until request_threads_start. */
struct request_threads *request_threads_new(int listen_fd,
					    const struct call_context *context,
					    int64_t count);
void request_threads_free(struct request_threads *threads);

void request_threads_start(struct request_threads *threads);

/* Accepts no more connections, and returns when all begun requests have ended.
 * Breaks off responses that are still being written after 5 s. Keeps the
 * watchdog quiet for as long as this may take. */
void request_threads_stop(struct request_threads *threads);

/* A committer_answered_fn; ctx is a struct request_threads. Valid until
 * request_threads_free. */
void request_threads_resume(void *ctx, struct submission *first,
			    struct submission *last);

/* Whether requests make progress: within the last 90 s a thread waited for
 * requests or finished one. An unavailable PostgreSQL does not change this. For
 * one thread, which calls it often. */
bool request_threads_are_alive(struct request_threads *threads);

#endif
