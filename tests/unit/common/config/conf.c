/* SPDX-License-Identifier: MIT
 *
 * common/conf: where a value comes from, what is said about a wrong one, and
 * that a secret is never said.
 */
#include "common/config/conf.h"

#include <unistd.h>

#include "tests/unit/unit.h"

struct settings {
	char *name;
	char *secret;
	int64_t count;
};

static const char *check_name(const char *value)
{
	return strcmp(value, "bad") == 0 ? "is bad" : NULL;
}

static const struct conf_option options[] = {
	{ .name = "UNIT_NAME",
	  .type = CONF_STRING,
	  .offset = offsetof(struct settings, name),
	  .value = "default",
	  .check = check_name,
	  .help = "A name that is long enough for two lines, because the "
		  "first of them ends at 78 columns: here, before x." },
	{ .name = "UNIT_SECRET",
	  .type = CONF_STRING,
	  .offset = offsetof(struct settings, secret),
	  .instead = "UNIT_OTHER",
	  .secret = true,
	  .check = check_name,
	  .help = "A secret." },
	{ .name = "UNIT_COUNT",
	  .type = CONF_INT,
	  .offset = offsetof(struct settings, count),
	  .value = "5",
	  .min = 1,
	  .max = 10,
	  .help = "A number." },
};

static struct settings loaded;
static const struct conf_group group = { options, COUNT(options), &loaded };
static char file_path[] = "/tmp/pushlog-unit-XXXXXX";

/* Each test starts with the secret alone. */
static int set_up(void **state __attribute__((unused)))
{
	static const char *const names[] = {
		"UNIT_NAME",       "UNIT_NAME_FILE",  "UNIT_SECRET_FILE",
		"UNIT_COUNT",      "UNIT_COUNT_FILE", "UNIT_OTHER",
		"UNIT_OTHER_FILE",
	};
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
	return setenv("UNIT_SECRET", "canary", 1);
}

static int make_file(void **state __attribute__((unused)))
{
	int fd = mkstemp(file_path);

	return fd == -1 ? -1 : close(fd);
}

static int remove_file(void **state __attribute__((unused)))
{
	return unlink(file_path);
}

static void write_file(struct span content)
{
	FILE *file = fopen(file_path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(content.ptr, 1, content.len, file),
			 content.len);
	assert_int_equal(fclose(file), 0);
}

static void expect_loaded(const char *name, const char *secret, int64_t count)
{
	struct buf error = BUF_INIT;

	if (conf_load(&group, &error) == -1)
		fail_msg("%.*s", (int)error.len, error.data);
	assert_int_equal(error.len, 0);
	assert_string_equal(loaded.name, name);
	assert_string_equal(loaded.secret, secret);
	assert_int_equal(loaded.count, count);
	conf_release(&group);
	assert_null(loaded.name);
	assert_null(loaded.secret);
	buf_release(&error);
}

/* The leak sanitizer watches that what was filled is released. */
static void expect_error(const char *want)
{
	struct buf error = BUF_INIT;

	assert_int_equal(conf_load(&group, &error), -1);
	assert_span(buf_span(&error), span_of(want, strlen(want) + 1));
	conf_release(&group);
	buf_release(&error);
}

TEST(everything_that_is_wrong_is_said)
{
	static const char want[] = "UNIT_SECRET is not set\0"
				   "UNIT_COUNT: 'many' is not a whole number "
				   "from 1 to 10";
	struct buf error = BUF_INIT;

	unsetenv("UNIT_SECRET");
	setenv("UNIT_COUNT", "many", 1);
	assert_int_equal(conf_load(&group, &error), -1);
	assert_span(buf_span(&error), span_of(want, sizeof(want)));
	conf_release(&group);
	buf_release(&error);
}

TEST(a_default_stands_where_nothing_is_set)
{
	expect_loaded("default", "canary", 5);
}

TEST(the_environment_beats_the_default)
{
	setenv("UNIT_NAME", "given", 1);
	setenv("UNIT_COUNT", "10", 1);
	expect_loaded("given", "canary", 10);
	setenv("UNIT_NAME", "", 1);
	expect_loaded("", "canary", 10);
}

TEST(a_file_gives_its_content_without_the_line_break)
{
	setenv("UNIT_NAME_FILE", file_path, 1);
	write_file(SPAN("from file\n"));
	expect_loaded("from file", "canary", 5);
	write_file(SPAN("from file\r\n"));
	expect_loaded("from file", "canary", 5);
	write_file(SPAN(" two\nlines "));
	expect_loaded(" two\nlines ", "canary", 5);
	write_file(SPAN(""));
	expect_loaded("", "canary", 5);
}

TEST(a_number_and_a_secret_may_come_from_files)
{
	write_file(SPAN("7\n"));
	setenv("UNIT_COUNT_FILE", file_path, 1);
	expect_loaded("default", "canary", 7);
	unsetenv("UNIT_COUNT_FILE");
	unsetenv("UNIT_SECRET");
	setenv("UNIT_SECRET_FILE", file_path, 1);
	expect_loaded("default", "7", 5);
}

TEST(a_file_that_is_not_there_is_said)
{
	setenv("UNIT_NAME_FILE", "/nonexistent/file", 1);
	expect_error("UNIT_NAME_FILE: cannot open '/nonexistent/file': "
		     "No such file or directory");
	setenv("UNIT_NAME_FILE", "/", 1);
	expect_error("UNIT_NAME_FILE: cannot read '/': Is a directory");
}

/* Cutting silently would make another value of it. */
TEST(a_file_that_is_too_long_or_holds_nul_is_refused)
{
	struct buf long_one = BUF_INIT, error = BUF_INIT;

	setenv("UNIT_NAME_FILE", file_path, 1);
	write_file(SPAN("before\0after\n"));
	assert_int_equal(conf_load(&group, &error), -1);
	conf_release(&group);
	buf_clear(&error);
	memset(buf_reserve(&long_one, 1 << 20), 'l', 1 << 20);
	long_one.len = 1 << 20;
	write_file(buf_span(&long_one));
	assert_int_equal(conf_load(&group, &error), -1);
	conf_release(&group);
	buf_release(&long_one);
	buf_release(&error);
}

TEST(a_value_from_two_places_is_refused)
{
	setenv("UNIT_NAME", "a", 1);
	setenv("UNIT_NAME_FILE", file_path, 1);
	expect_error("UNIT_NAME and UNIT_NAME_FILE are both set");
}

TEST(an_empty_path_is_none)
{
	setenv("UNIT_NAME_FILE", "", 1);
	expect_loaded("default", "canary", 5);
	setenv("UNIT_NAME", "a", 1);
	expect_loaded("a", "canary", 5);
	setenv("UNIT_SECRET_FILE", "", 1);
	expect_loaded("a", "canary", 5);
	unsetenv("UNIT_SECRET");
	expect_error("UNIT_SECRET is not set");
}

TEST(what_must_be_set_is_missed)
{
	unsetenv("UNIT_SECRET");
	expect_error("UNIT_SECRET is not set");
}

TEST(a_number_keeps_within_its_range)
{
	static const char *const bad[] = { "0",   "11", "",
					   "x",   "1 ", "+1",
					   "1.0", "-1", "9223372036854775808" };
	struct buf want = BUF_INIT;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		setenv("UNIT_COUNT", bad[i], 1);
		buf_clear(&want);
		buf_addf(&want,
			 "UNIT_COUNT: '%s' is not a whole number from 1 to 10",
			 bad[i]);
		buf_add_char(&want, '\0');
		expect_error(want.data);
	}
	buf_release(&want);
	setenv("UNIT_COUNT", "1", 1);
	expect_loaded("default", "canary", 1);
}

TEST(a_checked_value_is_named_unless_it_is_secret)
{
	setenv("UNIT_NAME", "bad", 1);
	expect_error("UNIT_NAME: 'bad' is bad");
	unsetenv("UNIT_NAME");
	setenv("UNIT_SECRET", "bad", 1);
	expect_error("UNIT_SECRET: is bad");
}

TEST(printing_leaves_secrets_out)
{
	struct buf out = BUF_INIT, error = BUF_INIT;

	assert_int_equal(conf_load(&group, &error), 0);
	conf_print(&group, &out);
	assert_buf(&out, "# A name that is long enough for two lines, because "
			 "the first of them ends at\n"
			 "# 78 columns: here, before x.\n"
			 "UNIT_NAME=default\n"
			 "# A secret.\n"
			 "# UNIT_SECRET is a secret\n"
			 "# A number. From 1 to 10.\n"
			 "UNIT_COUNT=5\n");
	conf_release(&group);
	buf_release(&out);
	buf_release(&error);
}

static void start_with(const char *argument)
{
	char program[] = "unit", copy[64];
	char *argv[] = { program, copy, NULL };
	bool is_run;

	if (argument == NULL)
		argv[1] = NULL;
	else
		snprintf(copy, sizeof(copy), "%s", argument);
	is_run = conf_start(argument == NULL ? 1 : 2, argv, "unit", "a test",
			    &group, 1);
	printf("%s with %s\n", is_run ? "started" : "checked", loaded.name);
	conf_release(&group);
	fflush(stdout);
}

static void start(void)
{
	start_with(NULL);
}

static void start_print(void)
{
	start_with("--print-config");
}

static void start_check(void)
{
	start_with("--check-config");
}

static void start_help(void)
{
	start_with("--help");
}

static void start_version(void)
{
	start_with("--version");
}

static void start_unknown(void)
{
	start_with("--verbose");
}

TEST(a_program_starts_or_says_why_not)
{
	char said[4096];

	assert_int_equal(run_child(start, said, sizeof(said)), 0);
	assert_string_equal(said, "started with default\n");
	setenv("UNIT_COUNT", "0", 1);
	assert_int_equal(run_child(start, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "UNIT_COUNT: '0' is not a whole"));
	assert_null(strstr(said, "started"));
	assert_int_equal(run_child(start_unknown, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "unknown argument '--verbose'"));
}

TEST(a_check_says_what_is_wrong_and_starts_nothing)
{
	char said[4096];

	assert_int_equal(run_child(start_check, said, sizeof(said)), 0);
	assert_string_equal(said, "checked with default\n");
	setenv("UNIT_COUNT", "0", 1);
	assert_int_equal(run_child(start_check, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "UNIT_COUNT: '0' is not a whole"));
	assert_null(strstr(said, "checked"));
}

TEST(a_program_answers_without_its_settings)
{
	char said[4096];

	unsetenv("UNIT_SECRET");
	assert_int_equal(run_child(start_help, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "  UNIT_NAME=default\n"
				     "      A name that is long enough "
				     "for two lines, because the first "
				     "of them ends\n"
				     "      at 78 columns: here, "
				     "before x.\n"));
	assert_non_null(strstr(said, "  UNIT_SECRET, required\n"));
	assert_non_null(strstr(said, "  UNIT_COUNT=5\n"
				     "      A number. From 1 to 10.\n"));
	assert_int_equal(run_child(start_version, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "unit "));
}

TEST(a_program_prints_its_settings)
{
	char said[4096];

	assert_int_equal(run_child(start_print, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "UNIT_NAME=default\n"));
	assert_null(strstr(said, "canary"));
	assert_null(strstr(said, "started"));
}

TEST(an_option_that_another_replaces_must_not_be_given_and_is_null)
{
	struct buf error = BUF_INIT;

	setenv("UNIT_OTHER", "given", 1);
	expect_error("UNIT_SECRET and UNIT_OTHER are both set");
	/* both ways to give it are taken back by emptiness */
	setenv("UNIT_SECRET", "", 1);
	setenv("UNIT_SECRET_FILE", "", 1);
	assert_int_equal(conf_load(&group, &error), 0);
	assert_null(loaded.secret);
	conf_print(&group, &error);
	assert_null(memmem(error.data, error.len, "SECRET", 6));
	conf_release(&group);
	buf_release(&error);
	unsetenv("UNIT_SECRET");
	setenv("UNIT_OTHER", "", 1);
	expect_error("UNIT_SECRET is not set");
}

TEST(the_source_of_a_value_is_its_name_or_its_file)
{
	struct buf buf = BUF_INIT;

	conf_add_source(&buf, "UNIT_OTHER");
	assert_buf(&buf, "UNIT_OTHER");
	setenv("UNIT_OTHER_FILE", "/some/where", 1);
	conf_add_source(&buf, "UNIT_OTHER");
	assert_buf(&buf, "UNIT_OTHER_FILE '/some/where'");
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(everything_that_is_wrong_is_said,
				       set_up),
		cmocka_unit_test_setup(a_default_stands_where_nothing_is_set,
				       set_up),
		cmocka_unit_test_setup(the_environment_beats_the_default,
				       set_up),
		cmocka_unit_test_setup(
			a_file_gives_its_content_without_the_line_break,
			set_up),
		cmocka_unit_test_setup(
			a_number_and_a_secret_may_come_from_files, set_up),
		cmocka_unit_test_setup(a_file_that_is_not_there_is_said,
				       set_up),
		cmocka_unit_test_setup(
			a_file_that_is_too_long_or_holds_nul_is_refused,
			set_up),
		cmocka_unit_test_setup(a_value_from_two_places_is_refused,
				       set_up),
		cmocka_unit_test_setup(an_empty_path_is_none, set_up),
		cmocka_unit_test_setup(what_must_be_set_is_missed, set_up),
		cmocka_unit_test_setup(a_number_keeps_within_its_range, set_up),
		cmocka_unit_test_setup(
			a_checked_value_is_named_unless_it_is_secret, set_up),
		cmocka_unit_test_setup(
			an_option_that_another_replaces_must_not_be_given_and_is_null,
			set_up),
		cmocka_unit_test_setup(
			the_source_of_a_value_is_its_name_or_its_file, set_up),
		cmocka_unit_test_setup(printing_leaves_secrets_out, set_up),
		cmocka_unit_test_setup(a_program_starts_or_says_why_not,
				       set_up),
		cmocka_unit_test_setup(
			a_check_says_what_is_wrong_and_starts_nothing, set_up),
		cmocka_unit_test_setup(a_program_answers_without_its_settings,
				       set_up),
		cmocka_unit_test_setup(a_program_prints_its_settings, set_up),
	};

	return cmocka_run_group_tests_name("conf", tests, make_file,
					   remove_file);
}
