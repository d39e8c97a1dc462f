/* SPDX-License-Identifier: MIT
 *
 * SipHash-2-4 (Aumasson, Bernstein 2012): a hash for tables whose keys peers
 * choose. A peer that does not know the secret key cannot force collisions.
 * Pure.
 *
 * libcrypto has SipHash too, but creates and fetches a context for every call,
 * at some fifty times the cost of hashing a channel's name.
 */
#ifndef RELAY_PROTOCOL_SIPHASH_H
#define RELAY_PROTOCOL_SIPHASH_H

#include <stdint.h>

#include "common/base/span.h"

uint64_t siphash(struct span s, const uint64_t key[2]);

#endif
