/* SPDX-License-Identifier: MIT
 *
 * Compiled in the build for tests/chaos only.
 */
#include "common/base/chaos.h"

#ifdef PUSHLOG_CHAOS

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool chaos_is(const char *name)
{
	const char *list = getenv("PUSHLOG_CHAOS");
	size_t len = strlen(name);

	while (list != NULL && *list != '\0') {
		size_t word = strcspn(list, " ");

		if (word == len && memcmp(list, name, len) == 0)
			return true;
		list += word + (list[word] != '\0');
	}
	return false;
}

void chaos_point(const char *name)
{
	/* time for other threads to finish the work they got before this */
	const struct timespec while_others_work = { 0, 50 * 1000000 };
	const char *folder = getenv("PUSHLOG_CHAOS_POINTS");
	char path[256];

	if (folder == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (unlink(path) == -1)
		return;
	nanosleep(&while_others_work, NULL);
	kill(getpid(), SIGKILL);
}

#endif
