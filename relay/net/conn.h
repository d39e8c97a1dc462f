/* SPDX-License-Identifier: MIT
 *
 * The connection of one peer: its socket, the handshake, frames in and frames
 * out. Knows nothing of channels or of what messages mean.
 *
 * A conn is embedded in its owner, which receives the callbacks. conn_close
 * only marks a conn. It ends at the end of the turn, when no stack frame refers
 * to it, and is freed then, or once the peer has answered the Close frame.
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
	/* The handshake is done: messages may go both ways. */
	void (*on_open)(struct conn *conn);
	/* A text message, borrowed. */
	void (*on_text)(struct conn *conn, struct span text);
	/* The peer was silent for conf.idle_s: send it a ping. */
	void (*on_idle)(struct conn *conn);
	/* The conn ends: leave every channel. Called after on_open only, at the
	 * end of the turn in which conn_close was called or the peer left. */
	void (*on_close)(struct conn *conn);
	/* Nothing refers to the conn any more. */
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
	int64_t queue_max_bytes; /* limit of a queue that does not drain */
	int64_t window_ms; /* a peer gets events once in it; 0: no window */
	size_t message_max_bytes; /* limit of one message from a peer */
	int64_t may_pack;   /* 1: accept compression if the peer offers it */
	bool trust_real_ip; /* only a proxy can connect: use X-Real-IP */
};

/* Each state is also the list of conn_common that holds the conn, in order
 * of since_s: the first conn of a list is the first to time out. */
enum conn_state {
	CONN_HANDSHAKE = 0, /* the request has not come completely */
	CONN_OPEN,
	CONN_PINGED,  /* open, but silent: on_idle was called */
	CONN_DOOMED,  /* closed by us in this turn; takes no more */
	CONN_CLOSING, /* the Close frame is queued; waits for the peer */
	CONN_DEAD,    /* to be freed at the end of this turn */
};

#define CONN_STATES (CONN_DEAD + 1)

/* Incomplete input: the start of a frame, and of a message. */
struct conn_input {
	struct buf rest;
	struct ws ws;
};

/* Conns with work to do, each listed once. */
struct conn_pile {
	struct conn **all; /* all[0 .. count) */
	size_t count, cap;
};

/* Limit of one read, and so of one peer's share of a turn. */
#define CONN_READ_BYTES 65536

/* State that the conns of one worker share. Owned by their conn_set, which
 * works through the lists and piles at the end of a turn. */
struct conn_common {
	struct loop *loop;
	struct conn_conf conf;
	const struct conn_ops *ops;
	struct list lists[CONN_STATES];
	struct conn_pile dirty;    /* conns with is_dirty */
	struct conn_pile held;     /* conns with is_held, all open */
	struct send_window window; /* the held conns wait for its end */
	size_t count;              /* of all */
	uint32_t last_id;
	struct log_throttle throttles[CLOSE_CAUSES_MAX];
	struct conn_input input;  /* for a conn without its own; empty */
	struct deflate *deflater; /* NULL: nothing is compressed */
	struct peak peak;         /* of the longest queue, in bytes */
	char scratch[CONN_READ_BYTES];
};

/* The fields that each delivery uses come first, to share cache lines. */
struct conn {
	struct conn_common *common;
	struct loop_watch watch;
	struct outbuf out;
	uint32_t window;        /* in which events were last sent */
	uint32_t full_since_s;  /* the queue is above its limit; 0: it is not */
	uint8_t state;          /* enum conn_state */
	bool is_dirty : 1;      /* something to send at the turn's end */
	bool is_held : 1;       /* same, at the window's end */
	bool is_gone : 1;       /* the peer left: nothing can be sent */
	bool is_websocket : 1;  /* the handshake is done */
	bool is_packing : 1;    /* compression was negotiated */
	bool is_silent : 1;     /* ignores input: the peer closed or erred */
	uint32_t counted_bytes; /* of the queue, in stats */
	const struct close_cause *cause; /* once doomed */
	struct list link;
	struct conn_input *input; /* NULL: nothing has come in part */
	uint32_t id;              /* for the log */
	uint32_t since_s, opened_s;
	struct peer_address address;
};

/* Queues a frame to be sent at the end of the turn; no-op on a conn that ends.
 * May close the conn, if its queue is above its limit. */
void conn_send(struct conn *conn, struct frame *frame);

/* As conn_send, for events, which are frequent and have many receivers: a peer
 * that got events less than conf.window_ms ago gets this frame at the end of
 * the window, together with all others that arrive until then. */
void conn_deliver(struct conn *conn, struct frame *frame);

/* The only way to end a conn. cause is static. No-op on a conn that already
 * ends. */
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

/* Sets the state and moves the conn to the list of that state. */
void conn_enter(struct conn *conn, enum conn_state state);

/* Ends a doomed conn: calls on_close, if on_open was called, and queues the
 * Close frame. */
void conn_settle(struct conn *conn);

/* Makes a held conn dirty. */
void conn_release(struct conn *conn);

/* Sends queued frames until the kernel takes no more. May find that the peer
 * is gone. */
void conn_flush(struct conn *conn);

/* Closes the socket and hands the conn back to its owner. */
void conn_bury(struct conn *conn);

static inline uint32_t conn_now_s(const struct conn_common *common)
{
	return (uint32_t)(loop_now_ms(common->loop) / 1000);
}

#endif
