/* SPDX-License-Identifier: MIT
 *
 * GET /config.json: see API.md.
 */
#ifndef MESSAGES_FCGI_API_CONFIG_GET_H
#define MESSAGES_FCGI_API_CONFIG_GET_H

#include "messages-fcgi/api/call.h"

void config_get(const struct call *call);

#endif
