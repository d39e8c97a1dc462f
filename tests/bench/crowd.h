/* SPDX-License-Identifier: MIT
 *
 * The subscribers: some thousand WebSockets that connect, say what makes them
 * subscribers, and hold every message that comes against the one before. Knows
 * nothing of any server's protocol above WebSocket: what to ask for, what to
 * say first and which answer counts are given as text, in which each '%'
 * stands for the subscriber's room.
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
	const char *ready; /* part of the frame that says "subscribed";
			    * empty: the handshake is enough */
	const char *room;  /* rooms are called room0, room1, … */
	int64_t rooms;
	int64_t subscribers; /* of all rooms, who take turns */
	int64_t stalled;     /* so many of them stop reading */
	bool in_any_order;   /* messages may come so, each of them once */
};

struct crowd_counts {
	uint64_t deliveries, bytes; /* messages that came to who reads, and
				     * their frames */
	uint64_t missing;           /* were jumped over */
	uint64_t repeated;          /* came again, or after a later one unless
				     * they may */
	/* by the code of the Close frame; 1006: there was none */
	uint32_t closed[CROWD_CODES];
	struct histogram latency; /* ns, of whom is asked for */
};

struct crowd;

typedef void crowd_fn(void *ctx);

/* Starts to connect; on_ready is called once, when all are subscribed and
 * those that are to stall do so. All in conf is borrowed. Ends the program
 * when one can't connect. */
struct crowd *crowd_new(struct loop *loop, const struct crowd_conf *conf,
			crowd_fn *on_ready, void *ctx);

/* Closes all, with a reset: a port is not kept from the next run. */
void crowd_free(struct crowd *crowd);

const struct crowd_counts *crowd_counts(const struct crowd *crowd);

/* From now on, or no longer, latencies are counted. */
void crowd_time(struct crowd *crowd, bool is_timed);

/* Those that stopped reading read again, what is left for them. */
void crowd_resume(struct crowd *crowd);

/* How many are open of those that stopped reading. */
int64_t crowd_stalled(const struct crowd *crowd);

/* Adds text with the number's room for each '%'. */
void crowd_add_text(const struct crowd_conf *conf, struct buf *buf,
		    const char *text, int64_t room);

#endif
