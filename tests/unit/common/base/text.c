/* SPDX-License-Identifier: MIT
 *
 * common/base/text: UTF-8, checked by counting, and numbers at their limits.
 */
#include "common/base/text.h"

#include "tests/unit/unit.h"

/* Encodes the code point: RFC 3629 § 3. */
static size_t encode(uint32_t code, unsigned char *out)
{
	if (code < 0x80) {
		out[0] = (unsigned char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (unsigned char)(0xc0 | code >> 6);
		out[1] = (unsigned char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (unsigned char)(0xe0 | code >> 12);
		out[1] = (unsigned char)(0x80 | (code >> 6 & 63));
		out[2] = (unsigned char)(0x80 | (code & 63));
		return 3;
	}
	out[0] = (unsigned char)(0xf0 | code >> 18);
	out[1] = (unsigned char)(0x80 | (code >> 12 & 63));
	out[2] = (unsigned char)(0x80 | (code >> 6 & 63));
	out[3] = (unsigned char)(0x80 | (code & 63));
	return 4;
}

static bool is_utf8(const unsigned char *bytes, size_t len)
{
	return text_is_utf8(span_of((const char *)bytes, len));
}

static bool is_surrogate(uint32_t code)
{
	return code >= 0xd800 && code <= 0xdfff;
}

TEST(every_code_point_but_the_surrogates_is_valid)
{
	unsigned char bytes[4];
	uint32_t code;

	for (code = 0; code <= 0x10ffff; code++)
		if (is_utf8(bytes, encode(code, bytes)) == is_surrogate(code))
			fail_msg("U+%04X", (unsigned)code);
	assert_false(is_utf8(bytes, encode(0x110000, bytes)));
	assert_false(is_utf8(bytes, encode(0x1fffff, bytes)));
}

/* Together with the test above this proves that no invalid string passes: the
 * number of valid strings equals the number of strings of code points. */
TEST(the_number_of_valid_strings_of_three_bytes_is_exact)
{
	const uint32_t one = 0x80, two = 0x800 - 0x80,
		       three = 0x10000 - 0x800 - 0x800;
	unsigned char b[3];
	uint32_t i, valid = 0;

	for (i = 0; i < 0x1000000; i++) {
		b[0] = (unsigned char)(i >> 16);
		b[1] = (unsigned char)(i >> 8);
		b[2] = (unsigned char)i;
		valid += is_utf8(b, 3);
	}
	assert_int_equal(valid, one * one * one + 2 * one * two + three);
}

TEST(sequences_of_four_bytes_are_valid_within_their_bounds_only)
{
	static const unsigned char bounds[] = { 0x00, 0x7f, 0x80,
						0xbf, 0xc0, 0xff };
	unsigned char b[4];
	unsigned first, second, valid = 0;
	size_t i, j;

	for (first = 0xf0; first <= 0xff; first++)
		for (second = 0; second <= 0xff; second++)
			for (i = 0; i < COUNT(bounds); i++)
				for (j = 0; j < COUNT(bounds); j++) {
					b[0] = (unsigned char)first;
					b[1] = (unsigned char)second;
					b[2] = bounds[i];
					b[3] = bounds[j];
					valid += is_utf8(b, 4);
				}
	/* f0 90-bf, f1-f3 80-bf, f4 80-8f; 80 and bf twice */
	assert_int_equal(valid, (48 + 3 * 64 + 16) * 2 * 2);
}

TEST(a_sequence_that_ends_early_is_invalid)
{
	static const uint32_t codes[] = { 0x80,   0x7ff,   0x800,
					  0xffff, 0x10000, 0x10ffff };
	size_t i, len, cut;

	for (i = 0; i < COUNT(codes); i++) {
		unsigned char bytes[5] = { 'a' };

		len = encode(codes[i], bytes + 1);
		for (cut = 1; cut <= len; cut++) {
			struct span s = boxed(span_of((char *)bytes, 1 + cut));

			assert_int_equal(text_is_utf8(s), cut == len);
			unbox(s);
		}
	}
}

TEST(the_empty_string_and_nul_are_valid)
{
	assert_true(text_is_utf8(span_of(NULL, 0)));
	assert_true(text_is_utf8(SPAN("")));
	assert_true(text_is_utf8(SPAN("a\0b")));
	assert_false(text_is_utf8(SPAN("a\0\xff")));
}

static void expect_int(struct span s, int64_t want)
{
	struct span box = boxed(s);
	int64_t n = 42;

	if (text_parse_int(box, &n) != 0 || n != want)
		fail_msg("'%.*s' gave %lld", (int)s.len, s.ptr, (long long)n);
	unbox(box);
}

static void expect_no_int(struct span s)
{
	struct span box = boxed(s);
	int64_t n = 42;

	if (text_parse_int(box, &n) != -1 || n != 42)
		fail_msg("'%.*s' gave %lld", (int)s.len, s.ptr, (long long)n);
	unbox(box);
}

TEST(whole_numbers_are_read_up_to_their_limits)
{
	expect_int(SPAN("0"), 0);
	expect_int(SPAN("-0"), 0);
	expect_int(SPAN("7"), 7);
	expect_int(SPAN("-1"), -1);
	expect_int(SPAN("0000000000000000000000000000012"), 12);
	expect_int(SPAN("9223372036854775807"), INT64_MAX);
	expect_int(SPAN("-9223372036854775807"), -INT64_MAX);
	expect_int(SPAN("-9223372036854775808"), INT64_MIN);
	expect_int(span_of("123456", 3), 123);
}

TEST(a_number_that_does_not_fit_64_bits_is_refused)
{
	expect_no_int(SPAN("9223372036854775808"));
	expect_no_int(SPAN("-9223372036854775809"));
	expect_no_int(SPAN("9223372036854775810"));
	expect_no_int(SPAN("18446744073709551616"));
	expect_no_int(SPAN("18446744073709551617"));
	expect_no_int(SPAN("99999999999999999999999999999999999999"));
	expect_no_int(SPAN("-99999999999999999999999999999999999999"));
}

TEST(text_that_is_not_a_whole_number_is_refused)
{
	static const char *const bad[] = {
		"",   "-",   "+1",  "--1", "-+1", " 1",    "1 ",  "1\n",
		"1-", "1.0", "1e3", "0x1", "1,0", "1_000", "abc", "\xd9\xa1",
	};
	size_t i;
	int c;

	for (i = 0; i < COUNT(bad); i++)
		expect_no_int(span_str(bad[i]));
	expect_no_int(span_of(NULL, 0));
	expect_no_int(SPAN("1\0"));
	for (c = 0; c < 256; c++) {
		char two[2] = { '1', (char)c };

		if (c < '0' || c > '9')
			expect_no_int(span_of(two, 2));
	}
}

TEST(a_range_includes_both_its_ends)
{
	int64_t n = 42;

	assert_int_equal(text_parse_range("1", 1, 3, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(text_parse_range("3", 1, 3, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(text_parse_range("0", 1, 3, &n), -1);
	assert_int_equal(text_parse_range("4", 1, 3, &n), -1);
	assert_int_equal(text_parse_range("2 ", 1, 3, &n), -1);
	assert_int_equal(n, 3);
	assert_int_equal(text_parse_range("-9223372036854775808", INT64_MIN,
					  INT64_MAX, &n),
			 0);
	assert_true(n == INT64_MIN);
}

TEST(a_string_is_made_of_characters_if_it_has_no_other_and_is_not_empty)
{
	assert_true(text_is_made_of("a", "ab"));
	assert_true(text_is_made_of("abba", "ab"));
	assert_false(text_is_made_of("abc", "ab"));
	assert_false(text_is_made_of("cab", "ab"));
	assert_false(text_is_made_of("", "ab"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_but_the_surrogates_is_valid),
		cmocka_unit_test(
			the_number_of_valid_strings_of_three_bytes_is_exact),
		cmocka_unit_test(
			sequences_of_four_bytes_are_valid_within_their_bounds_only),
		cmocka_unit_test(a_sequence_that_ends_early_is_invalid),
		cmocka_unit_test(the_empty_string_and_nul_are_valid),
		cmocka_unit_test(whole_numbers_are_read_up_to_their_limits),
		cmocka_unit_test(a_number_that_does_not_fit_64_bits_is_refused),
		cmocka_unit_test(text_that_is_not_a_whole_number_is_refused),
		cmocka_unit_test(a_range_includes_both_its_ends),
		cmocka_unit_test(
			a_string_is_made_of_characters_if_it_has_no_other_and_is_not_empty),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
