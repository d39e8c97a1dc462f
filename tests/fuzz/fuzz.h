/* SPDX-License-Identifier: MIT
 *
 * What a fuzz target is. The same source is linked with libFuzzer, which looks
 * for bytes that break it, and with replay.c, which feeds it the corpus as a
 * plain test.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property of the code under test. Unlike assert it can't be left out. */
#define MUST(property)                                                         \
	do {                                                                   \
		if (!(property)) {                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__,       \
				__LINE__, #property);                          \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
