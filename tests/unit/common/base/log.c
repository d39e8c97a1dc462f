/* SPDX-License-Identifier: MIT
 *
 * common/base/log: each event is one line, whatever the message contains.
 */
#include "common/base/log.h"

#include <errno.h>
#include <regex.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void expect_match(const char *said, const char *pattern)
{
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, said, 0, NULL, 0) != 0)
		fail_msg("'%s' does not match %s", said, pattern);
	regfree(&regex);
}

static void log_one(void)
{
	log_init("unit", LOG_LEVEL_INFO);
	errno = ENOENT;
	log_warn("cannot open '%s'", "a");
}

TEST(a_line_has_time_program_level_and_message)
{
	char said[4096];

	assert_int_equal(run_child(log_one, said, sizeof(said)), 0);
	expect_match(said,
		     "^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:"
		     "[0-6][0-9]\\.[0-9]{3}Z unit\\[[0-9]+\\] warn: "
		     "cannot open 'a'\n$");
}

static void log_all(void)
{
	log_init("unit", LOG_LEVEL_WARN);
	log_error("one");
	log_warn("two");
	log_info("three");
	log_debug("four");
}

TEST(messages_beyond_the_level_are_not_logged)
{
	char said[4096];

	assert_int_equal(run_child(log_all, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "error: one\n"));
	assert_non_null(strstr(said, "warn: two\n"));
	assert_null(strstr(said, "three"));
	assert_null(strstr(said, "four"));
	log_init("unit", LOG_LEVEL_INFO);
	assert_true(log_is_on(LOG_LEVEL_ERROR));
	assert_true(log_is_on(LOG_LEVEL_INFO));
	assert_false(log_is_on(LOG_LEVEL_DEBUG));
}

static void log_controls(void)
{
	log_init("unit", LOG_LEVEL_INFO);
	log_info("a\nb\rc\033[31md\x7f"
		 "e\x01 \xc3\xa9");
}

TEST(line_breaks_and_controls_are_replaced)
{
	char said[4096];

	assert_int_equal(run_child(log_controls, said, sizeof(said)), 0);
	assert_non_null(strstr(said, ": a?b?c?[31md?e? \xc3\xa9\n"));
}

static void log_long_lines(void)
{
	static char text[8192];
	int len;

	memset(text, 'l', sizeof(text));
	log_init("unit", LOG_LEVEL_INFO);
	for (len = 1900; len < 2100; len++)
		log_info("%.*s", len, text);
	log_info("%.*s", (int)sizeof(text), text);
}

TEST(a_line_that_is_too_long_is_cut_and_ends)
{
	static char said[1 << 20];
	char *line, *rest = said;
	int lines = 0;

	assert_int_equal(run_child(log_long_lines, said, sizeof(said)), 0);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		assert_true(strlen(line) < 2048);
		assert_non_null(strstr(line, "unit["));
		lines++;
	}
	assert_int_equal(lines, 201);
}

TEST(logging_keeps_errno)
{
	int saved = dup(STDERR_FILENO);

	log_init("unit", LOG_LEVEL_INFO);
	/* a closed standard error makes the write fail */
	close(STDERR_FILENO);
	errno = EAGAIN;
	log_warn("message");
	assert_int_equal(errno, EAGAIN);
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void end_with_cause(void)
{
	log_init("unit", LOG_LEVEL_INFO);
	errno = ENOENT;
	fatal("cannot open '%s'", "a");
}

static void end_without_cause(void)
{
	log_init("unit", LOG_LEVEL_INFO);
	errno = ENOENT;
	fatalx("no such thing");
}

TEST(fatal_logs_the_cause_and_exits_with_1)
{
	char said[4096];

	assert_int_equal(run_child(end_with_cause, said, sizeof(said)), 1);
	expect_match(said, "error: cannot open 'a': No such file or directory"
			   "\n$");
	assert_int_equal(run_child(end_without_cause, said, sizeof(said)), 1);
	expect_match(said, "error: no such thing\n$");
}

TEST(levels_are_parsed_from_their_names)
{
	enum log_level level = LOG_LEVEL_ERROR;

	assert_int_equal(log_parse_level("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_parse_level("error", &level), 0);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_parse_level("Error", &level), -1);
	assert_int_equal(log_parse_level("", &level), -1);
	assert_int_equal(log_parse_level("err", &level), -1);
	assert_int_equal(level, LOG_LEVEL_ERROR);
}

static void log_json(void)
{
	log_init("unit", LOG_LEVEL_INFO);
	log_set_format(LOG_FORMAT_JSON);
	log_warn("a \"b\" \\ \n \xc3\xa9");
	log_error("no utf-8: \xff \xc3\xa9");
}

TEST(json_is_one_object_per_line)
{
	char said[4096];

	assert_int_equal(run_child(log_json, said, sizeof(said)), 0);
	expect_match(said,
		     "^\\{\"time\":\"20[0-9T:.-]+Z\",\"program\":\"unit\","
		     "\"pid\":[0-9]+,\"level\":\"warn\",\"message\":"
		     "\"a \\\\\"b\\\\\" \\\\\\\\ \\? \xc3\xa9\"\\}\n");
	assert_non_null(strstr(said, "\"message\":\"no utf-8: ? \?\?\"}\n"));
}

static void log_json_long(void)
{
	static char text[8192];
	int i;

	log_init("unit", LOG_LEVEL_INFO);
	log_set_format(LOG_FORMAT_JSON);
	memset(text, '"', sizeof(text));
	log_info("%.*s", (int)sizeof(text), text);
	for (i = 0; i < (int)sizeof(text); i++)
		text[i] = "\xe2\x82\xac"[i % 3];
	for (i = 0; i < 3; i++)
		log_info("%.*s%.*s", i, "xx", (int)sizeof(text), text);
}

TEST(long_json_is_cut_between_characters_and_ends)
{
	static char said[1 << 16];
	char *line, *rest = said;
	int lines = 0;

	assert_int_equal(run_child(log_json_long, said, sizeof(said)), 0);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		assert_true(strlen(line) < 4096);
		assert_true(line[0] == '{');
		assert_string_equal(line + strlen(line) - 2, "\"}");
		assert_null(strchr(line, '?'));
		lines++;
	}
	assert_int_equal(lines, 4);
}

/* Sets JOURNAL_STREAM as systemd does. */
static void log_to_journal(void)
{
	char stream[48];
	struct stat at;

	fstat(STDERR_FILENO, &at);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)at.st_dev,
		 (uintmax_t)at.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("unit", LOG_LEVEL_DEBUG);
	log_set_format(LOG_FORMAT_AUTO);
	log_error("one");
	log_warn("two");
	log_info("three");
	log_debug("four");
	/* standard error is not the journal's stream */
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_set_format(LOG_FORMAT_AUTO);
	log_info("five");
}

TEST(the_journal_gets_the_priority_and_the_message_only)
{
	static const char want[] = "<3>one\n<4>two\n<6>three\n<7>four\n20";
	char said[4096];

	assert_int_equal(run_child(log_to_journal, said, sizeof(said)), 0);
	assert_int_equal(strncmp(said, want, sizeof(want) - 1), 0);
	assert_non_null(strstr(said, " info: five\n"));
}

TEST(formats_are_parsed_from_their_names)
{
	enum log_format format = LOG_FORMAT_AUTO;

	assert_int_equal(log_parse_format("json", &format), 0);
	assert_int_equal(format, LOG_FORMAT_JSON);
	assert_int_equal(log_parse_format("text", &format), 0);
	assert_int_equal(format, LOG_FORMAT_TEXT);
	assert_int_equal(log_parse_format("auto", &format), 0);
	assert_int_equal(format, LOG_FORMAT_AUTO);
	assert_int_equal(log_parse_format("journal", &format), -1);
	assert_int_equal(log_parse_format("", &format), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_time_program_level_and_message),
		cmocka_unit_test(messages_beyond_the_level_are_not_logged),
		cmocka_unit_test(line_breaks_and_controls_are_replaced),
		cmocka_unit_test(a_line_that_is_too_long_is_cut_and_ends),
		cmocka_unit_test(logging_keeps_errno),
		cmocka_unit_test(fatal_logs_the_cause_and_exits_with_1),
		cmocka_unit_test(levels_are_parsed_from_their_names),
		cmocka_unit_test(json_is_one_object_per_line),
		cmocka_unit_test(long_json_is_cut_between_characters_and_ends),
		cmocka_unit_test(
			the_journal_gets_the_priority_and_the_message_only),
		cmocka_unit_test(formats_are_parsed_from_their_names),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
