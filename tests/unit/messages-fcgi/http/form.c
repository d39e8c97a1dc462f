/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/http/form: fields of urlencoded bodies, of queries and of JSON.
 */
#include "messages-fcgi/http/form.h"

#include "tests/unit/unit.h"

/* The fields as text: name=value, each in brackets, a value that is no text as
 * a dash; or the reason why there are none. */
static void describe(struct buf *out, const struct form *form)
{
	size_t i;

	buf_clear(out);
	for (i = 0; i < form->count; i++) {
		struct span value = form->fields[i].value;

		buf_add_str(out, "[");
		buf_add_span(out, form->fields[i].name);
		buf_add_str(out, value.ptr != NULL ? "=" : "-");
		buf_add_span(out, value);
		buf_add_str(out, "]");
	}
}

static void check(int (*parse)(struct form *, struct span, const char **),
		  struct span s, struct span want, int line)
{
	struct form form = FORM_INIT;
	struct span box = boxed(s);
	struct buf said = BUF_INIT;
	const char *why = NULL;

	if (parse(&form, box, &why) == 0)
		describe(&said, &form);
	else
		buf_addf(&said, "refused: %s", why);
	check_buf(&said, want, __FILE__, line);
	form_release(&form);
	assert_int_equal(form.count, 0);
	unbox(box);
	buf_release(&said);
}

#define expect(literal, want)                                                  \
	check(form_parse_urlencoded, SPAN(literal), SPAN(want), __LINE__)
#define expect_json(literal, want)                                             \
	check(form_parse_json, SPAN(literal), SPAN(want), __LINE__)

#define PERCENT "refused: a percent sign without two hexadecimal digits"

TEST(pairs_are_decoded)
{
	expect("name=Ada&text=hello", "[name=Ada][text=hello]");
	expect("text=a+b%20c%2Bd&name=%C3%A9%c3%a9",
	       "[text=a b c+d][name=\xc3\xa9\xc3\xa9]");
	expect("%6eame=x&a%3Db=c%26d=e", "[name=x][a=b=c&d=e]");
	expect("x=%00%ff\xff\n", "[x=\0\xff\xff\n]");
	/* of a query, that is what it is */
	expect("a=b;c=d&e=/?#", "[a=b;c=d][e=/?#]");
}

TEST(missing_halves_are_empty)
{
	expect("", "");
	expect("name", "[name=]");
	expect("name=", "[name=]");
	expect("=x", "[=x]");
	expect("=", "[=]");
	expect("a==b", "[a==b]");
	expect("&&a=1&&b=2&", "[a=1][b=2]");
	expect("&", "");
	expect("a&b", "[a=][b=]");
}

TEST(a_percent_sign_needs_two_digits)
{
	int c;

	expect("%", PERCENT);
	expect("a=%", PERCENT);
	expect("a=%4", PERCENT);
	expect("a=%4&b=1", PERCENT);
	expect("%4=1", PERCENT);
	expect("a=%%41", PERCENT);
	expect("a=%u0041", PERCENT);
	expect("a=%+1", PERCENT);
	expect("a=%1", PERCENT);
	for (c = 0; c < 256; c++) {
		char first[] = { '%', (char)c, '1' };
		char second[] = { '%', '1', (char)c };
		bool is_hex =
			c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;

		if (is_hex)
			continue;
		check(form_parse_urlencoded, span_of(first, 3), SPAN(PERCENT),
		      __LINE__);
		check(form_parse_urlencoded, span_of(second, 3), SPAN(PERCENT),
		      __LINE__);
	}
}

TEST(every_escape_stands_for_its_byte)
{
	struct form form = FORM_INIT;
	const char *why;
	int c, big;

	for (c = 0; c < 256; c++)
		for (big = 0; big < 2; big++) {
			const char *digits =
				big ? "0123456789ABCDEF" : "0123456789abcdef";
			char in[] = { 'a', '=', '%', digits[c / 16],
				      digits[c % 16] };

			assert_int_equal(form_parse_urlencoded(
						 &form, span_of(in, 5), &why),
					 0);
			assert_int_equal(form.fields[0].value.len, 1);
			assert_int_equal(form.fields[0].value.ptr[0] & 0xff, c);
			form_release(&form);
		}
}

TEST(the_first_of_a_name_is_found)
{
	struct form form = FORM_INIT;
	const char *why;

	assert_int_equal(form_parse_urlencoded(
				 &form, SPAN("b=0&a=1&a=2&aa=3&n%00=4"), &why),
			 0);
	assert_span(form_find(&form, "a")->value, SPAN("1"));
	assert_span(form_find(&form, "aa")->value, SPAN("3"));
	assert_null(form_find(&form, "A"));
	assert_null(form_find(&form, ""));
	/* a NUL ends no name */
	assert_null(form_find(&form, "n"));
	form_release(&form);
	assert_null(form_find(&form, "a"));
}

/* So many fields, no two of one name. */
static void add_fields(struct buf *buf, int count, char separator)
{
	int i;

	for (i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(buf, separator);
		if (separator == ',')
			buf_addf(buf, "\"f%d\":\"\"", i);
		else
			buf_addf(buf, "f%d=", i);
	}
}

TEST(there_is_room_for_32_fields_and_no_more)
{
	struct form form = FORM_INIT;
	struct buf buf = BUF_INIT;
	const char *why = NULL;
	int count;

	for (count = 31; count <= 33; count++) {
		buf_clear(&buf);
		add_fields(&buf, count, '&');
		assert_int_equal(
			form_parse_urlencoded(&form, buf_span(&buf), &why),
			count <= 32 ? 0 : -1);
		assert_int_equal(form.count, count <= 32 ? count : 32);
		form_release(&form);
		buf_clear(&buf);
		buf_add_char(&buf, '{');
		add_fields(&buf, count, ',');
		buf_add_char(&buf, '}');
		assert_int_equal(form_parse_json(&form, buf_span(&buf), &why),
				 count <= 32 ? 0 : -1);
		form_release(&form);
	}
	assert_string_equal(why, "too many fields");
	buf_release(&buf);
}

TEST(members_of_an_object_are_fields)
{
	expect_json("{\"name\":\"Ada\",\"text\":\"hello\"}",
		    "[name=Ada][text=hello]");
	expect_json(" { } ", "");
	expect_json("{\"\":\"\"}", "[=]");
	expect_json("{\"t\":\"\\u00e9\\n\\\"\\ud83d\\ude00+%41\"}",
		    "[t=\xc3\xa9\n\"\xf0\x9f\x98\x80+%41]");
	expect_json("{\"\\u006eame\":\"x\"}", "[name=x]");
}

TEST(members_other_than_strings_have_no_value)
{
	expect_json("{\"a\":1,\"b\":null,\"c\":true,\"d\":[\"x\"],\"e\":{},"
		    "\"f\":\"y\"}",
		    "[a-][b-][c-][d-][e-][f=y]");
}

TEST(json_other_than_an_object_is_refused)
{
	static const char *const bad[] = {
		"",
		"[]",
		"\"a\"",
		"{",
		"{}x",
		"{'a':1}",
		"{\"a\":\"\\u0000\"}",
		"name=Ada",
		"{\"a\":\"1\",\"a\":\"2\"}",
		"{\"a\":\"\xff\"}",
	};
	struct form form = FORM_INIT;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		const char *why = NULL;

		assert_int_equal(form_parse_json(&form, span_str(bad[i]), &why),
				 -1);
		assert_non_null(why);
		assert_int_equal(form.count, 0);
		form_release(&form);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_decoded),
		cmocka_unit_test(missing_halves_are_empty),
		cmocka_unit_test(a_percent_sign_needs_two_digits),
		cmocka_unit_test(every_escape_stands_for_its_byte),
		cmocka_unit_test(the_first_of_a_name_is_found),
		cmocka_unit_test(there_is_room_for_32_fields_and_no_more),
		cmocka_unit_test(members_of_an_object_are_fields),
		cmocka_unit_test(members_other_than_strings_have_no_value),
		cmocka_unit_test(json_other_than_an_object_is_refused),
	};

	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
