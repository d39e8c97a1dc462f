/* SPDX-License-Identifier: MIT
 *
 * Compression of messages, RFC 7692. Each message stands for itself, no context
 * is taken over: so one state serves all connections of a worker, and what many
 * are sent is compressed once. Pure.
 */
#ifndef RELAY_PROTOCOL_PACKER_H
#define RELAY_PROTOCOL_PACKER_H

#include "relay/protocol/frame.h"

/* A smaller message saves less than the packet around it weighs. */
#define PACKER_MIN_BYTES 256

struct packer;

struct packer *packer_new(void);
void packer_free(struct packer *packer);

/* What to send in the place of frame to who negotiated compression: its twin,
 * made once; or frame itself, if it is no text message, or a small or secret
 * one, or gets no smaller. Borrowed from frame. */
struct frame *packer_pack(struct packer *packer, struct frame *frame);

/* Takes a WS_PACKED for what it is: WS_TEXT, whose payload is good until the
 * next call; or WS_BAD. No more than max bytes are ever unpacked. */
enum ws_result packer_unpack(struct packer *packer, struct ws_item *item,
			     size_t max);

#endif
