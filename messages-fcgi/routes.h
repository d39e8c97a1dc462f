/* SPDX-License-Identifier: MIT
 *
 * The routes of the HTTP interface, one row each: method, path, handler. The
 * path is a pattern for path_pattern_match. The row is also the label of the
 * route's metrics. A handler of GET answers HEAD, too.
 *
 * api/route.c makes the table of handlers from it, and stats.c the labels. This
 * file includes nothing, so both may include it.
 */
#ifndef MESSAGES_FCGI_ROUTES_H
#define MESSAGES_FCGI_ROUTES_H

/* clang-format off */
#define ROUTES(ROW)                                                            \
	ROW(GET, "/messages", messages_get)                                    \
	ROW(POST, "/messages", messages_post)                                  \
	ROW(GET, "/config.json", config_get)                                   \
	ROW(POST, "/apps/*/events", events_post)                               \
	ROW(POST, "/apps/*/batch_events", events_post_batch)                   \
	ROW(GET, "/apps/*/channels/*/events", events_get)                      \
	ROW(GET, "/apps/*/channels", channels_get)                             \
	ROW(GET, "/apps/*/channels/*", channels_get_one)                       \
	ROW(GET, "/apps/*/channels/*/users", channels_get_users)               \
	ROW(POST, "/apps/*/users/**/terminate_connections",                    \
	    channels_terminate_user)                                           \
	ROW(POST, "/pusher/auth", auth_post_channel)                           \
	ROW(POST, "/pusher/user-auth", auth_post_user)
/* clang-format on */

#define ROUTES_COUNT_ROW(method, path, handler) +1

/* The number of rows. A request that matches no row counts as this number. */
#define ROUTES_COUNT (0 ROUTES(ROUTES_COUNT_ROW))

#endif
