/* SPDX-License-Identifier: MIT
 *
 * The socket of a peer. All frames that are queued at the end of a turn are
 * sent with one system call.
 */
#include "relay/net/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "relay/stats.h"

/* Time for which a peer's queue may exceed its limit, */
#define SLOW_S 5
/* and the factor of the limit that it may never exceed. */
#define QUEUE_BURST 16

/* Beyond this size a system call costs little beside the copy. */
#define HOLD_MAX_BYTES 65536
/* Initial capacity of a pile. */
#define PILE_MIN 64
/* Limit of the bytes copied for one system call. */
#define GATHER_BYTES 16384

/* Log lines a second for one close cause; the rest is counted. */
#define CLOSE_LINES_MAX 10

void conn_enter(struct conn *conn, enum conn_state state)
{
	conn->state = (uint8_t)state;
	conn->since_s = conn_now_s(conn->common);
	list_remove(&conn->link);
	list_append(&conn->common->lists[state], &conn->link);
}

/* Logs our closes at info, throttled by cause, and a peer's own at debug. */
static void log_close(struct conn *conn, const struct close_cause *cause)
{
	struct conn_common *common = conn->common;
	char address[PEER_ADDRESS_TEXT_MAX];
	bool is_peers = cause == common->conf.causes->peer;
	uint32_t held_back;

	if (is_peers && !log_is_on(LOG_LEVEL_DEBUG))
		return;
	if (!is_peers &&
	    !log_throttle_pass(&common->throttles[cause->index],
			       conn_now_s(common), CLOSE_LINES_MAX, &held_back))
		return;
	if (!is_peers && held_back > 0)
		log_info("%u more closed cause=%s", held_back, cause->name);
	peer_address_format(&conn->address, address);
	(is_peers ? log_debug : log_info)(
		"c%u %s closed cause=%s code=%u age=%us queue=%uB", conn->id,
		address, cause->name, cause->code,
		conn_now_s(common) - conn->opened_s, conn->out.bytes);
}

/* ---- sending ---- */

static void pile_add(struct conn_pile *pile, struct conn *conn)
{
	if (pile->count == pile->cap) {
		pile->cap = pile->cap ? pile->cap * 2 : PILE_MIN;
		pile->all = xrealloc(pile->all, pile->cap * sizeof(*pile->all));
	}
	pile->all[pile->count++] = conn;
}

static void mark_dirty(struct conn *conn)
{
	if (conn->is_dirty)
		return;
	conn->is_dirty = true;
	pile_add(&conn->common->dirty, conn);
}

static void hold(struct conn *conn)
{
	if (conn->is_held || conn->is_dirty)
		return;
	conn->is_held = true;
	pile_add(&conn->common->held, conn);
}

static void push_frame(struct conn *conn, struct frame *frame)
{
	if (conn->is_packing)
		frame = deflate_pack(conn->common->deflater, frame);
	outbuf_push(&conn->out, frame);
}

/* A burst is not the peer's fault: a backlog from the log or Redis arrives in
 * one turn, before any of it can be sent. Nor is a single event above the limit
 * if the peer has read everything before it. */
static void judge_queue(struct conn *conn)
{
	size_t cost = outbuf_cost(&conn->out);
	size_t max = (size_t)conn->common->conf.queue_max_bytes;
	uint32_t now;

	if (cost <= max || conn->out.count == 1) {
		conn->full_since_s = 0;
		return;
	}
	now = conn_now_s(conn->common);
	if (conn->full_since_s == 0)
		conn->full_since_s = now;
	if (cost > max * QUEUE_BURST || now - conn->full_since_s >= SLOW_S)
		conn_close(conn, conn->common->conf.causes->slow);
}

void conn_send(struct conn *conn, struct frame *frame)
{
	if (!conn_is_open(conn))
		return;
	push_frame(conn, frame);
	mark_dirty(conn);
	judge_queue(conn);
}

void conn_deliver(struct conn *conn, struct frame *frame)
{
	struct conn_common *common = conn->common;

	if (!conn_is_open(conn))
		return;
	push_frame(conn, frame);
	if (send_window_pass(&common->window, &conn->window,
			     loop_now_us(common->loop)) ||
	    conn->out.bytes > HOLD_MAX_BYTES)
		mark_dirty(conn);
	else
		hold(conn);
	judge_queue(conn);
}

void conn_close(struct conn *conn, const struct close_cause *cause)
{
	if (!conn_is_open(conn))
		return;
	log_close(conn, cause);
	metric_add_own(&stats()->closed[cause->index], 1);
	conn->cause = cause;
	conn_enter(conn, CONN_DOOMED);
}

/* The peer closed the connection, or the network broke it. */
static void peer_is_gone(struct conn *conn)
{
	conn->is_gone = true;
	if (conn_is_open(conn))
		conn_close(conn, conn->common->conf.causes->peer);
	else if (conn->state == CONN_CLOSING)
		conn_enter(conn, CONN_DEAD);
}

/* Sends until the queue is empty or the kernel refuses; then waits for
 * LOOP_WRITE. */
static void flush_conn(struct conn *conn)
{
	struct conn_common *common = conn->common;

	while (!outbuf_is_empty(&conn->out)) {
		struct span next =
			outbuf_peek(&conn->out, common->scratch, GATHER_BYTES);
		ssize_t sent;

		sent = send(conn->watch.fd, next.ptr, next.len, MSG_NOSIGNAL);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			loop_change(common->loop, &conn->watch,
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
	loop_change(common->loop, &conn->watch, LOOP_READ);
	/* RFC 6455 § 7.1.1: not before the peer's Close frame has come. A proxy
	 * that sees our end first cuts the peer off, which then counts the
	 * close as unclean. */
	if (conn->state == CONN_CLOSING && conn->is_silent)
		shutdown(conn->watch.fd, SHUT_WR);
}

/* ---- receiving: each function consumes complete input from in and returns its
 * length; the incomplete rest stays ---- */

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
	const struct conn_ops *ops = conn->common->ops;
	struct http_upgrade request;
	struct buf answer = BUF_INIT;
	size_t used = 0;
	int status;

	status = http_upgrade_parse(in, &request, &used);
	if (status == -1)
		return 0;
	if (status == 0 && conn->common->conf.trust_real_ip)
		conn->address = peer_address_parse(request.real_ip);
	if (status == 0)
		status = ops->on_request(conn, &request);
	if (status != 0) {
		http_upgrade_refuse(&answer, status);
		queue_raw(conn, &answer);
		conn_close(conn, conn->common->conf.causes->bad_handshake);
		return in.len;
	}
	conn->is_packing =
		conn->common->deflater != NULL && request.offer.is_good;
	http_upgrade_accept(&answer, request.key,
			    conn->is_packing ? &request.offer : NULL);
	queue_raw(conn, &answer);
	conn->is_websocket = true;
	conn_enter(conn, CONN_OPEN);
	ops->on_open(conn);
	return used;
}

/* Ignores all further input of the peer. */
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

static const struct close_cause *bad_frame_cause(const struct conn *conn,
						 uint16_t code)
{
	const struct conn_causes *causes = conn->common->conf.causes;

	switch (code) {
	case 1003:
		return causes->binary;
	case 1007:
		return causes->bad_utf8;
	case 1009:
		return causes->too_large;
	default:
		return causes->bad_frame;
	}
}

/* A closing conn only waits for the peer's Close or end of file. */
static void take_item(struct conn *conn, enum ws_result result,
		      const struct ws_item *item)
{
	switch (result) {
	case WS_TEXT:
		if (conn_is_open(conn))
			conn->common->ops->on_text(conn, item->payload);
		break;
	case WS_PING:
		answer_ping(conn, item->payload);
		break;
	case WS_CLOSE:
		fall_silent(conn);
		conn_close(conn, conn->common->conf.causes->peer);
		break;
	case WS_BAD:
		fall_silent(conn);
		conn_close(conn, bad_frame_cause(conn, item->code));
		break;
	case WS_PACKED:
	case WS_PONG:
	case WS_NEED_MORE:
		break;
	}
}

static size_t take_frames(struct conn *conn, char *in, size_t len)
{
	size_t max = conn->common->conf.message_max_bytes;
	enum ws_result result = WS_PONG;
	size_t at = 0;

	conn->input->ws.may_pack = conn->is_packing;
	while (!conn->is_silent && result != WS_NEED_MORE) {
		struct ws_item item;
		size_t used;

		result = ws_next(&conn->input->ws, in + at, len - at, max,
				 &used, &item);
		at += used;
		if (result == WS_PACKED && conn_is_open(conn))
			result = deflate_unpack(conn->common->deflater, &item,
						max);
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

static void drop_input(struct conn *conn)
{
	if (conn->input == NULL)
		return;
	buf_release(&conn->input->rest);
	ws_release(&conn->input->ws);
	if (conn->input != &conn->common->input)
		free(conn->input);
	conn->input = NULL;
}

/* Only a conn with incomplete input holds memory for it. */
static void keep_input(struct conn *conn)
{
	struct conn_input *input = conn->input;

	if (input->rest.len == 0 && input->ws.fragments == 0) {
		drop_input(conn);
	} else if (input == &conn->common->input) {
		conn->input = xmalloc(sizeof(*input));
		*conn->input = *input;
		memset(input, 0, sizeof(*input));
	}
}

/* The incomplete rest of earlier reads, followed by the new bytes. */
static void take_input(struct conn *conn, char *in, size_t len)
{
	struct buf *rest;
	size_t used;

	if (conn->input == NULL)
		conn->input = &conn->common->input;
	rest = &conn->input->rest;
	if (rest->len > 0) {
		buf_add(rest, in, len);
		used = take(conn, rest->data, rest->len);
		buf_drop(rest, used);
	} else {
		used = take(conn, in, len);
		buf_add(rest, in + used, len - used);
	}
	keep_input(conn);
}

/* Any received byte shows that the peer is alive. */
static void note_life(struct conn *conn)
{
	if (conn->state == CONN_PINGED ||
	    (conn->state == CONN_OPEN &&
	     conn->since_s != conn_now_s(conn->common)))
		conn_enter(conn, CONN_OPEN);
}

static void receive_bytes(struct conn *conn)
{
	char *scratch = conn->common->scratch;
	ssize_t len;

	len = recv(conn->watch.fd, scratch, CONN_READ_BYTES, 0);
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
		receive_bytes(conn);
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
	const struct close_cause *cause = conn->cause;
	struct frame *frame;

	/* a slow reader fetches its missed events by backfill */
	if (cause == conn->common->conf.causes->slow)
		drop_unsent(conn);
	if (!conn->is_websocket)
		conn->is_silent = true;
	if (conn->is_websocket && cause->code != 0) {
		frame = frame_new_close(cause->code, cause->reason);
		outbuf_push(&conn->out, frame);
		frame_unref(frame);
	}
	mark_dirty(conn);
}

/* Every change of a queue makes its conn dirty, so updating the sum here is
 * enough. */
static void count_queue(struct conn *conn)
{
	uint32_t bytes = conn->out.bytes;

	if (bytes == conn->counted_bytes)
		return;
	metric_add_own(&stats()->queue_bytes,
		       (int64_t)bytes - conn->counted_bytes);
	conn->counted_bytes = bytes;
	peak_note(&conn->common->peak, bytes);
	metric_set(&stats()->queue_peak_bytes, peak_value(&conn->common->peak));
}

void conn_settle(struct conn *conn)
{
	if (conn->is_websocket)
		conn->common->ops->on_close(conn);
	if (conn->is_gone) {
		conn_enter(conn, CONN_DEAD);
		return;
	}
	queue_close_frame(conn);
	conn_enter(conn, CONN_CLOSING);
}

void conn_release(struct conn *conn)
{
	struct conn_common *common = conn->common;

	conn->is_held = false;
	(void)send_window_pass(&common->window, &conn->window,
			       loop_now_us(common->loop));
	mark_dirty(conn);
}

void conn_flush(struct conn *conn)
{
	conn->is_dirty = false;
	if (!conn->is_gone)
		flush_conn(conn);
	count_queue(conn);
}

void conn_bury(struct conn *conn)
{
	struct conn_common *common = conn->common;
	int fd = conn->watch.fd;

	list_remove(&conn->link);
	loop_remove(common->loop, &conn->watch);
	close(fd);
	outbuf_release(&conn->out);
	count_queue(conn);
	metric_add_own(&stats()->connections, -1);
	drop_input(conn);
	common->count--;
	common->ops->free(conn);
}

void conn_init(struct conn *conn, struct conn_common *common, int fd,
	       const struct sockaddr *address)
{
	memset(conn, 0, sizeof(*conn));
	conn->common = common;
	conn->id = ++common->last_id;
	conn->opened_s = conn_now_s(common);
	conn->address = peer_address_of(address);
	list_init(&conn->link);
	conn_enter(conn, CONN_HANDSHAKE);
	common->count++;
	metric_add_own(&stats()->connections, 1);
	metric_add_own(&stats()->opened, 1);
	loop_add(common->loop, &conn->watch, fd, LOOP_READ, on_ready);
}
