/* SPDX-License-Identifier: MIT
 *
 * A row of the log as the JSON that its readers get. Pure.
 */
#ifndef MESSAGES_FCGI_LOG_ROW_JSON_H
#define MESSAGES_FCGI_LOG_ROW_JSON_H

#include "common/wire/event.h"

/* Adds a chat message as the answer to its post shows it, and any other event
 * with its name and data as they were pushed. */
void row_json_add(struct buf *buf, const struct event *event);

#endif
