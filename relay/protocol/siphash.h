/* SPDX-License-Identifier: MIT
 *
 * SipHash-2-4 (Aumasson, Bernstein 2012): a hash that a peer who does not know
 * the key can't make collide. For tables whose keys peers choose. Pure.
 *
 * libcrypto has it too, behind a context that is made and fetched for every
 * call, at some fifty times the cost of hashing a channel's name.
 */
#ifndef RELAY_PROTOCOL_SIPHASH_H
#define RELAY_PROTOCOL_SIPHASH_H

#include <stdint.h>

#include "common/base/span.h"

uint64_t siphash(struct span s, const uint64_t key[2]);

#endif
