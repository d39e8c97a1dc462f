/* SPDX-License-Identifier: MIT
 *
 * The time of day and the time since boot.
 */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since boot, which never decrease: for deadlines and ages. */
int64_t clock_ms(void);

/* The same in microseconds. */
int64_t clock_us(void);

/* Seconds since 1970 by the machine's clock, which may jump: for times that are
 * exchanged with other programs. */
int64_t clock_wall_s(void);

#endif
