/* SPDX-License-Identifier: MIT
 *
 * common/config/settings: the defaults of the options of both programs, and the
 * values that are refused.
 */
#include "common/config/settings.h"

#include "tests/unit/unit.h"

static struct settings settings;

static int set_up(void **state __attribute__((unused)))
{
	struct conf_group group = settings_group(&settings);
	char file_name[128];
	size_t i;

	for (i = 0; i < group.count; i++) {
		snprintf(file_name, sizeof(file_name), "%s_FILE",
			 group.options[i].name);
		unsetenv(group.options[i].name);
		unsetenv(file_name);
	}
	setenv("PUSHLOG_APP_KEY", "unit-key", 1);
	setenv("PUSHLOG_APP_SECRET", "0123456789abcdef", 1);
	return 0;
}

/* Sets one variable. Whether the group still loads. */
static bool is_taken(const char *name, const char *value)
{
	struct conf_group group = settings_group(&settings);
	struct buf error = BUF_INIT;
	bool result;

	setenv(name, value, 1);
	result = conf_load(&group, &error) == 0;
	assert_int_equal(result, error.len == 0);
	if (!result)
		assert_true(span_starts(buf_span(&error), name));
	conf_release(&group);
	buf_release(&error);
	return result;
}

TEST(key_and_secret_have_no_default)
{
	struct conf_group group = settings_group(&settings);
	struct buf error = BUF_INIT;

	unsetenv("PUSHLOG_APP_KEY");
	assert_int_equal(conf_load(&group, &error), -1);
	conf_release(&group);
	buf_clear(&error);
	setenv("PUSHLOG_APP_KEY", "unit-key", 1);
	unsetenv("PUSHLOG_APP_SECRET");
	assert_int_equal(conf_load(&group, &error), -1);
	conf_release(&group);
	buf_release(&error);
}

TEST(every_other_option_has_a_default_that_passes_its_check)
{
	struct conf_group group = settings_group(&settings);
	struct buf error = BUF_INIT;

	assert_int_equal(conf_load(&group, &error), 0);
	assert_string_equal(settings.app.id, "1");
	assert_string_equal(settings.app.channels, "messages,room-*");
	assert_string_equal(settings.redis_prefix, "pushlog");
	settings_start_log(&settings, "unit");
	assert_true(log_is_on(LOG_LEVEL_INFO));
	assert_false(log_is_on(LOG_LEVEL_DEBUG));
	assert_string_equal(settings.ops_listen, "");
	conf_release(&group);
	buf_release(&error);
}

TEST(an_app_id_is_1_to_20_digits)
{
	assert_true(is_taken("PUSHLOG_APP_ID", "0"));
	assert_true(is_taken("PUSHLOG_APP_ID", "12345678901234567890"));
	assert_false(is_taken("PUSHLOG_APP_ID", "123456789012345678901"));
	assert_false(is_taken("PUSHLOG_APP_ID", ""));
	assert_false(is_taken("PUSHLOG_APP_ID", "1a"));
	assert_false(is_taken("PUSHLOG_APP_ID", "-1"));
	assert_false(is_taken("PUSHLOG_APP_ID", "1:2"));
}

TEST(a_key_has_no_characters_that_a_path_would_escape)
{
	assert_true(is_taken("PUSHLOG_APP_KEY", "a-Z_09"));
	assert_false(is_taken("PUSHLOG_APP_KEY", ""));
	assert_false(is_taken("PUSHLOG_APP_KEY", "a/b"));
	assert_false(is_taken("PUSHLOG_APP_KEY", "a b"));
	assert_false(is_taken("PUSHLOG_APP_KEY", "a?b"));
	assert_false(is_taken("PUSHLOG_APP_KEY", "\xc3\xa9"));
}

TEST(a_weak_secret_is_refused)
{
	assert_false(is_taken("PUSHLOG_APP_SECRET", ""));
	assert_false(is_taken("PUSHLOG_APP_SECRET", "0123456789abcde"));
	assert_true(is_taken("PUSHLOG_APP_SECRET", "0123456789abcdef"));
}

TEST(a_prefix_has_no_separator_of_names_in_redis)
{
	assert_true(is_taken("PUSHLOG_REDIS_PREFIX", "my-app_1.x"));
	assert_false(is_taken("PUSHLOG_REDIS_PREFIX", ""));
	assert_false(is_taken("PUSHLOG_REDIS_PREFIX", "a:b"));
	assert_false(is_taken("PUSHLOG_REDIS_PREFIX", "a*"));
	assert_false(is_taken("PUSHLOG_REDIS_PREFIX", "a b"));
	assert_false(is_taken("PUSHLOG_REDIS_PREFIX", "a\r\nb"));
}

TEST(redis_must_be_an_address_and_the_log_level_a_level)
{
	assert_true(is_taken("PUSHLOG_REDIS", "unix:/run/redis.sock"));
	assert_false(is_taken("PUSHLOG_REDIS", "localhost"));
	setenv("PUSHLOG_REDIS", "localhost:6379", 1);
	assert_true(is_taken("PUSHLOG_LOG_LEVEL", "debug"));
	assert_false(is_taken("PUSHLOG_LOG_LEVEL", "loud"));
	assert_false(is_taken("PUSHLOG_LOG_LEVEL", ""));
}

/* A connection string may contain a password. */
TEST(secrets_are_not_printed)
{
	struct conf_group group = settings_group(&settings);
	struct buf out = BUF_INIT;

	setenv("PUSHLOG_APP_SECRET", "canary-canary-canary", 1);
	setenv("PUSHLOG_REDIS_PASSWORD", "canary", 1);
	setenv("PUSHLOG_DATABASE", "password=canary", 1);
	assert_int_equal(conf_load(&group, &out), 0);
	conf_print(&group, &out);
	assert_null(memmem(out.data, out.len, "canary", 6));
	assert_non_null(memmem(out.data, out.len, "unit-key", 8));
	conf_release(&group);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(key_and_secret_have_no_default, set_up),
		cmocka_unit_test_setup(
			every_other_option_has_a_default_that_passes_its_check,
			set_up),
		cmocka_unit_test_setup(an_app_id_is_1_to_20_digits, set_up),
		cmocka_unit_test_setup(
			a_key_has_no_characters_that_a_path_would_escape,
			set_up),
		cmocka_unit_test_setup(a_weak_secret_is_refused, set_up),
		cmocka_unit_test_setup(
			a_prefix_has_no_separator_of_names_in_redis, set_up),
		cmocka_unit_test_setup(
			redis_must_be_an_address_and_the_log_level_a_level,
			set_up),
		cmocka_unit_test_setup(secrets_are_not_printed, set_up),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
