/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/log/append_params: the parameters to the byte.
 */
#include "messages-fcgi/log/append_params.h"

#include "tests/unit/unit.h"

#define ARRAY_OF_2(type) "\0\0\0\1\0\0\0\1\0\0\0" type "\0\0\0\2\0\0\0\1"
#define TEXT "\x19"
#define BYTEA "\x11"

static void expect_param(const struct append_params *params, size_t i,
			 const char *bytes, size_t len)
{
	assert_int_equal(params->formats[i], 1);
	assert_int_equal(params->lengths[i], len);
	if (bytes == NULL)
		assert_null(params->values[i]);
	else
		assert_memory_equal(params->values[i], bytes, len);
}

#define EXPECT(params, i, bytes)                                               \
	expect_param(params, i, bytes, sizeof(bytes) - 1)

static struct entry message, trigger;

static int set_up(void **state)
{
	(void)state;
	message = (struct entry){
		.event = { .channel = SPAN("messages"),
			   .event = SPAN("new_message"),
			   .name = SPAN("Ada"),
			   .text = SPAN("") },
		.key = "0123456789abcde",
	};
	trigger = (struct entry){
		.event = { .channel = SPAN("c"),
			   .event = SPAN("e"),
			   .exclude = SPAN("1.2") },
		.key = "\xff",
	};
	return 0;
}

TEST(arrays_have_the_elements_in_the_order_of_the_entries)
{
	struct entry *const entries[] = { &message, &trigger };
	struct append_params params;
	struct buf buf = BUF_INIT;

	append_params_encode(&params, &buf, "app", entries, 2);
	EXPECT(&params, 0, "app");
	EXPECT(&params, 1, ARRAY_OF_2(TEXT) "\0\0\0\10messages\0\0\0\1c");
	EXPECT(&params, 2, ARRAY_OF_2(TEXT) "\0\0\0\13new_message\0\0\0\1e");
	EXPECT(&params, 6,
	       ARRAY_OF_2(BYTEA) "\0\0\0\20"
				 "0123456789abcde\0\0\0\0\20"
				 "\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	buf_release(&buf);
}

TEST(an_absent_element_is_null_and_an_empty_one_is_not)
{
	struct entry *const entries[] = { &message, &trigger };
	struct append_params params;
	struct buf buf = BUF_INIT;

	append_params_encode(&params, &buf, "app", entries, 2);
	EXPECT(&params, 3, ARRAY_OF_2(TEXT) "\0\0\0\3Ada\xff\xff\xff\xff");
	EXPECT(&params, 4, ARRAY_OF_2(TEXT) "\0\0\0\0\xff\xff\xff\xff");
	EXPECT(&params, 7,
	       ARRAY_OF_2(TEXT) "\xff\xff\xff\xff\0\0\0\3"
				"1.2");
	buf_release(&buf);
}

TEST(a_column_without_values_is_one_null)
{
	struct entry *const entries[] = { &message, &trigger };
	struct append_params params;
	struct buf buf = BUF_INIT;

	append_params_encode(&params, &buf, "app", entries, 2);
	expect_param(&params, 5, NULL, 0);
	append_params_encode(&params, &buf, "app", entries, 1);
	expect_param(&params, 7, NULL, 0);
	buf_release(&buf);
}

TEST(one_channel_replaces_the_array_of_channels)
{
	struct entry *const entries[] = { &message };
	struct append_params params, all;
	struct buf buf = BUF_INIT;
	size_t i;

	append_params_encode(&all, &buf, "app", entries, 1);
	params = all;
	append_params_set_channel(&params, message.event.channel);
	EXPECT(&params, 1, "messages");
	for (i = 0; i < APPEND_PARAMS; i++)
		if (i != 1)
			assert_ptr_equal(params.values[i], all.values[i]);
	buf_release(&buf);
}

TEST(a_used_buffer_gives_the_same_parameters)
{
	static struct entry many[300];
	struct entry *entries[300];
	struct append_params params;
	struct buf used = BUF_INIT, new = BUF_INIT;
	struct append_params expected;
	size_t i;

	for (i = 0; i < COUNT(many); i++) {
		many[i] = message;
		entries[i] = &many[i];
	}
	append_params_encode(&params, &used, "app", entries, COUNT(many));
	append_params_encode(&params, &used, "app", entries, 3);
	append_params_encode(&expected, &new, "app", entries, 3);
	for (i = 0; i < APPEND_PARAMS; i++) {
		assert_int_equal(params.lengths[i], expected.lengths[i]);
		if (expected.values[i] == NULL)
			assert_null(params.values[i]);
		else
			assert_memory_equal(params.values[i],
					    expected.values[i],
					    (size_t)expected.lengths[i]);
	}
	buf_release(&used);
	buf_release(&new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			arrays_have_the_elements_in_the_order_of_the_entries),
		cmocka_unit_test(
			an_absent_element_is_null_and_an_empty_one_is_not),
		cmocka_unit_test(a_column_without_values_is_one_null),
		cmocka_unit_test(one_channel_replaces_the_array_of_channels),
		cmocka_unit_test(a_used_buffer_gives_the_same_parameters),
	};

	return cmocka_run_group_tests_name("append_params", tests, set_up,
					   NULL);
}
