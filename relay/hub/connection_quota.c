/* SPDX-License-Identifier: MIT
 *
 * rows[worker * apps + app]. connection_quota_take counts first and then sums
 * up: so of several calls at once, none overlooks another.
 */
#include "relay/hub/connection_quota.h"

#include <assert.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "common/base/log.h"

static _Atomic int64_t *rows, *own;
static size_t worker_count, app_count;

void connection_quota_share(size_t workers, size_t apps)
{
	void *memory =
		mmap(NULL, workers * apps * sizeof(*rows),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fatal("cannot share memory with workers");
	rows = memory;
	worker_count = workers;
	app_count = apps;
}

void connection_quota_use(size_t worker)
{
	assert(worker < worker_count);
	own = &rows[worker * app_count];
}

void connection_quota_forget(size_t worker)
{
	size_t i;

	assert(worker < worker_count);
	for (i = 0; i < app_count; i++)
		atomic_store(&rows[worker * app_count + i], 0);
}

int connection_quota_take(size_t app, int64_t max)
{
	int64_t sum = 0;
	size_t i;

	assert(app < app_count);
	atomic_fetch_add(&own[app], 1);
	for (i = 0; i < worker_count; i++)
		sum += atomic_load(&rows[i * app_count + app]);
	if (sum <= max)
		return 0;
	connection_quota_give(app);
	return -1;
}

void connection_quota_give(size_t app)
{
	assert(app < app_count);
	atomic_fetch_sub(&own[app], 1);
}
