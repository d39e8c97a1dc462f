/* SPDX-License-Identifier: MIT
 *
 * A worker's sign of life, in memory that it shares with its master.
 */
#ifndef RELAY_PROCESS_PULSE_H
#define RELAY_PROCESS_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Written by one worker, read by the master. */
struct pulse {
	atomic_uint beats;    /* rises while the loop turns */
	atomic_bool is_ready; /* subscribers may come */
};

/* One for each worker, all zero; children that are forked later share them. */
struct pulse *pulse_new(size_t count);
void pulse_free(struct pulse *pulses, size_t count);

/* By the worker: it lives. */
void pulse_beat(struct pulse *pulse, bool is_ready);

/* By the master, before there is a worker: as new. */
void pulse_clear(struct pulse *pulse);

#endif
