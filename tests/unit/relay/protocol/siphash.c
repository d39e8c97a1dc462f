/* SPDX-License-Identifier: MIT
 *
 * relay/siphash: the authors' test vectors, and a comparison with libcrypto.
 */
#include "relay/protocol/siphash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "tests/unit/unit.h"

/* The key is 00 01 … 0f, read as two little-endian numbers. */
static const uint64_t paper_key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

/* Hashes of the first 0 to 15 bytes of 00 01 02 …, from the authors' vectors.h.
 * Appendix A of the paper explains the last. */
static const uint64_t vectors[16] = {
	0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
	0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
	0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
	0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
	0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee,
	0xa129ca6149be45e5,
};

TEST(the_authors_vectors_are_reproduced)
{
	char bytes[COUNT(vectors)];
	size_t len;

	for (len = 0; len < COUNT(vectors); len++) {
		struct span s;

		bytes[len] = (char)len;
		s = boxed(span_of(bytes, len));
		assert_true(siphash(s, paper_key) == vectors[len]);
		unbox(s);
	}
}

static uint64_t libcrypto_siphash(EVP_MAC *mac, struct span s,
				  const uint64_t key[2])
{
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	unsigned int size = 8;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_SIZE, &size),
		OSSL_PARAM_construct_end(),
	};
	uint64_t hash = 0;
	size_t len;

	assert_int_equal(
		EVP_MAC_init(ctx, (const unsigned char *)key, 16, params), 1);
	assert_int_equal(
		EVP_MAC_update(ctx, (const unsigned char *)s.ptr, s.len), 1);
	assert_int_equal(
		EVP_MAC_final(ctx, (unsigned char *)&hash, &len, sizeof(hash)),
		1);
	assert_int_equal(len, sizeof(hash));
	EVP_MAC_CTX_free(ctx);
	return hash;
}

TEST(libcrypto_computes_the_same_hashes)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	char bytes[300];
	uint32_t random = 1;
	size_t len, i;

	assert_non_null(mac);
	for (len = 0; len <= sizeof(bytes); len++) {
		uint64_t key[2];

		for (i = 0; i < len; i++)
			bytes[i] = (char)random_next(&random);
		for (i = 0; i < 2; i++)
			key[i] = (uint64_t)random_next(&random) << 40 |
				 (uint64_t)random_next(&random) << 20 |
				 random_next(&random);
		assert_true(siphash(span_of(bytes, len), key) ==
			    libcrypto_siphash(mac, span_of(bytes, len), key));
	}
	EVP_MAC_free(mac);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_authors_vectors_are_reproduced),
		cmocka_unit_test(libcrypto_computes_the_same_hashes),
	};

	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
