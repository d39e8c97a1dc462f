/* SPDX-License-Identifier: MIT
 *
 * common/config/conf: the sources of a value, the errors, and that secrets are
 * never printed.
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

/* Each test starts with only the secret set. */
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

/* The leak sanitizer checks that all filled fields are released. */
static void expect_error(const char *want)
{
	struct buf error = BUF_INIT;

	assert_int_equal(conf_load(&group, &error), -1);
	assert_span(buf_span(&error), span_of(want, strlen(want) + 1));
	conf_release(&group);
	buf_release(&error);
}

TEST(every_fault_is_reported)
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

TEST(an_option_that_is_not_set_has_its_default)
{
	expect_loaded("default", "canary", 5);
}

TEST(the_environment_overrides_the_default)
{
	setenv("UNIT_NAME", "given", 1);
	setenv("UNIT_COUNT", "10", 1);
	expect_loaded("given", "canary", 10);
	setenv("UNIT_NAME", "", 1);
	expect_loaded("", "canary", 10);
}

TEST(the_value_from_a_file_has_no_line_break_at_its_end)
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

TEST(numbers_and_secrets_are_read_from_files)
{
	write_file(SPAN("7\n"));
	setenv("UNIT_COUNT_FILE", file_path, 1);
	expect_loaded("default", "canary", 7);
	unsetenv("UNIT_COUNT_FILE");
	unsetenv("UNIT_SECRET");
	setenv("UNIT_SECRET_FILE", file_path, 1);
	expect_loaded("default", "7", 5);
}

TEST(a_missing_file_is_reported)
{
	setenv("UNIT_NAME_FILE", "/nonexistent/file", 1);
	expect_error("UNIT_NAME_FILE: cannot open '/nonexistent/file': "
		     "No such file or directory");
	setenv("UNIT_NAME_FILE", "/", 1);
	expect_error("UNIT_NAME_FILE: cannot read '/': Is a directory");
}

/* Cutting it silently would change the value. */
TEST(a_file_that_is_too_long_or_contains_nul_is_refused)
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

TEST(a_value_and_a_file_together_are_refused)
{
	setenv("UNIT_NAME", "a", 1);
	setenv("UNIT_NAME_FILE", file_path, 1);
	expect_error("UNIT_NAME and UNIT_NAME_FILE are both set");
}

TEST(an_empty_path_counts_as_not_given)
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

TEST(a_required_option_that_is_not_set_is_reported)
{
	unsetenv("UNIT_SECRET");
	expect_error("UNIT_SECRET is not set");
}

TEST(a_number_out_of_its_range_is_refused)
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

TEST(an_error_quotes_the_value_unless_it_is_secret)
{
	setenv("UNIT_NAME", "bad", 1);
	expect_error("UNIT_NAME: 'bad' is bad");
	unsetenv("UNIT_NAME");
	setenv("UNIT_SECRET", "bad", 1);
	expect_error("UNIT_SECRET: is bad");
}

TEST(print_leaves_the_values_of_secrets_out)
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

TEST(a_program_starts_or_logs_why_not)
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

TEST(check_config_reports_faults_and_starts_nothing)
{
	char said[4096];

	assert_int_equal(run_child(start_check, said, sizeof(said)), 0);
	assert_string_equal(said, "checked with default\n");
	setenv("UNIT_COUNT", "0", 1);
	assert_int_equal(run_child(start_check, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "UNIT_COUNT: '0' is not a whole"));
	assert_null(strstr(said, "checked"));
}

TEST(help_and_version_need_no_configuration)
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

TEST(print_config_prints_and_exits)
{
	char said[4096];

	assert_int_equal(run_child(start_print, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "UNIT_NAME=default\n"));
	assert_null(strstr(said, "canary"));
	assert_null(strstr(said, "started"));
}

TEST(an_option_and_its_replacement_exclude_each_other)
{
	struct buf error = BUF_INIT;

	setenv("UNIT_OTHER", "given", 1);
	expect_error("UNIT_SECRET and UNIT_OTHER are both set");
	/* an empty value and an empty path count as not given */
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
		cmocka_unit_test_setup(every_fault_is_reported, set_up),
		cmocka_unit_test_setup(
			an_option_that_is_not_set_has_its_default, set_up),
		cmocka_unit_test_setup(the_environment_overrides_the_default,
				       set_up),
		cmocka_unit_test_setup(
			the_value_from_a_file_has_no_line_break_at_its_end,
			set_up),
		cmocka_unit_test_setup(numbers_and_secrets_are_read_from_files,
				       set_up),
		cmocka_unit_test_setup(a_missing_file_is_reported, set_up),
		cmocka_unit_test_setup(
			a_file_that_is_too_long_or_contains_nul_is_refused,
			set_up),
		cmocka_unit_test_setup(a_value_and_a_file_together_are_refused,
				       set_up),
		cmocka_unit_test_setup(an_empty_path_counts_as_not_given,
				       set_up),
		cmocka_unit_test_setup(
			a_required_option_that_is_not_set_is_reported, set_up),
		cmocka_unit_test_setup(a_number_out_of_its_range_is_refused,
				       set_up),
		cmocka_unit_test_setup(
			an_error_quotes_the_value_unless_it_is_secret, set_up),
		cmocka_unit_test_setup(
			an_option_and_its_replacement_exclude_each_other,
			set_up),
		cmocka_unit_test_setup(
			the_source_of_a_value_is_its_name_or_its_file, set_up),
		cmocka_unit_test_setup(print_leaves_the_values_of_secrets_out,
				       set_up),
		cmocka_unit_test_setup(a_program_starts_or_logs_why_not,
				       set_up),
		cmocka_unit_test_setup(
			check_config_reports_faults_and_starts_nothing, set_up),
		cmocka_unit_test_setup(help_and_version_need_no_configuration,
				       set_up),
		cmocka_unit_test_setup(print_config_prints_and_exits, set_up),
	};

	return cmocka_run_group_tests_name("conf", tests, make_file,
					   remove_file);
}
