/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/server/fcgi_record: where a FastCGI request ends.
 */
#include "messages-fcgi/server/fcgi_record.h"

#include "tests/unit/unit.h"

static bool is_complete(struct span bytes)
{
	struct span box = boxed(bytes);
	bool result = fcgi_record_stream_is_complete(box);

	unbox(box);
	return result;
}

#define BEGIN                                                                  \
	"\1\1\0\1\0\10\0\0"                                                    \
	"\0\1\1\0\0\0\0\0"
#define PARAMS                                                                 \
	"\1\4\0\1\0\3\5\0"                                                     \
	"abc-----"
#define PARAMS_END "\1\4\0\1\0\0\0\0"
#define BODY                                                                   \
	"\1\5\0\1\0\2\0\0"                                                     \
	"xy"
#define BODY_END "\1\5\0\1\0\0\0\0"
#define REQUEST BEGIN PARAMS PARAMS_END BODY BODY_END

TEST(a_request_is_complete_with_its_last_byte)
{
	struct span request = SPAN(REQUEST);
	size_t len;

	for (len = 0; len < request.len; len++)
		assert_false(is_complete(span_of(request.ptr, len)));
	assert_true(is_complete(request));
}

TEST(a_request_may_have_no_body)
{
	assert_true(is_complete(SPAN(BEGIN PARAMS PARAMS_END BODY_END)));
	assert_false(is_complete(SPAN(BEGIN PARAMS PARAMS_END)));
}

TEST(the_last_record_may_be_padded)
{
	assert_false(is_complete(SPAN(BEGIN "\1\5\0\1\0\0\2\0-")));
	assert_true(is_complete(SPAN(BEGIN "\1\5\0\1\0\0\2\0--")));
}

TEST(bytes_after_the_request_do_not_count)
{
	assert_true(is_complete(SPAN(REQUEST "\1")));
	assert_true(is_complete(SPAN(REQUEST REQUEST)));
}

TEST(a_record_may_be_of_any_length)
{
	static const char header[] = "\1\4\0\1\377\377\377";
	static char bytes[8 + 65535 + 255 + 8];

	memcpy(bytes, header, sizeof(header));
	memcpy(bytes + sizeof(bytes) - 8, BODY_END, 8);
	assert_true(is_complete(span_of(bytes, sizeof(bytes))));
	assert_false(is_complete(span_of(bytes, sizeof(bytes) - 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_complete_with_its_last_byte),
		cmocka_unit_test(a_request_may_have_no_body),
		cmocka_unit_test(the_last_record_may_be_padded),
		cmocka_unit_test(bytes_after_the_request_do_not_count),
		cmocka_unit_test(a_record_may_be_of_any_length),
	};

	return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
