/* SPDX-License-Identifier: MIT
 *
 * common/wire/socket_id: to text and back; other texts are refused.
 */
#include "common/wire/socket_id.h"

#include "tests/unit/unit.h"

static uint64_t parse(struct span s)
{
	struct span box = boxed(s);
	uint64_t id = socket_id_parse(box);

	unbox(box);
	return id;
}

TEST(every_id_is_two_numbers_with_a_dot)
{
	struct buf buf = BUF_INIT;

	socket_id_add(&buf, (uint64_t)123 << 32 | 456);
	assert_buf(&buf, "123.456");
	socket_id_add(&buf, 1);
	assert_buf(&buf, "0.1");
	socket_id_add(&buf, (uint64_t)1 << 32);
	assert_buf(&buf, "1.0");
	socket_id_add(&buf, UINT64_MAX);
	assert_buf(&buf, "4294967295.4294967295");
	buf_release(&buf);
}

TEST(a_written_id_is_parsed_to_the_same_id)
{
	struct buf buf = BUF_INIT;
	uint32_t random = 1;
	int i;

	for (i = 0; i < 10000; i++) {
		uint64_t id = (uint64_t)random_next(&random) << 32 |
			      random_next(&random);

		/* numbers of all lengths */
		id >>= i % 60;
		buf_clear(&buf);
		socket_id_add(&buf, id);
		assert_true(parse(buf_span(&buf)) == id);
	}
	assert_true(parse(SPAN("4294967295.4294967295")) == UINT64_MAX);
	buf_release(&buf);
}

TEST(other_spellings_are_not_parsed)
{
	static const char *const bad[] = {
		"",
		".",
		"1",
		"1.",
		".1",
		"0.0",
		"1.2.3",
		"1..2",
		"-1.2",
		"1.-2",
		"-0.1",
		"1.-0",
		"+1.2",
		" 1.2",
		"1.2 ",
		"1 .2",
		"a.b",
		"0x1.2",
		"01.2",
		"1.02",
		"00.1",
		"1,2",
		"-",
		"1.2\n",
		"4294967296.1",
		"1.4294967296",
		"99999999999999999999.1",
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		if (parse(span_str(bad[i])) != 0)
			fail_msg("'%s' is an id", bad[i]);
	assert_true(parse(SPAN("1.2\0")) == 0);
	assert_true(parse(span_of(NULL, 0)) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_id_is_two_numbers_with_a_dot),
		cmocka_unit_test(a_written_id_is_parsed_to_the_same_id),
		cmocka_unit_test(other_spellings_are_not_parsed),
	};

	return cmocka_run_group_tests_name("socket_id", tests, NULL, NULL);
}
