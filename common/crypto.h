/* SPDX-License-Identifier: MIT
 *
 * Hashes and randomness, from libcrypto and the kernel.
 */
#ifndef COMMON_CRYPTO_H
#define COMMON_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define CRYPTO_MD5_BYTES 16
#define CRYPTO_SHA1_BYTES 20
#define CRYPTO_SHA256_BYTES 32

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

/* Unpredictable bytes; never fails. */
void crypto_random(void *ptr, size_t len);
uint32_t crypto_random_u32(void);

#endif
