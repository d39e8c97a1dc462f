/* SPDX-License-Identifier: MIT
 *
 * Hashes, base64 and random bytes, from libcrypto and the kernel.
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
/* Longest result of crypto_parse_base64: it parses keys. */
#define CRYPTO_BASE64_MAX 64

/* For the Pusher protocol, which signs the MD5 of a body; it is no protection
 * against forgery. */
void crypto_md5(struct span s, uint8_t out[CRYPTO_MD5_BYTES]);
void crypto_sha1(struct span s, uint8_t out[CRYPTO_SHA1_BYTES]);
void crypto_sha256(struct span s, uint8_t out[CRYPTO_SHA256_BYTES]);

void crypto_hmac_sha256(struct span key, struct span s,
			uint8_t out[CRYPTO_SHA256_BYTES]);

/* Whether both are present and equal. The time that this takes depends on the
 * lengths alone. */
bool crypto_equal(struct span a, struct span b);

/* Adds the bytes in lower-case hexadecimal. */
void crypto_add_hex(struct buf *buf, const void *ptr, size_t len);

/* Adds the bytes in base64 (RFC 4648 § 4), padded. */
void crypto_add_base64(struct buf *buf, const void *ptr, size_t len);

/* Decodes s into out. 0, or -1 if s is not padded base64 of exactly len bytes,
 * which is at most CRYPTO_BASE64_MAX. */
int crypto_parse_base64(struct span s, uint8_t *out, size_t len) MUST_CHECK;

/* Unpredictable bytes. Does not fail. */
void crypto_random(void *ptr, size_t len);
uint32_t crypto_random_u32(void);

#endif
