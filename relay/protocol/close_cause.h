/* SPDX-License-Identifier: MIT
 *
 * A reason to close a connection: a row of a table that the protocol above
 * defines. Pure.
 */
#ifndef RELAY_PROTOCOL_CLOSE_CAUSE_H
#define RELAY_PROTOCOL_CLOSE_CAUSE_H

#include <stdint.h>

/* The number of rows that such a table may have. */
#define CLOSE_CAUSES_MAX 32

struct close_cause {
	const char *name;   /* in the log and as a label of metrics */
	uint16_t code;      /* of the Close frame; 0: no frame is sent */
	const char *reason; /* text of the Close frame, at most 123 bytes */
	uint8_t index;      /* of the row, below CLOSE_CAUSES_MAX */
};

#endif
