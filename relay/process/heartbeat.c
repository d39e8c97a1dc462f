/* SPDX-License-Identifier: MIT
 *
 * Heartbeats in anonymous shared memory.
 */
#include "relay/process/heartbeat.h"

#include <sys/mman.h>

#include "common/base/log.h"

struct heartbeat *heartbeat_new(size_t count)
{
	void *heartbeats =
		mmap(NULL, count * sizeof(struct heartbeat),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (heartbeats == MAP_FAILED)
		fatal("cannot share memory with workers");
	return heartbeats;
}

void heartbeat_free(struct heartbeat *heartbeats, size_t count)
{
	munmap(heartbeats, count * sizeof(*heartbeats));
}

void heartbeat_beat(struct heartbeat *heartbeat, bool is_ready)
{
	atomic_fetch_add(&heartbeat->beats, 1);
	atomic_store(&heartbeat->is_ready, is_ready);
}

void heartbeat_clear(struct heartbeat *heartbeat)
{
	atomic_store(&heartbeat->beats, 0);
	atomic_store(&heartbeat->is_ready, false);
}
