/* SPDX-License-Identifier: MIT
 *
 * Time.
 */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stdint.h>

/* Never goes back; since boot. For deadlines and ages. */
int64_t clock_ms(void);

/* The same in microseconds, for those who compare it with their own. */
int64_t clock_us(void);

/* Seconds since 1970, as the machine has it. For what others signed or said. */
int64_t clock_wall_s(void);

#endif
