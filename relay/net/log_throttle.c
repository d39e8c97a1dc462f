/* SPDX-License-Identifier: MIT
 *
 * Counts lines in one-second windows.
 */
#include "relay/net/log_throttle.h"

bool log_throttle_pass(struct log_throttle *throttle, uint32_t now_s,
		       uint32_t max, uint32_t *held_back)
{
	*held_back = 0;
	if (throttle->second != now_s) {
		*held_back = throttle->held_back;
		*throttle = (struct log_throttle){ .second = now_s };
	}
	if (throttle->passed == max) {
		throttle->held_back++;
		return false;
	}
	throttle->passed++;
	return true;
}
