/* SPDX-License-Identifier: MIT
 *
 * Hashes and randomness, from libcrypto and the kernel.
 */
#ifndef COMMON_CRYPTO_H
#define COMMON_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define CRYPTO_SHA1_BYTES 20
#define CRYPTO_SHA256_BYTES 32

void crypto_sha1(struct span s, uint8_t out[CRYPTO_SHA1_BYTES]);
void crypto_sha256(struct span s, uint8_t out[CRYPTO_SHA256_BYTES]);

/* Adds s in base64 (RFC 4648 § 4, padded). */
void crypto_add_base64(struct buf *buf, const void *ptr, size_t len);

/* Unpredictable bytes; never fails. */
void crypto_random(void *ptr, size_t len);
uint32_t crypto_random_u32(void);

#endif
