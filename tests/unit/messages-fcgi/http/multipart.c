/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/http/multipart: bodies as browsers and libraries send them, and
 * malformed ones.
 */
#include "messages-fcgi/http/multipart.h"

#include "tests/unit/unit.h"

#define TYPE "multipart/form-data; boundary=b"
#define NAMED(name) "Content-Disposition: form-data; name=" name "\r\n"
/* a part called a, up to its value */
#define A "--b\r\n" NAMED("a") "\r\n"

/* Fields as [name=value], or the reason. */
static void parse(struct buf *said, struct span type, struct span body)
{
	struct span type_box = boxed(type), body_box = boxed(body);
	struct form form = FORM_INIT;
	const char *why = NULL;
	size_t i;

	if (multipart_parse(&form, type_box, body_box, &why) == -1) {
		assert_non_null(why);
		buf_addf(said, "refused: %s", why);
	} else {
		for (i = 0; i < form.count; i++) {
			buf_add_str(said, "[");
			buf_add_span(said, form.fields[i].name);
			buf_add_str(said, "=");
			buf_add_span(said, form.fields[i].value);
			buf_add_str(said, "]");
		}
	}
	form_release(&form);
	unbox(type_box);
	unbox(body_box);
}

static void check(struct span type, struct span body, struct span want,
		  int line)
{
	struct buf said = BUF_INIT;

	parse(&said, type, body);
	check_buf(&said, want, __FILE__, line);
	buf_release(&said);
}

#define expect(body, want) check(SPAN(TYPE), SPAN(body), SPAN(want), __LINE__)
#define expect_type(type, want)                                                \
	check(SPAN(type), SPAN(A "1\r\n--b--"), SPAN(want), __LINE__)

#define NO_BOUNDARY "refused: the boundary is missing or malformed"
#define NOT_THERE "refused: the boundary does not occur in the body"
#define NEITHER "refused: a boundary is followed by neither a part nor the end"
#define NO_END "refused: a part has no end"
#define NO_HEADERS_END "refused: a part's headers have no end"
#define BAD_HEADER "refused: a malformed header of a part"
#define NOT_FORM_DATA "refused: a part that is not form-data"
#define NO_NAME "refused: a part without a name"
#define NO_DISPOSITION "refused: a part without Content-Disposition"
#define ENCODED "refused: a part with a Content-Transfer-Encoding"

TEST(bodies_of_browsers_are_read)
{
	check(SPAN("multipart/form-data; "
		   "boundary=----WebKitFormBoundaryePkpFF7tjBAqx29L"),
	      SPAN("------WebKitFormBoundaryePkpFF7tjBAqx29L\r\n"
		   "Content-Disposition: form-data; name=\"name\"\r\n\r\n"
		   "Ada\r\n"
		   "------WebKitFormBoundaryePkpFF7tjBAqx29L\r\n"
		   "Content-Disposition: form-data; name=\"text\"\r\n\r\n"
		   "caf\xc3\xa9\r\n\r\nline\r\n"
		   "------WebKitFormBoundaryePkpFF7tjBAqx29L--\r\n"),
	      SPAN("[name=Ada][text=caf\xc3\xa9\r\n\r\nline]"), __LINE__);
	/* a file is a field like any other */
	expect("--b\r\nContent-Disposition: form-data; name=\"f\"; "
	       "filename=\"C:\\dir\\x.txt\"\r\nContent-Type: text/plain\r\n\r\n"
	       "bytes\0\xff\r\n--b--\r\n",
	       "[f=bytes\0\xff]");
	/* curl, Python's requests */
	expect(A "1\r\n--b\r\ncontent-disposition:form-data;name=\"c\"\r\n"
		 "content-type: text/plain; charset=x\r\n\r\n2\r\n--b--",
	       "[a=1][c=2]");
}

TEST(values_end_right_before_the_boundary_s_line)
{
	expect(A "\r\n--b--", "[a=]");
	expect(A "--b--", "[a=]");
	expect("--b\r\n" NAMED("a") "\r\n--b--", "[a=]");
	expect("--b\r\n" NAMED("a") "\r\n--b\r\n" NAMED("c") "\r\n1\r\n--b--",
	       "[a=][c=1]");
	expect(A "\r\n\r\n--b--", "[a=\r\n]");
	expect(A "1\n--b\r\n--b--", "[a=1\n--b]");
	expect(A "1\r--b\r\n--b--", "[a=1\r--b]");
	expect(A "x--b\r\n--b--", "[a=x--b]");
	expect(A "\r\n--c\r\n--b--", "[a=\r\n--c]");
	expect(A "\r\n-b\r\n--b--", "[a=\r\n-b]");
	expect(A "\r\n--\r\n--b--", "[a=\r\n--]");
	expect(A "\r\r\n--b--", "[a=\r]");
}

TEST(preamble_and_epilogue_are_skipped)
{
	expect("--b--", "");
	expect("--b--\r\n", "");
	expect("--b--anything\r\n" A "1\r\n--b--", "");
	expect("preamble\r\n" A "1\r\n--b--", "[a=1]");
	expect("\r\n" A "1\r\n--b--\r\nepilogue", "[a=1]");
	expect("not --b\r\n" A "1\r\n--b--", "[a=1]");
}

TEST(blanks_may_follow_a_boundary_and_nothing_else)
{
	expect("--b \t\r\n" NAMED("a") "\r\n1\r\n--b--", "[a=1]");
	expect(A "1\r\n--b \t\r\n" NAMED("c") "\r\n2\r\n--b--", "[a=1][c=2]");
	expect("--bx\r\n" NAMED("a") "\r\n1\r\n--b--", NEITHER);
	expect(A "1\r\n--bx\r\n--b--", NEITHER);
	expect(A "1\r\n--b-\r\n--b--", NEITHER);
	expect(A "1\r\n--b", NEITHER);
	expect(A "1\r\n--b\n--b--", NEITHER);
	expect(A "1\r\n--b \r", NEITHER);
	expect("--b", NEITHER);
	expect("--b-", NEITHER);
	expect("--b\n" NAMED("a") "\r\n1\r\n--b--", NEITHER);
}

TEST(a_body_that_is_cut_is_refused_everywhere)
{
	static const char body[] =
		A "1\r\n--b\r\n" NAMED("\"c\"") "X: y\r\n\r\n2\r\n--b--\r\n";
	struct buf said = BUF_INIT;
	size_t len, whole = strlen(body) - 2;

	for (len = 0; len < whole; len++) {
		parse(&said, SPAN(TYPE), span_of(body, len));
		if (!span_starts(buf_span(&said), "refused: "))
			fail_msg("'%.*s' is read", (int)len, body);
		buf_clear(&said);
	}
	for (; len <= strlen(body); len++)
		check(SPAN(TYPE), span_of(body, len), SPAN("[a=1][c=2]"),
		      __LINE__);
	buf_release(&said);
	expect("", NOT_THERE);
	expect("-", NOT_THERE);
	expect("a=1&b=2", NOT_THERE);
	expect("x--b\r\n" NAMED("a") "\r\n1", NOT_THERE);
	expect(A "1", NO_END);
	expect(A "1--b--", NO_END);
	expect("--b\r\n" NAMED("a"), NO_HEADERS_END);
	expect("--b\r\n", NO_HEADERS_END);
}

TEST(names_are_tokens_or_quoted)
{
#define expect_name(name, want)                                                \
	expect("--b\r\n" NAMED(name) "\r\n1\r\n--b--", want)
	expect_name("text", "[text=1]");
	expect_name("\"text\"", "[text=1]");
	expect_name("\"\"", "[=1]");
	expect_name("\"a;b=c: \xc3\xa9\"", "[a;b=c: \xc3\xa9=1]");
	expect_name("\"a\\\"b\"", "[a\"b=1]");
	expect_name("\"a\\\\\"", "[a\\=1]");
	expect_name("\"a\\b\"", "[a\\b=1]");
	expect_name("\"a%22b\"", "[a%22b=1]");
	expect_name("a; filename=f", "[a=1]");
	expect_name("\"a\" ;  filename=\"f\" ; ", "[a=1]");
	expect_name("a; name=c", "[a=1]");
	expect_name("\"a", NO_NAME);
	expect_name("\"a\\\"", NO_NAME);
	expect_name("\"a\\", NO_NAME);
	expect_name("\"a\"b", NO_NAME);
	expect_name("a b", NO_NAME);
	expect_name("\"a\" x=y", NO_NAME);
	expect_name("a x=y", NO_NAME);
	expect_name("a; filename", NO_NAME);
	expect_name("a; =x", NO_NAME);
	expect_name("a; filename =x", NO_NAME);
	expect_name("\xc3\xa9", NO_NAME);
	/* a token that is empty is a name that is empty */
	expect_name("", "[=1]");
#undef expect_name
}

TEST(the_disposition_is_form_data_and_comes_once)
{
	expect("--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--",
	       NO_NAME);
	expect("--b\r\nContent-Disposition: form-data; filename=x\r\n\r\n1"
	       "\r\n--b--",
	       NO_NAME);
	expect("--b\r\nContent-Disposition: FORM-DATA; NAME=a\r\n\r\n1"
	       "\r\n--b--",
	       "[a=1]");
	expect("--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1"
	       "\r\n--b--",
	       NOT_FORM_DATA);
	expect("--b\r\nContent-Disposition: form-datax; name=a\r\n\r\n1"
	       "\r\n--b--",
	       NOT_FORM_DATA);
	expect("--b\r\nContent-Disposition:\r\n\r\n1\r\n--b--", NOT_FORM_DATA);
	expect("--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--",
	       NO_DISPOSITION);
	expect("--b\r\n\r\n1\r\n--b--", NO_DISPOSITION);
	/* the first counts, as it does for parameters and fields */
	expect("--b\r\n" NAMED("a") NAMED("c") "\r\n1\r\n--b--", "[a=1]");
}

TEST(headers_are_names_with_colons)
{
	expect("--b\r\n" NAMED("a") "X-Y: \r\nZ:z\r\n\r\n1\r\n--b--", "[a=1]");
	expect("--b\r\n" NAMED("a") "X\r\n\r\n1\r\n--b--", BAD_HEADER);
	expect("--b\r\n" NAMED("a") ": x\r\n\r\n1\r\n--b--", BAD_HEADER);
	expect("--b\r\n" NAMED("a") "X : y\r\n\r\n1\r\n--b--", BAD_HEADER);
	expect("--b\r\n" NAMED("a") " folded\r\n\r\n1\r\n--b--", BAD_HEADER);
	expect("--b\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1"
	       "\r\n--b--",
	       NO_NAME);
}

TEST(a_transfer_encoding_that_changes_nothing_is_ignored)
{
#define ENCODING(value)                                                        \
	"--b\r\n" NAMED("a") "content-transfer-encoding:" value                \
			     "\r\n\r\n1\r\n--b--"
	expect(ENCODING("binary"), "[a=1]");
	expect(ENCODING(" 8BIT\t"), "[a=1]");
	expect(ENCODING(" 7bit"), "[a=1]");
	expect(ENCODING(" base64"), ENCODED);
	expect(ENCODING(" quoted-printable"), ENCODED);
	expect(ENCODING(""), ENCODED);
#undef ENCODING
}

TEST(the_boundary_is_found_among_the_parameters)
{
	expect_type("multipart/form-data;boundary=b", "[a=1]");
	expect_type("multipart/form-data ; charset=utf-8 ; BOUNDARY=b ;",
		    "[a=1]");
	expect_type("multipart/form-data; boundary=\"b\"", "[a=1]");
	expect_type("multipart/form-data; boundary=\"\\b\"", NO_BOUNDARY);
	expect_type("multipart/form-data; x=\"; boundary=c\"; boundary=b",
		    "[a=1]");
	expect_type("multipart/form-data; boundary=b; boundary=c", "[a=1]");
	expect_type("multipart/form-data; boundary=c", NOT_THERE);
	expect_type("", NO_BOUNDARY);
	expect_type("multipart/form-data", NO_BOUNDARY);
	expect_type("multipart/form-data;", NO_BOUNDARY);
	expect_type("multipart/form-data; boundary", NO_BOUNDARY);
	expect_type("multipart/form-data; boundary=", NO_BOUNDARY);
	expect_type("multipart/form-data; boundary=\"\"", NO_BOUNDARY);
	expect_type("multipart/form-data; boundary=\"b", NO_BOUNDARY);
	expect_type("multipart/form-data; boundary=\"b \"", NO_BOUNDARY);
	expect_type("multipart/form-data; boundary=\"b\r\n\"", NO_BOUNDARY);
	expect_type("multipart/form-data; boundary=b!", NO_BOUNDARY);
	expect_type("multipart/form-data; boundary=b x", NO_BOUNDARY);
	expect_type("multipart/form-data; boundary=b; x", NO_BOUNDARY);
	expect_type("multipart/form-data; xboundary=b", NO_BOUNDARY);
}

TEST(a_boundary_has_up_to_70_characters_of_many_kinds)
{
	struct buf type = BUF_INIT, body = BUF_INIT;
	int len;

	check(SPAN("x; boundary=\"aZ09'()+_,-./:=? !\""), SPAN("--b--"),
	      SPAN(NO_BOUNDARY), __LINE__);
	check(SPAN("x; boundary=\"aZ09'()+_,-./:=? =\""),
	      SPAN("--aZ09'()+_,-./:=? =\r\n" NAMED(
		      "a") "\r\n1\r\n--aZ09'()+_,-./:=? =--"),
	      SPAN("[a=1]"), __LINE__);
	for (len = 69; len <= 71; len++) {
		buf_addf(&type, "x; boundary=%0*d", len, 0);
		buf_addf(&body, "--%0*d--", len, 0);
		check(buf_span(&type), buf_span(&body),
		      len <= 70 ? SPAN("") : SPAN(NO_BOUNDARY), __LINE__);
		buf_clear(&type);
		buf_clear(&body);
	}
	buf_release(&type);
	buf_release(&body);
}

TEST(there_is_room_for_32_parts_and_no_more)
{
	struct form form = FORM_INIT;
	struct buf body = BUF_INIT;
	const char *why = NULL;
	int count, i;

	for (count = 32; count <= 33; count++) {
		buf_clear(&body);
		for (i = 0; i < count; i++)
			buf_add_str(&body, A "1\r\n");
		buf_add_str(&body, "--b--");
		assert_int_equal(multipart_parse(&form, SPAN(TYPE),
						 buf_span(&body), &why),
				 count == 32 ? 0 : -1);
		form_release(&form);
	}
	assert_string_equal(why, "too many fields");
	buf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_of_browsers_are_read),
		cmocka_unit_test(values_end_right_before_the_boundary_s_line),
		cmocka_unit_test(preamble_and_epilogue_are_skipped),
		cmocka_unit_test(blanks_may_follow_a_boundary_and_nothing_else),
		cmocka_unit_test(a_body_that_is_cut_is_refused_everywhere),
		cmocka_unit_test(names_are_tokens_or_quoted),
		cmocka_unit_test(the_disposition_is_form_data_and_comes_once),
		cmocka_unit_test(headers_are_names_with_colons),
		cmocka_unit_test(
			a_transfer_encoding_that_changes_nothing_is_ignored),
		cmocka_unit_test(the_boundary_is_found_among_the_parameters),
		cmocka_unit_test(
			a_boundary_has_up_to_70_characters_of_many_kinds),
		cmocka_unit_test(there_is_room_for_32_parts_and_no_more),
	};

	return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
