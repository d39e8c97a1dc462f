/* SPDX-License-Identifier: MIT
 *
 * Hashes and randomness, from libcrypto and the kernel.
 */
#ifndef COMMON_BASE_CRYPTO_H
#define COMMON_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

#define CRYPTO_MD5_BYTES 16
#define CRYPTO_SHA1_BYTES 20
#define CRYPTO_SHA256_BYTES 32
/* Keys are what is parsed. */
#define CRYPTO_BASE64_MAX 64

/* MD5 tells that a body is the one that was signed; it protects nothing. */
void crypto_md5(struct span s, uint8_t out[CRYPTO_MD5_BYTES]);
void crypto_sha1(struct span s, uint8_t out[CRYPTO_SHA1_BYTES]);
void crypto_sha256(struct span s, uint8_t out[CRYPTO_SHA256_BYTES]);

void crypto_hmac_sha256(struct span key, struct span s,
			uint8_t out[CRYPTO_SHA256_BYTES]);

/* Whether both are the same, in a time that tells nothing but their lengths. */
bool crypto_equal(struct span a, struct span b);

/* Adds the bytes in lower-case hexadecimal. */
void crypto_add_hex(struct buf *buf, const void *ptr, size_t len);

/* Adds s in base64 (RFC 4648 § 4, padded). */
void crypto_add_base64(struct buf *buf, const void *ptr, size_t len);

/* Such a text of exactly len bytes, at most CRYPTO_BASE64_MAX; -1 if s is
 * anything else. */
int crypto_parse_base64(struct span s, uint8_t *out, size_t len) MUST_CHECK;

/* Unpredictable bytes; never fails. */
void crypto_random(void *ptr, size_t len);
uint32_t crypto_random_u32(void);

#endif
