/* SPDX-License-Identifier: MIT
 *
 * make writes roster.lua as a C string to roster_lua.h.
 */
#include "common/wire/roster_script.h"

#include "common/base/crypto.h"

static const char script[] =
#include "common/wire/roster_lua.h"
	;

struct span roster_script(void)
{
	return span_of(script, sizeof(script) - 1);
}

void roster_script_add_sha(struct buf *buf)
{
	uint8_t digest[CRYPTO_SHA1_BYTES];

	crypto_sha1(roster_script(), digest);
	crypto_add_hex(buf, digest, sizeof(digest));
}
