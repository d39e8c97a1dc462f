/* SPDX-License-Identifier: MIT
 *
 * One committer for each app that needs one.
 */
#include "messages-fcgi/log/committers.h"

#include <stdlib.h>

#include "common/base/alloc.h"

struct committer **committers_new(const struct apps *apps,
				  struct store_server *database,
				  struct publisher *publisher,
				  struct tail_cache *tails,
				  struct committer_options options)
{
	struct committer **committers =
		xcalloc(apps->count, sizeof(struct committer *));
	size_t i;

	for (i = 0; i < apps->count; i++) {
		options.app = apps->all[i].id;
		options.number = i;
		if (i == 0 || app_has_history(&apps->all[i]))
			committers[i] = committer_new(database, publisher,
						      tails, &options);
	}
	return committers;
}

void committers_free(struct committer **committers, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (committers[i] != NULL)
			committer_free(committers[i]);
	free(committers);
}
