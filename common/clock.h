/* SPDX-License-Identifier: MIT
 *
 * Time, in milliseconds.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

/* Never goes back; since boot. For deadlines and ages. */
int64_t clock_ms(void);

#endif
