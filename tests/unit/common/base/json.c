/* SPDX-License-Identifier: MIT
 *
 * common/base/json: the scan accepts exactly RFC 8259, json-c never gets a text
 * that it would read differently, and escaped strings parse to the original.
 */
#include "common/base/json.h"

#include "tests/unit/unit.h"

static const char *scan(struct span s)
{
	struct span box = boxed(s);
	const char *why = json_scan(box);

	unbox(box);
	return why;
}

static void expect_json(struct span s)
{
	const char *why = scan(s);

	if (why != NULL)
		fail_msg("'%.*s' is refused: %s", (int)s.len, s.ptr, why);
}

static void expect_no_json(struct span s)
{
	if (scan(s) == NULL)
		fail_msg("'%.*s' is accepted", (int)s.len, s.ptr);
}

TEST(every_production_of_the_grammar_is_accepted)
{
	static const char *const good[] = {
		"{}",
		"[]",
		"null",
		"true",
		"false",
		"0",
		"-0",
		"-1",
		"10",
		"1.5",
		"-0.0",
		"1e5",
		"1E+5",
		"1.25e-10",
		"0e0",
		"\"\"",
		"\"a\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		"\"\\u0001\\u00e9\\uABCD\\uabcd\"",
		"\"\\ud83d\\ude00\"",
		"\"\\uD800\\uDC00\\uDBFF\\uDFFF\"",
		"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
		"\"\x7f\"",
		"\"\xe2\x80\xa8\"",
		" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \t\r\n",
		"[null,true,false,0,\"\",[],{}]",
		"{\"\":1}",
	};
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		expect_json(span_str(good[i]));
}

TEST(text_outside_the_grammar_is_refused)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"}",
		"[",
		"]",
		"{]",
		"[}",
		"{,}",
		"[,]",
		"[1,]",
		"[1 2]",
		"[1,,2]",
		"{\"a\"}",
		"{\"a\":}",
		"{:1}",
		"{1:1}",
		"{a:1}",
		"{\"a\" 1}",
		"{\"a\":1,}",
		"{\"a\":1 \"b\":2}",
		"{} {}",
		"{},",
		"[]]",
		"nul",
		"nulll",
		"True",
		"NULL",
		"tru e",
		"undefined",
		"\"",
		"\"a",
		"a\"",
		"\"\\\"",
		"\"\\x\"",
		"\"\\a\"",
		"\"\\u\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\\U0041\"",
		"\"\\",
		"\"\\u",
		"\"\\u004",
		"// c\n{}",
		"{}/* c */",
		"/* c */{}",
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		expect_no_json(span_str(bad[i]));
}

TEST(numbers_outside_the_grammar_are_refused)
{
	static const char *const bad[] = {
		"-",   "+1",       "01",        "-01",      "00",    "1.",
		".1",  "-.1",      "1.e1",      "1e",       "1e+",   "1e-",
		"1E",  "1.5.5",    "1e5.5",     "0x10",     "NaN",   "-NaN",
		"nan", "Infinity", "-Infinity", "inf",      "1_000", "--1",
		"- 1", "1e 5",     "1 .5",      "\xd9\xa1",
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		expect_no_json(span_str(bad[i]));
}

/* json-c 0.16 accepts each of these even in its strict mode. */
TEST(faults_that_json_c_accepts_are_refused)
{
	struct json_object *object = NULL;
	const char *why;
	size_t i;
	static const struct span bad[] = {
		{ "{'a':1}", 7 },
		{ "{\"a\":'b'}", 9 },
		{ "{\"a\":NaN}", 9 },
		{ "{\"a\":1.}", 8 },
		{ "{\"a\":\"\n\"}", 9 },
		{ "{\"a\":\"\x01\"}", 9 },
		{ "{\"a\":\"\0\"}", 9 },
		{ "{\"a\":\"\xc0\x80\"}", 10 },
		{ "{\"a\":\"\xc1\xbf\"}", 10 },
		{ "{\"a\":\"\xe0\x80\xaf\"}", 11 },
		{ "{\"a\":\"\xed\xa0\x80\"}", 11 },
		{ "{\"a\":\"\xf4\x90\x80\x80\"}", 12 },
		{ "{\"a\":\"\xff\"}", 9 },
		{ "{\"a\":\"\\u0000\"}", 14 },
		{ "{\"a\":\"\\ud800\"}", 14 },
		{ "{\"a\":\"\\udc00\"}", 14 },
		{ "{\"a\":1,\"a\":2}", 13 },
	};

	for (i = 0; i < COUNT(bad); i++) {
		struct span box = boxed(bad[i]);

		if (json_parse_object(box, &object, &why) != -1)
			fail_msg("'%.*s' is accepted", (int)box.len, box.ptr);
		assert_non_null(why);
		unbox(box);
	}
}

TEST(surrogates_come_in_pairs_and_in_order)
{
	expect_no_json(SPAN("\"\\ud800\""));
	expect_no_json(SPAN("\"\\udbff\""));
	expect_no_json(SPAN("\"\\udc00\""));
	expect_no_json(SPAN("\"\\udfff\""));
	expect_no_json(SPAN("\"\\ud800a\""));
	expect_no_json(SPAN("\"\\ud800\\n\""));
	expect_no_json(SPAN("\"\\ud800\\u0041\""));
	expect_no_json(SPAN("\"\\ud800\\ud800\""));
	expect_no_json(SPAN("\"\\ud800\\ue000\""));
	expect_no_json(SPAN("\"\\udc00\\ud800\""));
	expect_no_json(SPAN("\"\\ud800\\u\""));
	expect_no_json(SPAN("\"\\ud800\\udc0\""));
	expect_json(SPAN("\"\\ud7ff\\ue000\""));
}

TEST(control_characters_are_refused_in_any_place)
{
	char in_string[] = "\"_\"", outside[] = "[_]";
	int c;

	for (c = 0; c < 0x20; c++) {
		bool is_blank = c == '\t' || c == '\n' || c == '\r';

		in_string[1] = outside[1] = (char)c;
		expect_no_json(span_of(in_string, 3));
		if (is_blank)
			expect_json(span_of(outside, 3));
		else
			expect_no_json(span_of(outside, 3));
	}
	expect_no_json(SPAN("{}\0"));
	expect_no_json(SPAN("\0{}"));
	/* blanks of other standards; a byte order mark */
	expect_no_json(SPAN("\v{}"));
	expect_no_json(SPAN("\f{}"));
	expect_no_json(SPAN("\xc2\xa0{}"));
	expect_no_json(SPAN("\xef\xbb\xbf{}"));
}

/* An object in an array in an object and so on, `depth` levels. */
static void add_nested(struct buf *buf, int depth)
{
	int i;

	buf_clear(buf);
	for (i = 0; i < depth; i++)
		buf_add_str(buf, i % 2 ? "[" : "{\"a\":");
	buf_add_str(buf, "1");
	while (i-- > 0)
		buf_add_str(buf, i % 2 ? "]" : "}");
}

TEST(nesting_ends_at_32)
{
	struct json_object *object;
	struct buf buf = BUF_INIT;
	const char *why;
	int depth;

	assert_int_equal(JSON_DEPTH_MAX, 32);
	for (depth = 1; depth <= 32; depth++) {
		add_nested(&buf, depth);
		expect_json(buf_span(&buf));
		assert_int_equal(
			json_parse_object(buf_span(&buf), &object, &why), 0);
		json_object_put(object);
	}
	add_nested(&buf, 33);
	expect_no_json(buf_span(&buf));
	buf_release(&buf);
	/* values side by side are not nested */
	expect_json(
		SPAN("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
		     "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"));
}

TEST(unbounded_nesting_is_refused_at_once)
{
	struct buf buf = BUF_INIT;

	memset(buf_reserve(&buf, 1 << 20), '[', 1 << 20);
	buf.len = 1 << 20;
	assert_string_equal(json_scan(buf_span(&buf)), "nested too deeply");
	buf_release(&buf);
}

TEST(a_truncated_text_is_refused)
{
	struct span whole =
		SPAN("{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":"
		     "\"r\xc3\xb6m-\\u00e9\\ud83d\\ude00\",\"n\":[-1.5e+3,true,"
		     "false,null,{}]}}");
	size_t len;

	expect_json(whole);
	for (len = 0; len < whole.len; len++)
		expect_no_json(span_of(whole.ptr, len));
}

TEST(strings_of_an_object_are_found)
{
	struct span box = boxed(SPAN(
		" {\"s\":\"a\\u00e9\\n\\/\",\"empty\":\"\",\"n\":1,\"z\":null,"
		"\"o\":{\"s\":2}} "));
	struct json_object *object = NULL;
	const char *why = "unset";

	assert_int_equal(json_parse_object(box, &object, &why), 0);
	assert_null(why);
	unbox(box);
	assert_span(json_get_string(object, "s"), SPAN("a\xc3\xa9\n/"));
	assert_span(json_get_string(object, "empty"), SPAN(""));
	assert_null(json_get_string(object, "n").ptr);
	assert_null(json_get_string(object, "z").ptr);
	assert_null(json_get_string(object, "o").ptr);
	assert_null(json_get_string(object, "missing").ptr);
	assert_null(json_get_string(object, "").ptr);
	json_object_put(object);
}

static void expect_text(struct span text, const char *key, const char *want)
{
	struct json_object *object;
	struct span box = boxed(text);
	const char *why;

	assert_int_equal(json_parse_object(box, &object, &why), 0);
	assert_span(json_get_text(box, key), span_str(want));
	json_object_put(object);
	unbox(box);
}

TEST(a_member_is_returned_as_it_was_written)
{
	struct span text = SPAN(
		" { \"n\" : 1.0e+2 ,\"o\":{\"n\":[ 1, \"]}\" ] }\t,\"s\":"
		"\"a\\u00e9\\\"\\n\",\n\"z\":null,\"\":true,\"\\u0061\":1 } ");

	expect_text(text, "n", "1.0e+2");
	expect_text(text, "o", "{\"n\":[ 1, \"]}\" ] }");
	expect_text(text, "s", "\"a\\u00e9\\\"\\n\"");
	expect_text(text, "z", "null");
	expect_text(text, "", "true");
	expect_text(text, "a", NULL);
	expect_text(text, "missing", NULL);
	expect_text(SPAN("{}"), "n", NULL);
	expect_text(SPAN(" { } "), "", NULL);
	expect_text(SPAN("{\"n\":0}"), "n", "0");
}

static void expect_why(struct span s, const char *want)
{
	struct json_object *object;
	struct span box = boxed(s);
	const char *why = NULL;

	assert_int_equal(json_parse_object(box, &object, &why), -1);
	assert_string_equal(why, want);
	unbox(box);
}

TEST(a_text_that_is_not_an_object_is_refused_with_the_reason)
{
	expect_why(SPAN("[]"), "not an object");
	expect_why(SPAN("null"), "not an object");
	expect_why(SPAN("1"), "not an object");
	expect_why(SPAN("\"{}\""), "not an object");
	expect_why(SPAN(""), "empty");
	expect_why(SPAN("\xff"), "not valid UTF-8");
}

/* An object with a number that json-c cannot represent is still an object. */
TEST(numbers_of_any_size_are_accepted)
{
	static const char *const numbers[] = {
		"9223372036854775807",
		"9223372036854775808",
		"18446744073709551615",
		"18446744073709551616",
		"-9223372036854775808",
		"-9223372036854775809",
		"123456789012345678901234567890",
		"1e999",
		"-1e-999",
		"-0",
		"0.1e1",
		"1E400",
	};
	struct buf buf = BUF_INIT;
	size_t i;

	for (i = 0; i < COUNT(numbers); i++) {
		struct json_object *object = NULL;
		const char *why;

		buf_addf(&buf, "{\"n\":%s}", numbers[i]);
		if (json_parse_object(buf_span(&buf), &object, &why) == -1)
			fail_msg("%s: %s", numbers[i], why);
		json_object_put(object);
		buf_clear(&buf);
	}
	buf_release(&buf);
}

TEST(repeated_keys_are_found_in_any_spelling)
{
	expect_why(SPAN("{\"a\":1,\"a\":1}"), "a repeated key");
	expect_why(SPAN("{\"a\":1,\"b\":2,\"a\":3}"), "a repeated key");
	expect_why(SPAN("{\"a\":1,\"\\u0061\":2}"), "a repeated key");
	expect_why(SPAN("{\"\":1,\"\":2}"), "a repeated key");
	expect_why(SPAN("{\"\\/\":1,\"/\":2}"), "a repeated key");
	expect_why(SPAN(" { \"a\" : [ 1 , 2 ] , \"a\" : { } } "),
		   "a repeated key");
}

TEST(equal_keys_of_different_objects_are_not_repeated)
{
	struct json_object *object = NULL;
	const char *why;

	assert_int_equal(
		json_parse_object(SPAN("{\"a\":{\"a\":1},\"b\":[{\"a\":1},"
				       "{\"a\":2}],\"c\":\",\\\",\"}"),
				  &object, &why),
		0);
	json_object_put(object);
}

TEST(each_character_has_the_right_escape)
{
	static const char *const controls[] = {
		"\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004",
		"\\u0005", "\\u0006", "\\u0007", "\\b",     "\\t",
		"\\n",     "\\u000b", "\\f",     "\\r",     "\\u000e",
		"\\u000f", "\\u0010", "\\u0011", "\\u0012", "\\u0013",
		"\\u0014", "\\u0015", "\\u0016", "\\u0017", "\\u0018",
		"\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d",
		"\\u001e", "\\u001f",
	};
	struct buf buf = BUF_INIT;
	int c;

	for (c = 0; c < 256; c++) {
		char one = (char)c;
		const char *want = NULL;

		if (c < 0x20)
			want = controls[c];
		else if (c == '"')
			want = "\\\"";
		else if (c == '\\')
			want = "\\\\";
		json_add_escaped(&buf, span_of(&one, 1));
		assert_span(buf_span(&buf),
			    want ? span_str(want) : span_of(&one, 1));
		buf_clear(&buf);
	}
	buf_release(&buf);
}

TEST(the_empty_string_is_escaped_to_itself)
{
	struct buf buf = BUF_INIT;

	json_add_escaped(&buf, SPAN(""));
	json_add_escaped(&buf, span_of(NULL, 0));
	assert_int_equal(buf.len, 0);
	json_add_string(&buf, span_of(NULL, 0));
	assert_buf(&buf, "\"\"");
	buf_release(&buf);
}

TEST(an_escaped_string_parses_to_the_same_string)
{
	struct span text =
		SPAN("\x01\x02\b\t\n\f\r\x1f \"\\/'<>&\x7f "
		     "\xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x98\x80 \\u0041");
	struct json_object *object;
	struct buf buf = BUF_INIT;
	const char *why;

	buf_add_str(&buf, "before{\"k\":");
	json_add_string(&buf, text);
	buf_add_str(&buf, "}");
	buf_drop(&buf, strlen("before"));
	assert_int_equal(json_parse_object(buf_span(&buf), &object, &why), 0);
	assert_span(json_get_string(object, "k"), text);
	json_object_put(object);
	buf_release(&buf);
}

/* The room for escapes is computed beforehand: the worst case at every length.
 */
TEST(escapes_fit_the_reserved_room)
{
	char ones[200];
	size_t len;

	memset(ones, 1, sizeof(ones));
	for (len = 0; len <= sizeof(ones); len++) {
		struct buf buf = BUF_INIT;

		json_add_escaped(&buf, span_of(ones, len));
		assert_int_equal(buf.len, len * 6);
		buf_release(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_production_of_the_grammar_is_accepted),
		cmocka_unit_test(text_outside_the_grammar_is_refused),
		cmocka_unit_test(numbers_outside_the_grammar_are_refused),
		cmocka_unit_test(faults_that_json_c_accepts_are_refused),
		cmocka_unit_test(surrogates_come_in_pairs_and_in_order),
		cmocka_unit_test(control_characters_are_refused_in_any_place),
		cmocka_unit_test(nesting_ends_at_32),
		cmocka_unit_test(unbounded_nesting_is_refused_at_once),
		cmocka_unit_test(a_truncated_text_is_refused),
		cmocka_unit_test(strings_of_an_object_are_found),
		cmocka_unit_test(a_member_is_returned_as_it_was_written),
		cmocka_unit_test(
			a_text_that_is_not_an_object_is_refused_with_the_reason),
		cmocka_unit_test(numbers_of_any_size_are_accepted),
		cmocka_unit_test(repeated_keys_are_found_in_any_spelling),
		cmocka_unit_test(
			equal_keys_of_different_objects_are_not_repeated),
		cmocka_unit_test(each_character_has_the_right_escape),
		cmocka_unit_test(the_empty_string_is_escaped_to_itself),
		cmocka_unit_test(an_escaped_string_parses_to_the_same_string),
		cmocka_unit_test(escapes_fit_the_reserved_room),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
