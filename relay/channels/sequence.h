/* SPDX-License-Identifier: MIT
 *
 * The order of one channel's events: which one is delivered next, and which
 * ids are missing. Pure: no socket, no clock, no Redis, no PostgreSQL.
 *
 * The promise: from its base on, a sequence lets every id be delivered once
 * and in order: base + 1, base + 2, … Ids may arrive in any order, repeatedly
 * or never. A missing id is read from the log; nothing is skipped to get past
 * it. If the log no longer has it, the channel starts over from a new base.
 *
 *     ids:   base … delivered | hole | stash … | target
 *
 *     delivered   every id from base + 1 to here has been delivered
 *     hole        delivered + 1 and the missing ids that follow it
 *     stash       events that arrived before their turn
 *     target      the highest id that is known to exist
 *
 * The owner of a sequence calls:
 *
 *     sequence_start        with the head of the log, which becomes the base
 *     sequence_arrive       with each event, live or read from the log
 *     sequence_next         after sequence_start and after SEQUENCE_DELIVER,
 *                           until it returns false
 *     sequence_see_head     with each later head of the log
 *     sequence_find_hole    to read a hole that has existed for long enough
 *     sequence_end_read     after the last event of such a read
 *     sequence_reset        after SEQUENCE_LOST, and when the epoch changes,
 *                           since the ids begin again
 *
 * Before sequence_start, arriving events are stashed: they may be above the
 * base. Until then only sequence_arrive and sequence_reset may be called.
 */
#ifndef RELAY_CHANNELS_SEQUENCE_H
#define RELAY_CHANNELS_SEQUENCE_H

#include "relay/channels/stash.h"

struct sequence {
	int64_t delivered; /* see above; 0 before the start */
	int64_t target;
	bool is_started;
	struct stash stash; /* once started: above delivered + 1 */
	struct stash_pool *pool;
};

/* Without a base. pool, borrowed, bounds the bytes of all its sequences. */
void sequence_init(struct sequence *sequence, struct stash_pool *pool);

/* Forgets everything: the sequence is as after sequence_init. Does nothing to
 * a sequence that is all zero. */
void sequence_reset(struct sequence *sequence);

/* The first id to deliver is base + 1. Call sequence_next. */
void sequence_start(struct sequence *sequence, int64_t base);

enum sequence_verdict {
	/* It counts as delivered: deliver it now, then call sequence_next. */
	SEQUENCE_DELIVER = 0,
	/* Its id is not above delivered: drop it. */
	SEQUENCE_REPEATED,
	/* Wait for lower ids. The stash took its own reference to the frame,
	 * unless it had the id already. */
	SEQUENCE_STASHED,
	/* The pool has no room, so the event and all that this sequence had
	 * stashed were dropped. They count as missing, and are read from the
	 * log in pages. */
	SEQUENCE_OVERFLOW,
};

/* An event with this id (> 0) arrived. The caller keeps its reference to frame.
 * exclude goes with the frame: the socket id that does not get it, 0 for none.
 */
enum sequence_verdict sequence_arrive(struct sequence *sequence, int64_t id,
				      struct frame *frame, uint64_t exclude);

/* Moves the next event out of the stash if its turn has come, and counts it as
 * delivered: deliver it. The caller owns the reference entry->frame. Else
 * false. */
bool sequence_next(struct sequence *sequence, struct stash_entry *entry);

/* The log has the ids up to head. */
void sequence_see_head(struct sequence *sequence, int64_t head);

/* How many ids are known to exist and were not delivered, stashed ones
 * included; 0 or less: none. Above 0 means a hole once sequence_next has
 * returned false. */
static inline int64_t sequence_lag(const struct sequence *sequence)
{
	return sequence->target - sequence->delivered;
}

static inline bool sequence_has_hole(const struct sequence *sequence)
{
	return sequence_lag(sequence) > 0;
}

/* The missing ids to read now, up to the first stashed one, both ends included;
 * the sequence must have a hole. *to_id is at least *from_id, which is
 * delivered + 1. A read may bring fewer: those from *from_id on that fit in a
 * page. */
void sequence_find_hole(const struct sequence *sequence, int64_t *from_id,
			int64_t *to_id);

enum sequence_outcome {
	/* No id is missing, as far as is known. */
	SEQUENCE_WHOLE = 0,
	/* Ids are still missing: read them. */
	SEQUENCE_INCOMPLETE,
	/* The log goes further, but no longer has the next id. Reset the
	 * sequence, and close the subscribers: they fetch the rest by HTTP. */
	SEQUENCE_LOST,
};

/* A read from from_id on has ended, and each event that it brought has been
 * given to sequence_arrive. head: the last id of the log at that read.
 *
 * If the read brought nothing and the log ends before from_id, a higher id was
 * announced by mistake, or this PostgreSQL lags behind the one that has it.
 * Then the stash and the target are dropped; a later head raises the target
 * again. */
enum sequence_outcome sequence_end_read(struct sequence *sequence,
					int64_t from_id, int64_t head);

#endif
