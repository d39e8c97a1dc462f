/* SPDX-License-Identifier: MIT
 *
 * What the service manager that started us is told, by the protocol of
 * sd_notify(3). Own code, because libsystemd would be one more package for
 * sending a datagram. Without such a manager all of this does nothing.
 */
#ifndef COMMON_DAEMON_NOTIFY_H
#define COMMON_DAEMON_NOTIFY_H

#include <stdint.h>

#include "common/base/attr.h"

/* We serve: said once after the start, and once after each reload. */
void notify_ready(void);

/* A reload begins, which ends with notify_ready, whatever came of it. */
void notify_reloading(void);

/* We stop because we were asked to. */
void notify_stopping(void);

/* The watchdog, if there is one, need not bite for another notify_watchdog_ms.
 */
void notify_alive(void);

/* A line on what we do, for people. */
void notify_status(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* After how long a silence the manager ends this process; 0: it does not. */
int64_t notify_watchdog_ms(void);

#endif
