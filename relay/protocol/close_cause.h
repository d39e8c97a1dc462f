/* SPDX-License-Identifier: MIT
 *
 * A reason to close a connection: one row of a table that a higher layer
 * defines. Pure.
 */
#ifndef RELAY_PROTOCOL_CLOSE_CAUSE_H
#define RELAY_PROTOCOL_CLOSE_CAUSE_H

#include <stdint.h>

/* The maximum number of rows of such a table. */
#define CLOSE_CAUSES_MAX 32

struct close_cause {
	const char *name;   /* in the log and as a label of metrics */
	uint16_t code;      /* of the Close frame; 0: send none */
	const char *reason; /* text of the Close frame, at most 123 bytes */
	uint8_t index;      /* of the row, below CLOSE_CAUSES_MAX */
};

#endif
