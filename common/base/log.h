/* SPDX-License-Identifier: MIT
 *
 * Logs one line per event to standard error. Formats: text (time, program[pid],
 * level, message); journal (a priority and the message); JSON (an object with
 * these members). A message is in lower case without a full stop, with subjects
 * in quotes and the cause last. Never log a body, a key or a secret.
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
	LOG_FORMAT_AUTO = 0, /* journal if it reads standard error, else text */
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
	LOG_FORMAT_JOURNAL,
};

/* Sets the name of the program, which must stay valid, and the level. Call it
 * at the start, before other threads log. */
void log_init(const char *name, enum log_level level);

/* 0, or -1 if s is not one of error, warn, info and debug. */
int log_parse_level(const char *s, enum log_level *level) MUST_CHECK;

/* The format is text until this is called. Call it before other threads log. */
void log_set_format(enum log_format format);

/* 0, or -1 if s is not one of auto, text and json. */
int log_parse_format(const char *s, enum log_format *format) MUST_CHECK;

/* Whether messages of this level are logged. */
bool log_is_on(enum log_level level);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Log an error and exit with 1; fatal appends the text of errno. For conditions
 * that keep the program from starting and for broken invariants, never for a
 * peer's input. */
NO_RETURN void fatal(const char *fmt, ...) PRINTF_LIKE(1, 2);
NO_RETURN void fatalx(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
