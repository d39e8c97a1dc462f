/* SPDX-License-Identifier: MIT
 *
 * common/base/text: agrees with iconv on valid UTF-8, and with strtoll on
 * numbers.
 */
#include "common/base/text.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

/* glibc converts to UTF-16, which has no code points above U+10FFFF. */
static bool iconv_takes(const uint8_t *data, size_t size)
{
	static iconv_t converter = (iconv_t)-1;
	char *in = (char *)(uintptr_t)data, *out = malloc(size * 4 + 4);
	char *at = out;
	size_t in_left = size, out_left = size * 4 + 4, result;

	if (converter == (iconv_t)-1)
		converter = iconv_open("UTF-16LE", "UTF-8");
	MUST(converter != (iconv_t)-1 && out != NULL);
	iconv(converter, NULL, NULL, NULL, NULL);
	result = iconv(converter, &in, &in_left, &at, &out_left);
	free(out);
	return result != (size_t)-1 && in_left == 0;
}

/* Whether s is plain digits and strtoll converts all of it, to *n. */
static bool strtoll_takes(struct span s, int64_t *n)
{
	char *copy = strndup(s.ptr, s.len), *end;
	bool is_plain = s.len > 0 && strlen(copy) == s.len &&
			strspn(copy + (copy[0] == '-'), "0123456789") ==
				s.len - (copy[0] == '-');

	errno = 0;
	*n = strtoll(copy, &end, 10);
	is_plain = is_plain && errno == 0 && end == copy + s.len &&
		   copy[s.len - 1] != '-';
	free(copy);
	return is_plain;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of((const char *)data, size);
	int64_t n = 0, want = 0;
	bool is_number = strtoll_takes(s, &want);

	MUST(text_is_utf8(s) == iconv_takes(data, size));
	MUST((text_parse_int(s, &n) == 0) == is_number);
	MUST(!is_number || n == want);
	return 0;
}
