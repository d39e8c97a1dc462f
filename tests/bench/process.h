/* SPDX-License-Identifier: MIT
 *
 * What the operating system says of the server's processes.
 */
#ifndef TESTS_BENCH_PROCESS_H
#define TESTS_BENCH_PROCESS_H

#include <stdint.h>

/* pids: numbers with commas between them. The sums over all of them that are
 * there. */

/* Time on a processor, of all threads, in the kernel too, and with it what
 * sending makes the kernel do for the receiver. */
uint64_t process_cpu_ns(const char *pids);

/* Memory that no other process shares. */
uint64_t process_private_bytes(const char *pids);

#endif
