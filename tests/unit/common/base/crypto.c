/* SPDX-License-Identifier: MIT
 *
 * common/base/crypto: published vectors (FIPS 180-4, RFC 1321, RFC
 * 4231, RFC 4648, RFC 6455).
 */
#include "common/base/crypto.h"

#include "tests/unit/unit.h"

static void expect_sha1(struct span s, const char *want)
{
	uint8_t out[CRYPTO_SHA1_BYTES];
	struct buf hex = BUF_INIT;

	crypto_sha1(s, out);
	crypto_add_hex(&hex, out, sizeof(out));
	assert_span(buf_span(&hex), span_str(want));
	buf_release(&hex);
}

static void expect_sha256(struct span s, const char *want)
{
	uint8_t out[CRYPTO_SHA256_BYTES];
	struct buf hex = BUF_INIT;

	crypto_sha256(s, out);
	crypto_add_hex(&hex, out, sizeof(out));
	assert_span(buf_span(&hex), span_str(want));
	buf_release(&hex);
}

TEST(md5_gives_the_published_digests)
{
	uint8_t out[CRYPTO_MD5_BYTES];
	struct buf hex = BUF_INIT;

	crypto_md5(SPAN(""), out);
	crypto_add_hex(&hex, out, sizeof(out));
	assert_buf(&hex, "d41d8cd98f00b204e9800998ecf8427e");
	crypto_md5(SPAN("abc"), out);
	crypto_add_hex(&hex, out, sizeof(out));
	assert_buf(&hex, "900150983cd24fb0d6963f7d28e17f72");
	buf_release(&hex);
}

TEST(hmac_sha256_gives_the_published_codes)
{
	uint8_t out[CRYPTO_SHA256_BYTES];
	struct buf hex = BUF_INIT;

	crypto_hmac_sha256(SPAN("Jefe"), SPAN("what do ya want for nothing?"),
			   out);
	crypto_add_hex(&hex, out, sizeof(out));
	assert_buf(&hex, "5bdcc146bf60754e6a042426089575c7"
			 "5a003f089d2739839dec58b964ec3843");
	buf_release(&hex);
}

TEST(only_identical_bytes_are_equal)
{
	assert_true(crypto_equal(SPAN("abc"), SPAN("abc")));
	assert_true(crypto_equal(SPAN(""), SPAN("")));
	assert_false(crypto_equal(SPAN("abc"), SPAN("abd")));
	assert_false(crypto_equal(SPAN("abc"), SPAN("ab")));
	assert_false(crypto_equal(span_of(NULL, 0), span_of(NULL, 0)));
	assert_false(crypto_equal(span_of(NULL, 0), SPAN("")));
}

TEST(sha1_gives_the_published_digests)
{
	expect_sha1(SPAN(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	expect_sha1(span_of(NULL, 0),
		    "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	expect_sha1(SPAN("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
	expect_sha1(SPAN("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnop"
			 "nopq"),
		    "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST(sha256_gives_the_published_digests)
{
	struct buf million = BUF_INIT;

	expect_sha256(SPAN(""), "e3b0c44298fc1c149afbf4c8996fb924"
				"27ae41e4649b934ca495991b7852b855");
	expect_sha256(SPAN("abc"), "ba7816bf8f01cfea414140de5dae2223"
				   "b00361a396177a9cb410ff61f20015ad");
	memset(buf_reserve(&million, 1000000), 'a', 1000000);
	million.len = 1000000;
	expect_sha256(buf_span(&million), "cdc76e5c9914fb9281a1c7e284d73e67"
					  "f1809a48a497200e046d39ccc7112cd0");
	buf_release(&million);
}

TEST(a_digest_covers_nul_and_ends_at_the_length)
{
	uint8_t whole[CRYPTO_SHA256_BYTES], part[CRYPTO_SHA256_BYTES];

	crypto_sha256(SPAN("a\0b"), whole);
	crypto_sha256(span_of("a\0b", 1), part);
	assert_memory_not_equal(whole, part, sizeof(whole));
	crypto_sha256(span_of("abcd", 3), whole);
	crypto_sha256(SPAN("abc"), part);
	assert_memory_equal(whole, part, sizeof(whole));
}

TEST(base64_gives_the_published_strings)
{
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+" },
	};
	struct buf buf = BUF_INIT;
	size_t i;

	for (i = 0; i < COUNT(vectors); i++) {
		buf_add_str(&buf, "<");
		crypto_add_base64(&buf, vectors[i][0], strlen(vectors[i][0]));
		buf_drop(&buf, 1);
		assert_span(span_of(buf.data, buf.len),
			    span_str(vectors[i][1]));
		buf_clear(&buf);
	}
	buf_release(&buf);
}

TEST(base64_has_no_line_breaks_and_fits_the_reserved_room)
{
	uint8_t zeros[300] = { 0 };
	size_t len, i;

	for (len = 0; len < sizeof(zeros); len++) {
		struct buf buf = BUF_INIT;

		crypto_add_base64(&buf, zeros, len);
		assert_int_equal(buf.len, (len + 2) / 3 * 4);
		for (i = 0; i < buf.len; i++)
			if (buf.data[i] != 'A' && buf.data[i] != '=')
				fail_msg("byte %zu of %zu", i, len);
		buf_release(&buf);
	}
}

/* The example of RFC 6455 § 1.3, which relay computes like this. */
TEST(the_websocket_accept_key_is_that_of_the_rfc)
{
	uint8_t digest[CRYPTO_SHA1_BYTES];
	struct buf buf = BUF_INIT;

	crypto_sha1(SPAN("dGhlIHNhbXBsZSBub25jZQ=="
			 "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"),
		    digest);
	crypto_add_base64(&buf, digest, sizeof(digest));
	assert_buf(&buf, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	buf_release(&buf);
}

TEST(random_bytes_fill_all_of_the_block_and_differ)
{
	uint8_t a[1024] = { 0 }, b[1024] = { 0 };
	size_t i, zeros = 0;

	crypto_random(a, sizeof(a));
	crypto_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	/* 4 are expected; 40 are practically impossible */
	for (i = 0; i < sizeof(a); i++)
		zeros += a[i] == 0;
	assert_true(zeros < 40);
	crypto_random(a, 0);
	assert_true(crypto_random_u32() != crypto_random_u32() ||
		    crypto_random_u32() != crypto_random_u32());
}

TEST(only_canonical_base64_is_parsed)
{
	uint8_t out[3];

	assert_int_equal(crypto_parse_base64(SPAN("Zm9v"), out, 3), 0);
	assert_memory_equal(out, "foo", 3);
	assert_int_equal(crypto_parse_base64(SPAN("Zm8="), out, 2), 0);
	assert_memory_equal(out, "fo", 2);
	assert_int_equal(crypto_parse_base64(SPAN("Zm8="), out, 3), -1);
	assert_int_equal(crypto_parse_base64(SPAN("Zm9"), out, 2), -1);
	assert_int_equal(crypto_parse_base64(SPAN("Zm9="), out, 2), -1);
	assert_int_equal(crypto_parse_base64(SPAN("Zm9\n"), out, 2), -1);
	assert_int_equal(crypto_parse_base64(SPAN(""), out, 3), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(md5_gives_the_published_digests),
		cmocka_unit_test(hmac_sha256_gives_the_published_codes),
		cmocka_unit_test(only_identical_bytes_are_equal),
		cmocka_unit_test(only_canonical_base64_is_parsed),
		cmocka_unit_test(sha1_gives_the_published_digests),
		cmocka_unit_test(sha256_gives_the_published_digests),
		cmocka_unit_test(a_digest_covers_nul_and_ends_at_the_length),
		cmocka_unit_test(base64_gives_the_published_strings),
		cmocka_unit_test(
			base64_has_no_line_breaks_and_fits_the_reserved_room),
		cmocka_unit_test(the_websocket_accept_key_is_that_of_the_rfc),
		cmocka_unit_test(random_bytes_fill_all_of_the_block_and_differ),
	};

	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
