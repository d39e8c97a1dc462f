/* SPDX-License-Identifier: MIT
 *
 * Shared memory without a name.
 */
#include "relay/process/pulse.h"

#include <sys/mman.h>

#include "common/base/log.h"

struct pulse *pulse_new(size_t count)
{
	void *pulses =
		mmap(NULL, count * sizeof(struct pulse), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (pulses == MAP_FAILED)
		fatal("cannot share memory with workers");
	return pulses;
}

void pulse_free(struct pulse *pulses, size_t count)
{
	munmap(pulses, count * sizeof(*pulses));
}

void pulse_beat(struct pulse *pulse, bool is_ready)
{
	atomic_fetch_add(&pulse->beats, 1);
	atomic_store(&pulse->is_ready, is_ready);
}

void pulse_clear(struct pulse *pulse)
{
	atomic_store(&pulse->beats, 0);
	atomic_store(&pulse->is_ready, false);
}
