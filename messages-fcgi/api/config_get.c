/* SPDX-License-Identifier: MIT
 *
 * The settings of the page.
 */
#include "messages-fcgi/api/config_get.h"

#include "common/base/json.h"
#include "common/config/channel_name.h"

void config_get(const struct call *call)
{
	static const struct response_head head = { .status = 200,
						   .type = "application/json",
						   .cache = "no-cache" };
	struct buf body = BUF_INIT;

	buf_add_str(&body, "{\"key\":");
	json_add_string(&body, span_str(call->context->page->key));
	buf_add_str(&body, ",\"channel\":");
	json_add_string(&body, span_str(CHANNEL_NAME_DEFAULT));
	buf_add_char(&body, '}');
	response_send(call->response, &head, buf_span(&body));
	buf_release(&body);
}
