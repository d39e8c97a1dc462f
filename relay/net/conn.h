/* SPDX-License-Identifier: MIT
 *
 * The connection of one peer: its socket, the handshake, frames in and frames
 * out. Knows nothing of channels or of what messages mean.
 *
 * A conn is embedded in its owner, who is called back; nothing is ever freed
 * while it may be on somebody's stack: conn_close only marks, the rest is done
 * at the end of the turn.
 */
#ifndef RELAY_NET_CONN_H
#define RELAY_NET_CONN_H

#include <stdbool.h>

#include "relay/list.h"
#include "relay/net/log_throttle.h"
#include "relay/net/loop.h"
#include "relay/net/outbuf.h"
#include "relay/net/peak.h"
#include "relay/net/peer_address.h"
#include "relay/net/send_window.h"
#include "relay/protocol/close_cause.h"
#include "relay/protocol/deflate.h"
#include "relay/protocol/frame.h"
#include "relay/protocol/http_upgrade.h"

struct conn;

struct conn_ops {
	/* The handshake: 0 to accept it, else the HTTP status to refuse
	 * with. Nothing may be sent yet. */
	int (*on_request)(struct conn *conn,
			  const struct http_upgrade *request);
	/* It was accepted: from here on messages go both ways. */
	void (*on_open)(struct conn *conn);
	/* A text message, borrowed. */
	void (*on_text)(struct conn *conn, struct span text);
	/* Nothing came from the peer for conf.idle_s: ask it. */
	void (*on_idle)(struct conn *conn);
	/* It ends: leave every channel. At the end of the turn in which
	 * conn_close was called or the peer went. */
	void (*on_close)(struct conn *conn);
	/* Nothing refers to it any more. */
	void (*free)(struct conn *conn);
};

/* The causes of the closes that a conn decides on its own. */
struct conn_causes {
	const struct close_cause *peer; /* the peer closed, or is gone */
	const struct close_cause *bad_handshake;
	const struct close_cause *handshake_timeout;
	const struct close_cause *bad_frame;
	const struct close_cause *binary;
	const struct close_cause *bad_utf8;
	const struct close_cause *too_large;
	const struct close_cause *slow; /* does not read its queue */
	const struct close_cause *pong_missing;
};

struct conn_conf {
	const struct conn_causes *causes; /* static */
	int64_t idle_s;                   /* of silence before on_idle */
	int64_t pong_s; /* of silence after it before the conn is closed */
	size_t queue_max_bytes; /* that may wait to be sent for long */
	int64_t window_us; /* in which a peer gets events once; 0: no such */
	size_t message_max_bytes; /* that a peer may send as one message */
	bool may_pack;      /* compression is negotiated with who offers it */
	bool trust_real_ip; /* only a proxy can connect: X-Real-IP is true */
};

/* Each state is also the list of conn_common that holds the conn, ordered by
 * since_s, so that timing out is looking at the first. */
enum conn_state {
	CONN_HANDSHAKE = 0, /* the request has not come completely */
	CONN_OPEN,
	CONN_PINGED,  /* open, but silent: on_idle was called */
	CONN_DOOMED,  /* closed by us in this turn; takes no more */
	CONN_CLOSING, /* the Close frame is queued; waits for the peer */
	CONN_DEAD,    /* to be freed at the end of this turn */
};

#define CONN_STATES (CONN_DEAD + 1)

/* What has not come completely: the start of a frame, and of a message. */
struct conn_input {
	struct buf rest;
	struct ws ws;
};

/* Conns that something is to be done with, each of them once. */
struct conn_pile {
	struct conn **all; /* all[0 .. count) */
	size_t count, cap;
};

/* Read at once, and so processed at once for one peer. */
#define CONN_READ_BYTES 65536

/* What the conns of one worker have in common. Owned by their set, which does
 * with the lists and the pile what is to be done at the end of a turn. */
struct conn_common {
	struct loop *loop;
	struct conn_conf conf;
	const struct conn_ops *ops;
	struct list lists[CONN_STATES];
	struct conn_pile dirty;    /* those with is_dirty */
	struct conn_pile held;     /* those with is_held, all of them open */
	struct send_window window; /* for whose end they wait */
	size_t count;              /* of all */
	uint32_t last_id;
	struct log_throttle throttles[CLOSE_CAUSES_MAX];
	struct conn_input input;  /* of who receives and has none; empty */
	struct deflate *deflater; /* NULL: nothing is compressed */
	struct peak peak;         /* of the longest queue, in bytes */
	char scratch[CONN_READ_BYTES];
};

/* What is used for each delivery stands first, together. */
struct conn {
	struct conn_common *common;
	struct loop_watch watch;
	struct outbuf out;
	uint32_t window;       /* in which events were last sent */
	uint32_t full_since_s; /* the queue is above its limit; 0: it is not */
	uint8_t state;         /* enum conn_state */
	bool is_dirty : 1;     /* has something to send at the turn's end */
	bool is_held : 1;      /* has, at the end of the window */
	bool is_gone : 1;      /* the peer is: nothing can be sent any more */
	bool is_websocket : 1; /* the handshake is done */
	bool is_packing : 1;   /* compression was negotiated */
	bool is_silent : 1;    /* its Close frame came, or what can't be read */
	uint32_t counted_bytes;          /* of the queue, in stats */
	const struct close_cause *cause; /* once doomed */
	struct list link;
	struct conn_input *input; /* NULL: nothing has come in part */
	uint32_t id;              /* for the log */
	uint32_t since_s, opened_s;
	struct peer_address address;
};

/* Queues a frame, which goes out at the end of the turn; no-op on a conn that
 * ends. May close the conn, if its queue is full. */
void conn_send(struct conn *conn, struct frame *frame);

/* As conn_send, for what comes often and for many: a peer that was sent such
 * less than conf.window_us ago gets it when that is over, together with what
 * comes until then. */
void conn_deliver(struct conn *conn, struct frame *frame);

/* The only way to end a conn. cause is static. No-op on a conn that ends
 * already. */
void conn_close(struct conn *conn, const struct close_cause *cause);

/* Whether messages may still be sent. */
static inline bool conn_is_open(const struct conn *conn)
{
	return conn->state <= CONN_PINGED;
}

/* ---- for their set ---- */

/* Takes over fd, non-blocking and just accepted; address may be NULL. */
void conn_init(struct conn *conn, struct conn_common *common, int fd,
	       const struct sockaddr *address);

/* Moves it to another list. */
void conn_enter(struct conn *conn, enum conn_state state);

/* Lets a doomed one leave: its owner is told, its last words are queued. */
void conn_settle(struct conn *conn);

/* Makes one that is held dirty. */
void conn_release(struct conn *conn);

/* Sends what is queued, as far as the kernel takes it. May find that the peer
 * is gone. */
void conn_flush(struct conn *conn);

/* Closes the socket and hands the conn back to its owner. */
void conn_bury(struct conn *conn);

static inline uint32_t conn_now_s(const struct conn_common *common)
{
	return (uint32_t)(loop_now_ms(common->loop) / 1000);
}

#endif
