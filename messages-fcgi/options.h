/* SPDX-License-Identifier: MIT
 *
 * The options that only messages-fcgi has.
 */
#ifndef MESSAGES_FCGI_OPTIONS_H
#define MESSAGES_FCGI_OPTIONS_H

#include "common/config/conf.h"
#include "messages-fcgi/api/message.h"
#include "messages-fcgi/log/committer.h"

/* The table fills the fields that have an option; main and
 * committers_new fill the others of limits and committer. */
struct options {
	char *auth;
	int64_t threads, readers;
	struct message_limits limits;
	struct committer_options committer;
	int64_t publish_buffer_bytes;
};

/* For conf_start. */
struct conf_group options_group(struct options *options);

#endif
