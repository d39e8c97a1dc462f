/* SPDX-License-Identifier: MIT
 *
 * common/config/app: one app from the environment, several from JSON, and
 * errors that name the place of the fault.
 */
#include "common/config/app.h"

#include "tests/unit/unit.h"

#define FIRST "\"id\":\"1\",\"key\":\"one\",\"secret\":\"0123456789abcdef\""
#define SECOND "\"id\":\"2\",\"key\":\"two\",\"secret\":\"fedcba9876543210\""

static char nothing[] = "", id[] = "7", key[] = "seven",
	    secret[] = "0123456789abcdef", channels[] = "messages,room-*",
	    durable[] = "orders-*";

static struct app_defaults defaults_of(char *json)
{
	return (struct app_defaults){ .json = json,
				      .id = id,
				      .key = json[0] ? NULL : key,
				      .secret = json[0] ? NULL : secret,
				      .encryption_master_key = nothing,
				      .webhooks = nothing,
				      .channels = channels,
				      .durable_channels = durable,
				      .allowed_origins = nothing,
				      .event_max_bytes = 10240,
				      .presence_members_max = 3,
				      .subscription_count = 1 };
}

static struct apps load(const char *text)
{
	char *copy = strdup(text);
	struct app_defaults defaults = defaults_of(copy);
	struct buf error = BUF_INIT;
	struct apps apps;

	if (apps_load(&apps, &defaults, &error) == -1)
		fail_msg("%.*s", (int)error.len, error.data);
	buf_release(&error);
	free(copy);
	return apps;
}

static void expect_refused(const char *text, const char *want)
{
	char *copy = strdup(text);
	struct app_defaults defaults = defaults_of(copy);
	struct buf error = BUF_INIT;
	struct apps apps;

	assert_int_equal(apps_load(&apps, &defaults, &error), -1);
	assert_span(buf_span(&error), span_str(want));
	apps_release(&apps);
	buf_release(&error);
	free(copy);
}

static int set_up(void **state __attribute__((unused)))
{
	unsetenv("PUSHLOG_APPS");
	unsetenv("PUSHLOG_APPS_FILE");
	return 0;
}

TEST(the_environment_describes_one_app)
{
	struct apps apps = load(nothing);
	const struct app *app = &apps.all[0];

	assert_int_equal(apps.count, 1);
	assert_string_equal(app->id, "7");
	assert_string_equal(app->key, "seven");
	assert_string_equal(app->secret, "0123456789abcdef");
	assert_string_equal(app->channels, "messages,room-*");
	assert_string_equal(app->durable_channels, "orders-*");
	assert_string_equal(app->allowed_origins, "");
	assert_int_equal(app->event_max_bytes, 10240);
	assert_false(app->client_events);
	assert_true(app->enabled);
	assert_int_equal(app->presence_members_max, 3);
	assert_true(app->subscription_count);
	apps_release(&apps);
}

TEST(json_describes_several_apps)
{
	struct apps apps =
		load("{\"apps\":[{" FIRST
		     ",\"durable_channels\":[\"a-*\",\"private-b\"],"
		     "\"allowed_origins\":[],\"event_max_bytes\":99,"
		     "\"connections_max\":7,\"authorized_within_s\":30,"
		     "\"client_events\":true,\"enabled\":false,"
		     "\"presence_members_max\":0,"
		     "\"subscription_count\":false},{" SECOND
		     ",\"allowed_origins\":[\"https://example.org\"]}]}");

	assert_int_equal(apps.count, 2);
	assert_string_equal(apps.all[0].durable_channels, "a-*,private-b");
	assert_int_equal(apps.all[0].event_max_bytes, 99);
	assert_true(apps.all[0].client_events);
	assert_false(apps.all[0].enabled);
	assert_int_equal(apps.all[0].presence_members_max, 0);
	assert_false(apps.all[0].subscription_count);
	assert_int_equal(apps.all[1].presence_members_max, 3);
	assert_true(apps.all[1].subscription_count);
	assert_true(apps.all[1].enabled);
	assert_int_equal(apps.all[0].connections_max, 7);
	assert_int_equal(apps.all[0].authorized_within_s, 30);
	assert_int_equal(apps.all[1].connections_max, 0);
	assert_string_equal(apps.all[1].durable_channels, "orders-*");
	assert_string_equal(apps.all[1].allowed_origins, "https://example.org");
	assert_int_equal(apps.all[1].event_max_bytes, 10240);
	apps_release(&apps);
}

TEST(only_the_first_app_has_the_channels_of_the_page)
{
	struct apps apps = load("{\"apps\":[{" FIRST "},{" SECOND "}]}");

	assert_string_equal(apps.all[0].channels, "messages,room-*");
	assert_string_equal(apps.all[1].channels, "");
	apps_release(&apps);
}

TEST(an_app_is_found_by_id_and_by_key)
{
	struct apps apps = load("{\"apps\":[{" FIRST "},{" SECOND "}]}");

	assert_ptr_equal(apps_find_id(&apps, SPAN("2")), &apps.all[1]);
	assert_ptr_equal(apps_find_key(&apps, SPAN("one")), &apps.all[0]);
	assert_null(apps_find_id(&apps, SPAN("3")));
	assert_null(apps_find_id(&apps, span_of(NULL, 0)));
	assert_null(apps_find_key(&apps, SPAN("2")));
	assert_null(apps_find_key(&apps, SPAN("")));
	apps_release(&apps);
}

TEST(a_durable_channel_is_in_channels_or_in_durable_channels)
{
	struct apps apps = load("{\"apps\":[{" FIRST
				",\"durable_channels\":[\"private-b\"]},{"
				"\"durable_channels\":[]," SECOND "}]}");
	const struct app *app = &apps.all[0];

	assert_true(app_is_durable(app, SPAN("messages")));
	assert_true(app_is_durable(app, SPAN("room-1")));
	assert_true(app_is_durable(app, SPAN("private-b")));
	assert_false(app_is_durable(app, SPAN("private-c")));
	assert_false(app_is_durable(app, SPAN("other")));
	assert_false(app_is_durable(app, SPAN("#server-to-user-1")));
	assert_false(app_is_durable(&apps.all[1], SPAN("messages")));
	assert_true(app_has_history(app));
	assert_false(app_has_history(&apps.all[1]));
	apps_release(&apps);
}

TEST(an_error_names_the_place_of_the_fault)
{
	expect_refused("[]", "PUSHLOG_APPS: not an object");
	expect_refused("{}", "PUSHLOG_APPS: the only member must be \"apps\"");
	expect_refused("{\"apps\":[{" FIRST "}],\"x\":1}",
		       "PUSHLOG_APPS: the only member must be \"apps\"");
	expect_refused("{\"apps\":[]}",
		       "PUSHLOG_APPS: \"apps\" is not an array of apps");
	expect_refused("{\"apps\":[1]}",
		       "PUSHLOG_APPS: apps[0] is not an object");
	expect_refused("{\"apps\":[{}]}",
		       "PUSHLOG_APPS: apps[0].id is not given");
	expect_refused("{\"apps\":[{\"id\":1}]}",
		       "PUSHLOG_APPS: apps[0].id is not a string");
	expect_refused("{\"apps\":[{" FIRST "},{\"id\":\"x\"}]}",
		       "PUSHLOG_APPS: apps[1].id is not 1 to 20 digits");
	expect_refused("{\"apps\":[{" FIRST ",\"secrett\":\"\"}]}",
		       "PUSHLOG_APPS: apps[0].secrett is not a member of an "
		       "app");
	expect_refused("{\"apps\":[{\"id\":\"1\",\"key\":\"k\","
		       "\"secret\":\"short\"}]}",
		       "PUSHLOG_APPS: apps[0].secret is shorter than 16 "
		       "characters");
	expect_refused("{\"apps\":[{" FIRST "},{" FIRST "}]}",
		       "PUSHLOG_APPS: apps[1].id is used by another app");
	expect_refused("{\"apps\":[{" FIRST "},{\"id\":\"2\",\"key\":\"one\","
		       "\"secret\":\"0123456789abcdef\"}]}",
		       "PUSHLOG_APPS: apps[1].key is used by another app");
}

TEST(a_member_of_a_wrong_type_is_refused)
{
	expect_refused("{\"apps\":[{\"durable_channels\":\"a\"}]}",
		       "PUSHLOG_APPS: apps[0].durable_channels is not an array "
		       "of strings");
	expect_refused("{\"apps\":[{\"allowed_origins\":[\"a\",1]}]}",
		       "PUSHLOG_APPS: apps[0].allowed_origins is not an array "
		       "of strings");
	expect_refused("{\"apps\":[{\"durable_channels\":[\"a,b\"]}]}",
		       "PUSHLOG_APPS: apps[0].durable_channels has an item "
		       "that is empty or has a comma or a blank");
	expect_refused("{\"apps\":[{\"presence_members_max\":-1}]}",
		       "PUSHLOG_APPS: apps[0].presence_members_max is not a "
		       "whole number from 0 to 1000000");
	expect_refused("{\"apps\":[{\"connections_max\":-1}]}",
		       "PUSHLOG_APPS: apps[0].connections_max is not a whole "
		       "number from 0 to 1000000");
	expect_refused(
		"{\"apps\":[{" FIRST
		",\"allowed_origins\":[\"https://a\",\"a/\"]}]}",
		"PUSHLOG_APPS: apps[0].allowed_origins has an item that "
		"is not an origin: https://host[:port], in lower case, a "
		"label of the host may be *");
	expect_refused("{\"apps\":[{\"client_events\":\"yes\"}]}",
		       "PUSHLOG_APPS: apps[0].client_events is not true or "
		       "false");
	expect_refused("{\"apps\":[{\"event_max_bytes\":0}]}",
		       "PUSHLOG_APPS: apps[0].event_max_bytes is not a whole "
		       "number from 1 to 1048576");
	expect_refused("{\"apps\":[{\"event_max_bytes\":1.5}]}",
		       "PUSHLOG_APPS: apps[0].event_max_bytes is not a whole "
		       "number from 1 to 1048576");
}

TEST(a_master_key_is_32_bytes_in_base64)
{
	struct apps apps = load("{\"apps\":[{" FIRST
				",\"encryption_master_key\":\"AAAAAAAAAAAAAAAA"
				"AAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}]}");

	apps_release(&apps);
	expect_refused("{\"apps\":[{" FIRST
		       ",\"encryption_master_key\":\"AAAA\"}]}",
		       "PUSHLOG_APPS: apps[0].encryption_master_key is not 32 "
		       "bytes in base64");
}

TEST(webhooks_may_be_urls_or_objects)
{
	struct apps apps =
		load("{\"apps\":[{" FIRST "},{" SECOND
		     ",\"webhooks\":[\"https://a/b\",{\"url\":\"http://c\","
		     "\"events\":[\"cache_miss\"]}]}]}");

	assert_int_equal(apps.all[0].webhooks.count, 0);
	assert_int_equal(apps.all[1].webhooks.count, 2);
	assert_string_equal(apps.all[1].webhooks.all[1].url, "http://c");
	apps_release(&apps);
	expect_refused("{\"apps\":[{" FIRST ",\"webhooks\":[\"a\"]}]}",
		       "PUSHLOG_APPS: apps[0].webhooks has an item that is not "
		       "an http:// or https:// URL");
}

TEST(an_error_names_the_file)
{
	setenv("PUSHLOG_APPS_FILE", "/etc/apps.json", 1);
	expect_refused("{\"apps\":[{}]}", "PUSHLOG_APPS_FILE '/etc/apps.json': "
					  "apps[0].id is not given");
}

TEST(an_empty_file_is_refused)
{
	struct app_defaults defaults = defaults_of(nothing);
	struct buf error = BUF_INIT;
	struct apps apps;

	defaults.key = defaults.secret = NULL;
	setenv("PUSHLOG_APPS_FILE", "/etc/apps.json", 1);
	assert_int_equal(apps_load(&apps, &defaults, &error), -1);
	assert_non_null(memmem(error.data, error.len, "apps.json': ", 12));
	apps_release(&apps);
	buf_release(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_environment_describes_one_app,
				       set_up),
		cmocka_unit_test_setup(json_describes_several_apps, set_up),
		cmocka_unit_test_setup(
			only_the_first_app_has_the_channels_of_the_page,
			set_up),
		cmocka_unit_test_setup(an_app_is_found_by_id_and_by_key,
				       set_up),
		cmocka_unit_test_setup(
			a_durable_channel_is_in_channels_or_in_durable_channels,
			set_up),
		cmocka_unit_test_setup(an_error_names_the_place_of_the_fault,
				       set_up),
		cmocka_unit_test_setup(a_member_of_a_wrong_type_is_refused,
				       set_up),
		cmocka_unit_test_setup(a_master_key_is_32_bytes_in_base64,
				       set_up),
		cmocka_unit_test_setup(webhooks_may_be_urls_or_objects, set_up),
		cmocka_unit_test_setup(an_error_names_the_file, set_up),
		cmocka_unit_test_setup(an_empty_file_is_refused, set_up),
	};

	return cmocka_run_group_tests_name("app", tests, NULL, NULL);
}
