/* SPDX-License-Identifier: MIT
 *
 * libcrypto, behind the few calls that are needed.
 */
#include "common/crypto.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include "common/log.h"

static void digest(const EVP_MD *md, struct span s, uint8_t *out)
{
	if (EVP_Digest(s.ptr, s.len, out, NULL, md, NULL) != 1)
		fatalx("libcrypto refuses '%s'", EVP_MD_get0_name(md));
}

void crypto_sha1(struct span s, uint8_t out[CRYPTO_SHA1_BYTES])
{
	digest(EVP_sha1(), s, out);
}

void crypto_sha256(struct span s, uint8_t out[CRYPTO_SHA256_BYTES])
{
	digest(EVP_sha256(), s, out);
}

void crypto_add_base64(struct buf *buf, const void *ptr, size_t len)
{
	/* EVP_EncodeBlock adds a NUL, which is not counted */
	char *at = buf_reserve(buf, (len + 2) / 3 * 4 + 1);

	buf->len += (size_t)EVP_EncodeBlock((unsigned char *)at, ptr, (int)len);
}

void crypto_random(void *ptr, size_t len)
{
	uint8_t *at = ptr;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			fatal("no randomness from the kernel");
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
