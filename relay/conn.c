/* SPDX-License-Identifier: MIT
 *
 * Sockets of peers. Everything that is ready for one peer at the end of a turn
 * leaves in one system call.
 */
#include "relay/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "relay/peak.h"
#include "relay/stats.h"
#include "relay/throttle.h"

/* A peer that has not asked for anything by then is not a browser. */
#define HANDSHAKE_S 10
/* For a peer to read our Close frame and to answer. */
#define CLOSING_S 5
#define SWEEP_MS 1000
/* How long a peer's queue may be above its limit, */
#define SLOW_S 5
/* and how many times as long as the limit it may be at any time. */
#define QUEUE_BURST 16

/* Read at once, and so processed at once for one peer. */
#define READ_BYTES 65536
/* Frames handed to the kernel at once. */
#define IOV_COUNT 64

/* Lines a second on closes of one cause; the rest is counted. */
#define CLOSE_LINES_MAX 10

struct conn_set {
	struct loop *loop;
	struct conn_conf conf;
	const struct conn_ops *ops;
	struct list lists[CONN_STATES];
	size_t count;
	uint32_t next_id;
	struct conn **dirty; /* dirty[0 .. dirty_count) have is_dirty set */
	size_t dirty_count, dirty_cap;
	struct loop_timer sweep;
	struct throttle throttles[PUSHER_CAUSES];
	struct peak peak; /* of the longest queue, in bytes */
	char scratch[READ_BYTES];
};

static uint32_t now_s(const struct conn_set *set)
{
	return (uint32_t)(loop_now_ms(set->loop) / 1000);
}

static void set_state(struct conn *conn, enum conn_state state)
{
	conn->state = (uint8_t)state;
	conn->since_s = now_s(conn->set);
	list_remove(&conn->link);
	list_append(&conn->set->lists[state], &conn->link);
}

static struct conn *first_in(struct conn_set *set, enum conn_state state)
{
	struct list *list = &set->lists[state];

	return list_is_empty(list)
		       ? NULL
		       : container_of(list->next, struct conn, link);
}

/* Closes that are ours are told, unless a crowd causes them; a peer's own are
 * for whoever debugs. */
static void log_close(struct conn *conn, enum pusher_cause cause)
{
	struct conn_set *set = conn->set;
	char address[PEER_ADDRESS_TEXT_MAX];
	bool is_peers = cause == PUSHER_CAUSE_PEER;
	uint32_t held_back;

	if (is_peers && !log_is_on(LOG_LEVEL_DEBUG))
		return;
	if (!is_peers && !throttle_pass(&set->throttles[cause], now_s(set),
					CLOSE_LINES_MAX, &held_back))
		return;
	if (!is_peers && held_back > 0)
		log_info("%u more closed cause=%s", held_back,
			 pusher_cause_name(cause));
	peer_address_format(&conn->address, address);
	(is_peers ? log_debug : log_info)(
		"c%u %s closed cause=%s code=%u age=%us queue=%uB", conn->id,
		address, pusher_cause_name(cause), pusher_cause_code(cause),
		now_s(set) - conn->opened_s, conn->out.bytes);
}

/* ---- sending ---- */

static void mark_dirty(struct conn *conn)
{
	struct conn_set *set = conn->set;

	if (conn->is_dirty)
		return;
	if (set->dirty_count == set->dirty_cap) {
		set->dirty_cap = set->dirty_cap ? set->dirty_cap * 2 : 64;
		set->dirty = xrealloc(set->dirty,
				      set->dirty_cap * sizeof(*set->dirty));
	}
	conn->is_dirty = true;
	set->dirty[set->dirty_count++] = conn;
}

/* A burst is no fault of the peer: what the log or Redis had in store comes in
 * one turn, before anything of it could be sent. */
static void judge_queue(struct conn *conn)
{
	size_t cost = outbuf_cost(&conn->out);
	size_t max = conn->set->conf.queue_max_bytes;
	uint32_t now = now_s(conn->set);

	if (cost <= max || conn->full_since_s == 0)
		conn->full_since_s = cost <= max ? 0 : now;
	if (cost > max * QUEUE_BURST ||
	    (cost > max && now - conn->full_since_s >= SLOW_S))
		conn_close(conn, PUSHER_CAUSE_SLOW);
}

void conn_send(struct conn *conn, struct frame *frame)
{
	if (!conn_is_open(conn))
		return;
	outbuf_push(&conn->out, frame);
	mark_dirty(conn);
	judge_queue(conn);
}

void conn_close(struct conn *conn, enum pusher_cause cause)
{
	if (!conn_is_open(conn))
		return;
	log_close(conn, cause);
	metric_add_own(&stats()->closed[cause], 1);
	conn->cause = (uint8_t)cause;
	set_state(conn, CONN_DOOMED);
}

/* The peer is gone, by its own will or the network's. */
static void peer_is_gone(struct conn *conn)
{
	conn->is_gone = true;
	if (conn_is_open(conn))
		conn_close(conn, PUSHER_CAUSE_PEER);
	else if (conn->state == CONN_CLOSING)
		set_state(conn, CONN_DEAD);
}

/* Sends until the queue is empty or the kernel refuses; then waits for
 * LOOP_WRITE. */
static void flush(struct conn *conn)
{
	struct conn_set *set = conn->set;

	while (!outbuf_is_empty(&conn->out)) {
		struct iovec iov[IOV_COUNT];
		struct msghdr msg = { .msg_iov = iov };
		ssize_t sent;

		msg.msg_iovlen =
			(size_t)outbuf_peek(&conn->out, iov, IOV_COUNT);
		sent = sendmsg(conn->watch.fd, &msg, MSG_NOSIGNAL);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			loop_change(set->loop, &conn->watch,
				    LOOP_READ | LOOP_WRITE);
			return;
		}
		if (sent == -1) {
			peer_is_gone(conn);
			return;
		}
		metric_add_own(&stats()->sent_bytes, sent);
		outbuf_consume(&conn->out, (size_t)sent);
	}
	loop_change(set->loop, &conn->watch, LOOP_READ);
	/* RFC 6455 § 7.1.1: not before the peer's Close frame has come. A proxy
	 * that sees our end first cuts the peer off, which then counts the
	 * close as unclean. */
	if (conn->state == CONN_CLOSING && conn->is_silent)
		shutdown(conn->watch.fd, SHUT_WR);
}

/* ---- receiving: each function takes what it can off in and returns how much
 * that was; what is left was not complete ---- */

static void queue_raw(struct conn *conn, struct buf *bytes)
{
	struct frame *frame = frame_new_raw(buf_span(bytes));

	outbuf_push(&conn->out, frame);
	frame_unref(frame);
	buf_release(bytes);
	mark_dirty(conn);
}

static size_t take_handshake(struct conn *conn, struct span in)
{
	const struct conn_ops *ops = conn->set->ops;
	struct http_upgrade request;
	struct buf answer = BUF_INIT;
	size_t used = 0;
	int status;

	status = http_upgrade_parse(in, &request, &used);
	if (status == -1)
		return 0;
	if (status == 0 && conn->set->conf.trust_real_ip)
		conn->address = peer_address_parse(request.real_ip);
	if (status == 0)
		status = ops->on_request(conn, &request);
	if (status != 0) {
		http_upgrade_refuse(&answer, status);
		queue_raw(conn, &answer);
		conn_close(conn, PUSHER_CAUSE_BAD_HANDSHAKE);
		return in.len;
	}
	http_upgrade_accept(&answer, request.key);
	queue_raw(conn, &answer);
	conn->is_websocket = true;
	set_state(conn, CONN_OPEN);
	ops->on_open(conn);
	return used;
}

/* Nothing more of what the peer says matters. */
static void fall_silent(struct conn *conn)
{
	conn->is_silent = true;
	mark_dirty(conn);
}

static void answer_ping(struct conn *conn, struct span payload)
{
	struct frame *pong = frame_new(WS_OP_PONG, payload);

	conn_send(conn, pong);
	frame_unref(pong);
}

static enum pusher_cause bad_frame_cause(uint16_t code)
{
	switch (code) {
	case 1003:
		return PUSHER_CAUSE_BINARY;
	case 1007:
		return PUSHER_CAUSE_BAD_UTF8;
	case 1009:
		return PUSHER_CAUSE_TOO_LARGE;
	default:
		return PUSHER_CAUSE_BAD_FRAME;
	}
}

/* Of one that is being closed only its end is of interest. */
static void take_item(struct conn *conn, enum ws_result result,
		      const struct ws_item *item)
{
	switch (result) {
	case WS_TEXT:
		if (conn_is_open(conn))
			conn->set->ops->on_text(conn, item->payload);
		break;
	case WS_PING:
		answer_ping(conn, item->payload);
		break;
	case WS_CLOSE:
		fall_silent(conn);
		conn_close(conn, PUSHER_CAUSE_PEER);
		break;
	case WS_BAD:
		fall_silent(conn);
		conn_close(conn, bad_frame_cause(item->code));
		break;
	case WS_PONG:
	case WS_NEED_MORE:
		break;
	}
}

static size_t take_frames(struct conn *conn, char *in, size_t len)
{
	enum ws_result result = WS_PONG;
	size_t at = 0;

	while (!conn->is_silent && result != WS_NEED_MORE) {
		struct ws_item item;
		size_t used;

		result = ws_next(&conn->ws, in + at, len - at,
				 conn->set->conf.message_max_bytes, &used,
				 &item);
		at += used;
		take_item(conn, result, &item);
	}
	return at;
}

static size_t take(struct conn *conn, char *in, size_t len)
{
	size_t used = 0;

	if (conn->state == CONN_HANDSHAKE)
		used = take_handshake(conn, span_of(in, len));
	if (conn->is_websocket)
		used += take_frames(conn, in + used, len - used);
	return conn->is_silent ? len : used;
}

/* What was left of the last time, and what came now. Only while a frame is
 * incomplete does a conn hold a buffer. */
static void take_input(struct conn *conn, char *in, size_t len)
{
	size_t used;

	if (conn->in.len > 0) {
		buf_add(&conn->in, in, len);
		used = take(conn, conn->in.data, conn->in.len);
		buf_drop(&conn->in, used);
		if (conn->in.len == 0)
			buf_release(&conn->in);
		return;
	}
	used = take(conn, in, len);
	buf_add(&conn->in, in + used, len - used);
}

/* Every byte is proof of life. */
static void note_life(struct conn *conn)
{
	if (conn->state == CONN_PINGED ||
	    (conn->state == CONN_OPEN && conn->since_s != now_s(conn->set)))
		set_state(conn, CONN_OPEN);
}

static void receive(struct conn *conn)
{
	char *scratch = conn->set->scratch;
	ssize_t len;

	len = recv(conn->watch.fd, scratch, READ_BYTES, 0);
	if (len == -1 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (len <= 0) {
		peer_is_gone(conn);
		return;
	}
	metric_add_own(&stats()->received_bytes, len);
	if (conn->is_silent)
		return;
	note_life(conn);
	take_input(conn, scratch, (size_t)len);
}

static void on_ready(struct loop_watch *watch, unsigned events)
{
	struct conn *conn = container_of(watch, struct conn, watch);

	if (events & LOOP_READ)
		receive(conn);
	if ((events & LOOP_WRITE) && conn->state != CONN_DEAD)
		mark_dirty(conn);
}

/* ---- the end of a turn ---- */

static void drop_unsent(struct conn *conn)
{
	uint32_t before = conn->out.count;

	outbuf_drop_unsent(&conn->out);
	metric_add_own(&stats()->frames_dropped, before - conn->out.count);
}

static void queue_close_frame(struct conn *conn)
{
	enum pusher_cause cause = (enum pusher_cause)conn->cause;
	struct frame *frame;

	/* what a slow reader has not read it gets by backfill */
	if (cause == PUSHER_CAUSE_SLOW)
		drop_unsent(conn);
	if (!conn->is_websocket)
		conn->is_silent = true;
	if (conn->is_websocket && pusher_cause_code(cause) != 0) {
		frame = frame_new_close(pusher_cause_code(cause),
					pusher_cause_reason(cause));
		outbuf_push(&conn->out, frame);
		frame_unref(frame);
	}
	mark_dirty(conn);
}

static void settle_doomed(struct conn_set *set)
{
	struct conn *conn;

	while ((conn = first_in(set, CONN_DOOMED)) != NULL) {
		if (conn->is_websocket)
			set->ops->on_close(conn);
		if (conn->is_gone) {
			set_state(conn, CONN_DEAD);
			continue;
		}
		queue_close_frame(conn);
		set_state(conn, CONN_CLOSING);
	}
}

/* Every change of a queue makes its conn dirty, so that here the sum of all is
 * brought up to date. */
static void count_queue(struct conn *conn)
{
	uint32_t bytes = conn->out.bytes;

	if (bytes == conn->counted_bytes)
		return;
	metric_add_own(&stats()->queue_bytes,
		       (int64_t)bytes - conn->counted_bytes);
	conn->counted_bytes = bytes;
	peak_note(&conn->set->peak, bytes);
	metric_set(&stats()->queue_peak_bytes, peak_value(&conn->set->peak));
}

static void flush_dirty(struct conn_set *set)
{
	size_t i;

	for (i = 0; i < set->dirty_count; i++) {
		struct conn *conn = set->dirty[i];

		conn->is_dirty = false;
		if (!conn->is_gone)
			flush(conn);
		count_queue(conn);
	}
	set->dirty_count = 0;
}

static void bury(struct conn *conn)
{
	struct conn_set *set = conn->set;
	int fd = conn->watch.fd;

	list_remove(&conn->link);
	loop_remove(set->loop, &conn->watch);
	close(fd);
	outbuf_release(&conn->out);
	count_queue(conn);
	metric_add_own(&stats()->connections, -1);
	buf_release(&conn->in);
	ws_release(&conn->ws);
	set->count--;
	set->ops->free(conn);
}

static void on_turn_end(void *ctx)
{
	struct conn_set *set = ctx;
	struct conn *conn;

	/* flushing finds peers that are gone, who must be settled too */
	do {
		settle_doomed(set);
		flush_dirty(set);
	} while (first_in(set, CONN_DOOMED) != NULL || set->dirty_count > 0);
	while ((conn = first_in(set, CONN_DEAD)) != NULL)
		bury(conn);
}

/* ---- time ---- */

/* The first of a list if it has been there for timeout_s. */
static struct conn *first_expired(struct conn_set *set, enum conn_state state,
				  int64_t timeout_s)
{
	struct conn *conn = first_in(set, state);

	return conn != NULL && (int64_t)(now_s(set) - conn->since_s) >=
				       timeout_s
		       ? conn
		       : NULL;
}

static void on_sweep(struct loop_timer *timer)
{
	struct conn_set *set = container_of(timer, struct conn_set, sweep);
	struct conn *conn;

	while ((conn = first_expired(set, CONN_HANDSHAKE, HANDSHAKE_S)))
		conn_close(conn, PUSHER_CAUSE_HANDSHAKE_TIMEOUT);
	while ((conn = first_expired(set, CONN_OPEN, set->conf.idle_s))) {
		set_state(conn, CONN_PINGED);
		set->ops->on_idle(conn);
	}
	while ((conn = first_expired(set, CONN_PINGED, set->conf.pong_s)))
		conn_close(conn, PUSHER_CAUSE_PONG_MISSING);
	while ((conn = first_expired(set, CONN_CLOSING, CLOSING_S)))
		set_state(conn, CONN_DEAD);
	peak_turn(&set->peak, now_s(set));
	metric_set(&stats()->queue_peak_bytes, peak_value(&set->peak));
	loop_set_timer(set->loop, timer, SWEEP_MS, on_sweep);
}

/* ---- life ---- */

struct conn_set *conn_set_new(struct loop *loop, const struct conn_conf *conf,
			      const struct conn_ops *ops)
{
	struct conn_set *set = xcalloc(1, sizeof(*set));
	int i;

	set->loop = loop;
	set->conf = *conf;
	set->ops = ops;
	for (i = 0; i < CONN_STATES; i++)
		list_init(&set->lists[i]);
	loop_on_turn_end(loop, on_turn_end, set);
	loop_set_timer(loop, &set->sweep, SWEEP_MS, on_sweep);
	return set;
}

void conn_set_free(struct conn_set *set)
{
	assert(set->count == 0);
	loop_clear_timer(set->loop, &set->sweep);
	free(set->dirty);
	free(set);
}

size_t conn_set_count(const struct conn_set *set)
{
	return set->count;
}

size_t conn_set_close(struct conn_set *set, enum pusher_cause cause, size_t max)
{
	struct conn *conn;
	size_t closed = 0;
	int state;

	for (state = CONN_OPEN; state <= CONN_PINGED; state++)
		while (closed < max &&
		       (conn = first_in(set, (enum conn_state)state)) != NULL) {
			conn_close(conn, cause);
			closed++;
		}
	return closed;
}

void conn_set_abort(struct conn_set *set)
{
	struct conn *conn;
	int state;

	conn_set_close(set, PUSHER_CAUSE_PEER, SIZE_MAX);
	settle_doomed(set);
	set->dirty_count = 0;
	for (state = CONN_HANDSHAKE; state < CONN_STATES; state++)
		while ((conn = first_in(set, (enum conn_state)state)) != NULL)
			bury(conn);
}

void conn_init(struct conn *conn, struct conn_set *set, int fd,
	       const struct sockaddr *address)
{
	memset(conn, 0, sizeof(*conn));
	conn->set = set;
	conn->id = ++set->next_id;
	conn->opened_s = now_s(set);
	conn->address = peer_address_of(address);
	list_init(&conn->link);
	set_state(conn, CONN_HANDSHAKE);
	set->count++;
	metric_add_own(&stats()->connections, 1);
	metric_add_own(&stats()->opened, 1);
	loop_add(set->loop, &conn->watch, fd, LOOP_READ, on_ready);
}
