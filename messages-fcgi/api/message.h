/* SPDX-License-Identifier: MIT
 *
 * Validates a posted chat message, and makes its stored form. Pure.
 */
#ifndef MESSAGES_FCGI_API_MESSAGE_H
#define MESSAGES_FCGI_API_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "messages-fcgi/http/form.h"
#include "messages-fcgi/http/problem.h"

#define MESSAGE_KEY_BYTES 16
#define MESSAGE_CLIENT_KEY_MAX 200

/* From the configuration. */
struct message_limits {
	const char *channels; /* for channel_name_is_durable */
	int64_t name_max_bytes, text_max_bytes;
};

/* channel and client_key are borrowed from the form or the header they came
 * in; name and text are escaped and lie in storage. */
struct message {
	struct span channel;
	struct span name, text;
	struct span client_key; /* absent: the client gave none */
	struct buf storage;
};

/* Fills *message from a form and the header Idempotency-Key, which is absent
 * or empty if there is none. 0, or -1 and *problem. The
 * caller calls message_release in both cases. */
int message_init(struct message *message, const struct form *form,
		 struct span key_header, const struct message_limits *limits,
		 struct problem *problem) MUST_CHECK;

void message_release(struct message *message);

/* The key of the stored message: made from the client's key, else from the web
 * server's id of the request, which stays the same when the web server repeats
 * the request to another process. False if there is neither. */
bool message_key(struct span client_key, struct span request_id,
		 uint8_t key[MESSAGE_KEY_BYTES]);

/* The largest request body that can hold a message within the limits, in the
 * longest of the three encodings, in bytes. */
size_t message_body_max_bytes(const struct message_limits *limits);

#endif
