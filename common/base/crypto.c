/* SPDX-License-Identifier: MIT
 *
 * Calls libcrypto.
 */
#include "common/base/crypto.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include "common/base/log.h"

static void hash_span(const EVP_MD *md, struct span s, uint8_t *out)
{
	if (EVP_Digest(s.ptr, s.len, out, NULL, md, NULL) != 1)
		fatalx("libcrypto refuses '%s'", EVP_MD_get0_name(md));
}

void crypto_md5(struct span s, uint8_t out[CRYPTO_MD5_BYTES])
{
	hash_span(EVP_md5(), s, out);
}

void crypto_sha1(struct span s, uint8_t out[CRYPTO_SHA1_BYTES])
{
	hash_span(EVP_sha1(), s, out);
}

void crypto_sha256(struct span s, uint8_t out[CRYPTO_SHA256_BYTES])
{
	hash_span(EVP_sha256(), s, out);
}

void crypto_hmac_sha256(struct span key, struct span s,
			uint8_t out[CRYPTO_SHA256_BYTES])
{
	if (HMAC(EVP_sha256(), key.ptr, (int)key.len,
		 (const unsigned char *)s.ptr, s.len, out, NULL) == NULL)
		fatalx("libcrypto refuses HMAC-SHA256");
}

bool crypto_equal(struct span a, struct span b)
{
	return a.ptr != NULL && b.ptr != NULL && a.len == b.len &&
	       CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}

void crypto_add_hex(struct buf *buf, const void *ptr, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = ptr;
	size_t i;

	for (i = 0; i < len; i++) {
		buf_add_char(buf, digits[bytes[i] >> 4]);
		buf_add_char(buf, digits[bytes[i] & 15]);
	}
}

void crypto_add_base64(struct buf *buf, const void *ptr, size_t len)
{
	/* one byte more for EVP_EncodeBlock's NUL, which buf->len does not
	 * count */
	char *at = buf_reserve(buf, (len + 2) / 3 * 4 + 1);

	buf->len += (size_t)EVP_EncodeBlock((unsigned char *)at, ptr, (int)len);
}

int crypto_parse_base64(struct span s, uint8_t *out, size_t len)
{
	/* EVP_DecodeBlock accepts blanks, so the result must encode to s; and
	 * it writes whole groups of three bytes */
	uint8_t bytes[CRYPTO_BASE64_MAX + 2];
	struct buf again = BUF_INIT;
	int result = -1;

	if (len > CRYPTO_BASE64_MAX || s.len != (len + 2) / 3 * 4 ||
	    EVP_DecodeBlock(bytes, (const unsigned char *)s.ptr, (int)s.len) ==
		    -1)
		return -1;
	crypto_add_base64(&again, bytes, len);
	if (span_equal(buf_span(&again), s)) {
		memcpy(out, bytes, len);
		result = 0;
	}
	buf_release(&again);
	return result;
}

void crypto_random(void *ptr, size_t len)
{
	uint8_t *at = ptr;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			fatal("cannot get random bytes from the kernel");
		at += n;
		len -= (size_t)n;
	}
}

uint32_t crypto_random_u32(void)
{
	uint32_t n;

	crypto_random(&n, sizeof(n));
	return n;
}
