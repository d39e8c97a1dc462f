/* SPDX-License-Identifier: MIT
 *
 * Lines for the operator. Each is written by one call, so that lines of
 * threads and processes don't mix.
 */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A longer line is cut: it would not be written in one piece. */
#define LINE_MAX_BYTES 2048

static const char *program = "pushlog";
static enum log_level threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void log_init(const char *name, enum log_level level)
{
	program = name;
	threshold = level;
}

int log_parse_level(const char *s, enum log_level *level)
{
	int i;

	for (i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(s, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

bool log_is_on(enum log_level level)
{
	return level <= threshold;
}

/* What a message holds of line breaks and other controls becomes '?': one
 * fact stays one line, whatever a peer's name contains. */
static void tame(char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			s[i] = '?';
}

static size_t bounded(int written, size_t room)
{
	if (written < 0)
		return 0;
	return (size_t)written < room ? (size_t)written : room - 1;
}

PRINTF_LIKE(4, 0)
static void write_line(enum log_level level, int saved, int cause,
		       const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES], error[128];
	struct timespec now;
	struct tm utc;
	size_t len, head;

	if (!log_is_on(level))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &utc);
	len += bounded(snprintf(line + len, sizeof(line) - len,
				".%03ldZ %s[%ld] %s: ", now.tv_nsec / 1000000,
				program, (long)getpid(), level_names[level]),
		       sizeof(line) - len);
	head = len;
	errno = saved; /* for %m: what stands above may change it */
	len += bounded(vsnprintf(line + len, sizeof(line) - len, fmt, ap),
		       sizeof(line) - len);
	if (cause != 0)
		len += bounded(
			snprintf(line + len, sizeof(line) - len, ": %s",
				 strerror_r(cause, error, sizeof(error))),
			sizeof(line) - len);
	tame(line + head, len - head);
	line[len++] = '\n';
	/* nothing can be done about a log that can't be written */
	if (write(STDERR_FILENO, line, len) == -1)
		return;
}

#define LOG_AT(level, cause)                                                   \
	do {                                                                   \
		int saved = errno;                                             \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		write_line(level, saved, cause, fmt, ap);                      \
		va_end(ap);                                                    \
		errno = saved;                                                 \
	} while (0)

void log_error(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_ERROR, 0);
}

void log_warn(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_WARN, 0);
}

void log_info(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_INFO, 0);
}

void log_debug(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_DEBUG, 0);
}

void fatal(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_ERROR, saved);
	exit(1);
}

void fatalx(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_ERROR, 0);
	exit(1);
}
