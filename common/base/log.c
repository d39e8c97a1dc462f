/* SPDX-License-Identifier: MIT
 *
 * Formats log lines. Each line is one call of write, so that lines of threads
 * and processes do not mix.
 */
#include "common/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/text.h"

/* PIPE_BUF: a longer line would not be written in one piece. */
#define LINE_MAX_BYTES 4096
/* A longer message is cut. If every byte of it is escaped, there is still room
 * for the rest of the line. */
#define MESSAGE_MAX_BYTES 1920

static const char *program = "pushlog";
static enum log_level threshold = LOG_LEVEL_INFO;
static enum log_format format = LOG_FORMAT_TEXT;

static const char *const level_names[] = { "error", "warn", "info", "debug" };
/* LOG_ERR, LOG_WARNING, LOG_INFO and LOG_DEBUG of syslog(3). */
static const int priorities[] = { 3, 4, 6, 7 };
static const char *const format_names[] = { "auto", "text", "json" };

void log_init(const char *name, enum log_level level)
{
	program = name;
	threshold = level;
}

/* The index of s in names, or -1. */
static int find_name(const char *s, const char *const *names, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (strcmp(s, names[i]) == 0)
			return i;
	return -1;
}

int log_parse_level(const char *s, enum log_level *level)
{
	int i = find_name(s, level_names, LOG_LEVEL_DEBUG + 1);

	if (i == -1)
		return -1;
	*level = (enum log_level)i;
	return 0;
}

int log_parse_format(const char *s, enum log_format *into)
{
	int i = find_name(s, format_names, LOG_FORMAT_JSON + 1);

	if (i == -1)
		return -1;
	*into = (enum log_format)i;
	return 0;
}

/* Whether standard error is the stream that the journal passed to the process,
 * and has not been redirected since: systemd.exec(5). */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat at;
	char own[48];

	if (stream == NULL || fstat(STDERR_FILENO, &at) == -1)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)at.st_dev,
		 (uintmax_t)at.st_ino);
	return strcmp(stream, own) == 0;
}

void log_set_format(enum log_format wanted)
{
	format = wanted;
	if (wanted == LOG_FORMAT_AUTO)
		format = is_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
}

bool log_is_on(enum log_level level)
{
	return level <= threshold;
}

/* Replaces line breaks and other control characters with '?': an event stays
 * one line, even if a peer's name contains such characters. */
static void replace_controls(char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			s[i] = '?';
}

/* The bytes that snprintf has written to room, from what it returned. */
static size_t written_len(int written, size_t room)
{
	if (written < 0)
		return 0;
	return (size_t)written < room ? (size_t)written : room - 1;
}

/* ---- one function for each format: writes the line without its line break to
 * out, of LINE_MAX_BYTES, and returns its length ---- */

static size_t add_timestamp(char *out, size_t size)
{
	struct timespec now;
	struct tm utc;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &utc);
	return len + written_len(snprintf(out + len, size - len, ".%03ldZ",
					  now.tv_nsec / 1000000),
				 size - len);
}

static size_t write_text(char *out, enum log_level level, const char *message)
{
	size_t len = add_timestamp(out, LINE_MAX_BYTES);

	return len +
	       written_len(snprintf(out + len, LINE_MAX_BYTES - len,
				    " %s[%ld] %s: %s", program, (long)getpid(),
				    level_names[level], message),
			   LINE_MAX_BYTES - len);
}

/* The journal adds the time, the program and the process itself. */
static size_t write_journal(char *out, enum log_level level,
			    const char *message)
{
	return written_len(snprintf(out, LINE_MAX_BYTES, "<%d>%s",
				    priorities[level], message),
			   LINE_MAX_BYTES);
}

/* JSON is UTF-8: in any other message '?' replaces the bytes above ASCII. */
static size_t add_escaped(char *out, const char *message)
{
	bool is_utf8 = text_is_utf8(span_str(message));
	size_t len = 0;

	for (; *message != '\0'; message++) {
		if (*message == '"' || *message == '\\')
			out[len++] = '\\';
		out[len++] = (char)(is_utf8 || (unsigned char)*message < 0x80
					    ? *message
					    : '?');
	}
	return len;
}

static size_t write_json(char *out, enum log_level level, const char *message)
{
	const size_t room = LINE_MAX_BYTES - 2 * MESSAGE_MAX_BYTES - 3;
	size_t len = written_len(snprintf(out, room, "{\"time\":\""), room);

	len += add_timestamp(out + len, room - len);
	len += written_len(snprintf(out + len, room - len,
				    "\",\"program\":\"%s\",\"pid\":%ld,"
				    "\"level\":\"%s\",\"message\":\"",
				    program, (long)getpid(),
				    level_names[level]),
			   room - len);
	len += add_escaped(out + len, message);
	out[len++] = '"';
	out[len++] = '}';
	return len;
}

/* The length of message without a last character that was cut in two. */
static size_t whole_characters(const char *message, size_t len)
{
	size_t left = len;

	while (left > 0 && len - left < 3 &&
	       !text_is_utf8(span_of(message, left)))
		left--;
	return left;
}

/* Writes the message to `message`, without control characters, and cuts it if
 * it is too long for any format. */
PRINTF_LIKE(5, 0)
static void compose_message(char *message, size_t size, int saved, int cause,
			    const char *fmt, va_list ap)
{
	char error[128];
	size_t len;

	errno = saved; /* for %m: the calls before may have changed it */
	len = written_len(vsnprintf(message, size, fmt, ap), size);
	if (cause != 0)
		len += written_len(
			snprintf(message + len, size - len, ": %s",
				 strerror_r(cause, error, sizeof(error))),
			size - len);
	if (len == size - 1)
		len = whole_characters(message, len);
	replace_controls(message, len);
	message[len] = '\0';
}

PRINTF_LIKE(4, 0)
static void write_line(enum log_level level, int saved, int cause,
		       const char *fmt, va_list ap)
{
	char message[MESSAGE_MAX_BYTES], line[LINE_MAX_BYTES];
	size_t len;

	if (!log_is_on(level))
		return;
	compose_message(message, sizeof(message), saved, cause, fmt, ap);
	if (format == LOG_FORMAT_JSON)
		len = write_json(line, level, message);
	else if (format == LOG_FORMAT_JOURNAL)
		len = write_journal(line, level, message);
	else
		len = write_text(line, level, message);
	line[len++] = '\n';
	/* there is no place to report that the log cannot be written */
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
