/* SPDX-License-Identifier: MIT
 *
 * Knows the type of a record and where the next one begins. FastCGI 1.0 § 3.3:
 * version, type, id (2), length of content (2), of padding, reserved.
 */
#include "messages-fcgi/server/fcgi_record.h"

#include <stdint.h>

#define HEADER_BYTES 8
#define TYPE_STDIN 5

bool fcgi_record_stream_is_complete(struct span bytes)
{
	while (bytes.len >= HEADER_BYTES) {
		const uint8_t *header = (const uint8_t *)bytes.ptr;
		size_t content = (size_t)header[4] << 8 | header[5];
		size_t record = HEADER_BYTES + content + header[6];

		if (record > bytes.len)
			return false;
		/* the end of a body, also of one that is empty */
		if (header[1] == TYPE_STDIN && content == 0)
			return true;
		bytes = span_of(bytes.ptr + record, bytes.len - record);
	}
	return false;
}
