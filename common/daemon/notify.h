/* SPDX-License-Identifier: MIT
 *
 * Notifies the service manager that started the program, with the protocol of
 * sd_notify(3). It does not use libsystemd, which would be one more package for
 * sending a datagram. Without such a manager the functions do nothing.
 */
#ifndef COMMON_DAEMON_NOTIFY_H
#define COMMON_DAEMON_NOTIFY_H

#include <stdint.h>

#include "common/base/attr.h"

/* Reports that the program serves: after the start and after each reload. */
void notify_ready(void);

/* Reports that a reload begins. notify_ready must follow, even if the reload
 * fails. */
void notify_reloading(void);

/* Reports that the program stops on request. */
void notify_stopping(void);

/* Restarts the watchdog's timer, if there is a watchdog. */
void notify_alive(void);

/* Sets the line of status that the manager shows. */
void notify_status(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The time of the watchdog's timer: without notify_alive the manager kills the
 * process after this time. 0: there is no watchdog. */
int64_t notify_watchdog_ms(void);

#endif
