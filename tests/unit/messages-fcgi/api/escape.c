/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/api/escape: exactly five characters change.
 */
#include "messages-fcgi/api/escape.h"

#include "tests/unit/unit.h"

static void check(struct span s, struct span want, int line)
{
	struct span box = boxed(s);
	struct buf buf = BUF_INIT;

	escape_add(&buf, box);
	check_buf(&buf, want, __FILE__, line);
	unbox(box);
	buf_release(&buf);
}

#define expect(literal, want) check(SPAN(literal), SPAN(want), __LINE__)

TEST(the_five_characters_of_html_become_entities)
{
	expect("&", "&amp;");
	expect("<", "&lt;");
	expect(">", "&gt;");
	expect("\"", "&quot;");
	expect("'", "&#39;");
	expect("<a href=\"x\" id='y'>&</a>",
	       "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
	/* what is escaped already is text like any other */
	expect("&amp;&lt;", "&amp;amp;&amp;lt;");
	expect("&&", "&amp;&amp;");
	expect("a&", "a&amp;");
	expect("&a", "&amp;a");
}

TEST(every_other_byte_stands_for_itself)
{
	struct buf buf = BUF_INIT;
	int c;

	for (c = 0; c < 256; c++) {
		char in[3] = { 'x', (char)c, 'y' };

		if (c != 0 && strchr("&<>\"'", c) != NULL)
			continue;
		check(span_of(in, 3), span_of(in, 3), __LINE__);
	}
	expect("", "");
	expect("caf\xc3\xa9 `/=\\\n", "caf\xc3\xa9 `/=\\\n");
	/* nothing is no text either */
	escape_add(&buf, span_of(NULL, 0));
	assert_int_equal(buf.len, 0);
	buf_release(&buf);
}

TEST(escaped_text_is_appended)
{
	struct buf buf = BUF_INIT;

	buf_add_str(&buf, "<");
	escape_add(&buf, SPAN("<"));
	escape_add(&buf, SPAN("x"));
	assert_buf(&buf, "<&lt;x");
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_five_characters_of_html_become_entities),
		cmocka_unit_test(every_other_byte_stands_for_itself),
		cmocka_unit_test(escaped_text_is_appended),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
