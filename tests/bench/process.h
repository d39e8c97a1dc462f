/* SPDX-License-Identifier: MIT
 *
 * CPU time and memory of the server's processes, from the operating system.
 */
#ifndef TESTS_BENCH_PROCESS_H
#define TESTS_BENCH_PROCESS_H

#include <stdint.h>

/* pids: process ids separated by commas. The functions add up the values of all
 * that exist. */

/* CPU time of all threads, in user and kernel mode. It includes the work that
 * sending makes the kernel do for the receiver. */
uint64_t process_cpu_ns(const char *pids);

/* Memory that no other process shares. */
uint64_t process_private_bytes(const char *pids);

#endif
