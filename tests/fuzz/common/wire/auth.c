/* SPDX-License-Identifier: MIT
 *
 * common/wire/auth: arbitrary bytes are no valid signature or grant, and a
 * grant for any user is valid until it expires.
 */
#include "common/wire/auth.h"

#include "tests/fuzz/fuzz.h"

#define NOW 1353088179
#define USER_MAX_BYTES 512

static char id[] = "1", key[] = "key", secret[] = "a secret of sixteen";
static const struct app app = { .id = id, .key = key, .secret = secret };

static void check_refused(struct span s)
{
	struct span channel = span_str("private-a");
	struct span socket_id = span_str("1.2");

	MUST(!auth_check_grant(&app, channel, s, 0));
	MUST(!auth_check_channel(&app, s, socket_id, channel, s));
	MUST(!auth_check_user(&app, s, socket_id, s));
}

static void check_granted(struct span user)
{
	struct span channel = span_str("private-a");
	struct buf grant = BUF_INIT;

	auth_add_grant(&grant, &app, channel, user, NOW);
	MUST(auth_check_grant(&app, channel, buf_span(&grant), NOW - 1) ==
	     (user.len <= USER_MAX_BYTES));
	MUST(!auth_check_grant(&app, channel, buf_span(&grant), NOW));
	MUST(!auth_check_grant(&app, span_str("private-b"), buf_span(&grant),
			       NOW - 1));
	buf_release(&grant);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of((const char *)data, size);

	check_refused(s);
	check_granted(s);
	return 0;
}
