/* SPDX-License-Identifier: MIT
 *
 * The subscribers: thousands of WebSockets that connect, subscribe, and compare
 * every message with the one before. Knows no protocol above WebSocket: the
 * path, the first frame and the expected answer are given as text, in which
 * each '%' stands for the subscriber's room.
 */
#ifndef TESTS_BENCH_CROWD_H
#define TESTS_BENCH_CROWD_H

#include "common/base/buf.h"
#include "common/config/address.h"
#include "relay/net/loop.h"
#include "tests/bench/histogram.h"

#define CROWD_CODES 5000

struct crowd_conf {
	struct address server;
	const char *path;  /* of the handshake */
	const char *hello; /* the first frame; empty: none */
	const char *ready; /* part of the frame that confirms it;
			    * empty: the handshake is enough */
	const char *room;  /* rooms are called room0, room1, … */
	int64_t rooms;
	int64_t subscribers; /* of all rooms, assigned in turn */
	int64_t stalled;     /* subscribers that stop reading */
	bool in_any_order;   /* messages may arrive in any order, each once */
};

struct crowd_counts {
	uint64_t deliveries, bytes; /* messages received by subscribers that
				     * read, and bytes of their frames */
	uint64_t missing;           /* ids that were skipped */
	uint64_t repeated;          /* messages received twice or, unless
				     * in_any_order, too late */
	/* by the code of the Close frame; 1006: there was none */
	uint32_t closed[CROWD_CODES];
	struct histogram latency; /* ns, while crowd_time is on */
};

struct crowd;

typedef void crowd_fn(void *ctx);

/* Starts to connect. Calls on_ready once, when all have subscribed and the
 * stalled ones have stopped reading. Borrows everything in conf. Ends the
 * program if a connection fails. */
struct crowd *crowd_new(struct loop *loop, const struct crowd_conf *conf,
			crowd_fn *on_ready, void *ctx);

/* Closes all with a reset, so that the next run can use their ports. */
void crowd_free(struct crowd *crowd);

const struct crowd_counts *crowd_counts(const struct crowd *crowd);

/* Starts or stops to count latencies. */
void crowd_time(struct crowd *crowd, bool is_timed);

/* Lets the stalled subscribers read what waits for them. */
void crowd_resume(struct crowd *crowd);

/* The number of stalled subscribers whose connection is open. */
int64_t crowd_stalled(const struct crowd *crowd);

/* Adds text, with the room of that number for each '%'. */
void crowd_add_text(const struct crowd_conf *conf, struct buf *buf,
		    const char *text, int64_t room);

#endif
