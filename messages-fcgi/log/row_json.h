/* SPDX-License-Identifier: MIT
 *
 * A row of the log as its readers get it. Pure.
 */
#ifndef MESSAGES_FCGI_LOG_ROW_JSON_H
#define MESSAGES_FCGI_LOG_ROW_JSON_H

#include "common/wire/event.h"

/* Adds a chat message as its poster got it, any other event with its name and
 * data, as they were pushed. */
void row_json_add(struct buf *buf, const struct event *event);

#endif
