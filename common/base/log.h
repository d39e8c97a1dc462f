/* SPDX-License-Identifier: MIT
 *
 * One line a fact, on standard error: time, program[pid], level, message; or
 * what the journal wants of it, or JSON with members of these names. Messages
 * are lower case without a full stop, subjects in quotes, the cause last. Never
 * a body, a key or a secret.
 */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <stdbool.h>

#include "common/base/attr.h"

enum log_level {
	LOG_LEVEL_ERROR = 0,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

enum log_format {
	LOG_FORMAT_AUTO = 0, /* the journal's where that reads, else text */
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
	LOG_FORMAT_JOURNAL,
};

/* name must outlive the program's last line. Threads may log at any time
 * after this; the level is meant to be set once, at start. */
void log_init(const char *name, enum log_level level);

/* 0, or -1 when s names no level: error, warn, info, debug. */
int log_parse_level(const char *s, enum log_level *level) MUST_CHECK;

/* Text, until this is called. */
void log_set_format(enum log_format format);

/* 0, or -1 when s names no format: auto, text, json. */
int log_parse_format(const char *s, enum log_format *format) MUST_CHECK;

bool log_is_on(enum log_level level);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Say it and exit with 1; fatal adds what errno says. Only for what keeps the
 * program from starting and for broken invariants, never for a peer's bytes. */
NO_RETURN void fatal(const char *fmt, ...) PRINTF_LIKE(1, 2);
NO_RETURN void fatalx(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
