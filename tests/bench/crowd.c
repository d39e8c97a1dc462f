/* SPDX-License-Identifier: MIT
 *
 * Sockets, and the part of WebSocket that a client which sends one frame needs.
 */
#include "tests/bench/crowd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "relay/list.h"
#include "tests/bench/dial.h"
#include "tests/bench/stamp.h"

/* Less than the shortest backlog of a peer, 511 of Node.js. */
#define CONNECTING_MAX 128
/* Connections from one address; see dial.h. */
#define HOST_MAX 10000
#define READ_BYTES 262144

#define OP_TEXT 0x1
#define OP_CLOSE 0x8
#define NO_CLOSE_FRAME 1006
#define NO_CLOSE_CODE 1005

enum state {
	STATE_HANDSHAKE = 0,
	STATE_ASKING, /* the first frame is sent */
	STATE_READY,
	STATE_CLOSED,
};

struct subscriber {
	struct loop_watch watch;
	struct crowd *crowd;
	int fd;
	enum state state;
	uint64_t last_id;
	struct buf in;   /* an incomplete frame */
	struct buf seen; /* with in_any_order: a bit for each id received */
};

struct crowd {
	struct loop *loop;
	const struct crowd_conf *conf;
	crowd_fn *on_ready;
	void *ctx;
	bool is_timed;
	int64_t connected, ready; /* subscribers that started, and are ready */
	struct crowd_counts counts;
	char scratch[READ_BYTES];
	struct subscriber all[];
};

static void connect_more(struct crowd *crowd);

void crowd_add_text(const struct crowd_conf *conf, struct buf *buf,
		    const char *text, int64_t room)
{
	for (; *text != '\0'; text++) {
		if (*text != '%') {
			buf_add_char(buf, *text);
			continue;
		}
		buf_add_str(buf, conf->room);
		buf_add_int(buf, room);
	}
}

static int64_t number_of(const struct subscriber *subscriber)
{
	return subscriber - subscriber->crowd->all;
}

static bool is_to_stall(const struct subscriber *subscriber)
{
	return number_of(subscriber) < subscriber->crowd->conf->stalled;
}

static void say(struct subscriber *subscriber, struct buf *bytes)
{
	/* a new socket accepts a few hundred bytes at once */
	if (send(subscriber->fd, bytes->data, bytes->len, MSG_NOSIGNAL) !=
	    (ssize_t)bytes->len)
		fatal("cannot send to the server");
	buf_release(bytes);
}

static void ask_upgrade(struct subscriber *subscriber)
{
	const struct crowd_conf *conf = subscriber->crowd->conf;
	struct buf request = BUF_INIT;

	buf_add_str(&request, "GET ");
	crowd_add_text(conf, &request, conf->path,
		       number_of(subscriber) % conf->rooms);
	buf_add_str(&request,
		    " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
		    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		    "Sec-WebSocket-Key: cHVzaGxvZyBpcyByZWFkeQ==\r\n\r\n");
	say(subscriber, &request);
}

/* Masked with zeros, so that the bytes stay the same. */
static void say_hello(struct subscriber *subscriber)
{
	const struct crowd_conf *conf = subscriber->crowd->conf;
	struct buf text = BUF_INIT, frame = BUF_INIT;

	crowd_add_text(conf, &text, conf->hello,
		       number_of(subscriber) % conf->rooms);
	if (text.len > 125)
		fatalx("the hello is too long: %zu bytes", text.len);
	buf_add_char(&frame, (char)(0x80 | OP_TEXT));
	buf_add_char(&frame, (char)(0x80 | text.len));
	buf_add(&frame, "\0\0\0\0", 4);
	buf_add_span(&frame, buf_span(&text));
	buf_release(&text);
	say(subscriber, &frame);
}

static void become_ready(struct subscriber *subscriber)
{
	struct crowd *crowd = subscriber->crowd;

	subscriber->state = STATE_READY;
	if (is_to_stall(subscriber))
		loop_remove(crowd->loop, &subscriber->watch);
	crowd->ready++;
	connect_more(crowd);
	if (crowd->ready == crowd->conf->subscribers)
		crowd->on_ready(crowd->ctx);
}

static void end(struct subscriber *subscriber, unsigned code)
{
	struct crowd *crowd = subscriber->crowd;

	if (subscriber->state < STATE_READY)
		fatalx("subscriber %lld is closed before it is subscribed: %u",
		       (long long)number_of(subscriber), code);
	crowd->counts.closed[code < CROWD_CODES ? code : NO_CLOSE_CODE]++;
	subscriber->state = STATE_CLOSED;
	loop_remove(crowd->loop, &subscriber->watch);
	close(subscriber->fd);
}

/* ---- receiving ---- */

static bool is_next(struct subscriber *subscriber, uint64_t id)
{
	struct crowd_counts *counts = &subscriber->crowd->counts;

	if (id <= subscriber->last_id)
		return false;
	counts->missing += id - subscriber->last_id - 1;
	subscriber->last_id = id;
	return true;
}

static bool is_unseen(struct subscriber *subscriber, uint64_t id)
{
	struct buf *seen = &subscriber->seen;
	size_t at = (size_t)(id / 8);
	unsigned bit = 1u << id % 8, bits;

	while (seen->len <= at)
		buf_add_char(seen, 0);
	bits = (uint8_t)seen->data[at];
	seen->data[at] = (char)(bits | bit);
	return (bits & bit) == 0;
}

static void take_message(struct subscriber *subscriber,
			 const struct stamp *stamp, size_t bytes)
{
	struct crowd_counts *counts = &subscriber->crowd->counts;

	if (is_to_stall(subscriber))
		return;
	counts->deliveries++;
	counts->bytes += bytes;
	if (!(subscriber->crowd->conf->in_any_order ? is_unseen : is_next)(
		    subscriber, stamp->id))
		counts->repeated++;
	else if (subscriber->crowd->is_timed)
		histogram_add(&counts->latency, stamp_now() - stamp->ns);
}

static void take_text(struct subscriber *subscriber, struct span text)
{
	const char *ready = subscriber->crowd->conf->ready;
	struct stamp stamp;

	if (subscriber->state == STATE_ASKING) {
		if (memmem(text.ptr, text.len, ready, strlen(ready)) != NULL)
			become_ready(subscriber);
	} else if (stamp_find(text, &stamp)) {
		take_message(subscriber, &stamp, text.len);
	}
}

static void take_close(struct subscriber *subscriber, struct span payload)
{
	const uint8_t *code = (const uint8_t *)payload.ptr;

	end(subscriber, payload.len < 2 ? NO_CLOSE_CODE
					: (unsigned)(code[0] << 8 | code[1]));
}

/* Reads an unmasked frame. Returns its length, 0 if it is incomplete. */
static size_t next_frame(const char *in, size_t len, struct span *payload)
{
	const uint8_t *byte = (const uint8_t *)in;
	size_t head = 2, size, i;

	if (len < 2)
		return 0;
	size = byte[1] & 0x7f;
	if (size >= 126) {
		head += size == 126 ? 2 : 8;
		if (len < head)
			return 0;
		for (size = 0, i = 2; i < head; i++)
			size = size << 8 | byte[i];
	}
	if (len - head < size)
		return 0;
	*payload = span_of(in + head, size);
	return head + size;
}

static size_t take_frames(struct subscriber *subscriber, const char *in,
			  size_t len)
{
	struct span payload;
	size_t at = 0, size;

	while (subscriber->state != STATE_CLOSED &&
	       (size = next_frame(in + at, len - at, &payload)) > 0) {
		unsigned op = (uint8_t)in[at] & 0x0f;

		at += size;
		if (op == OP_TEXT)
			take_text(subscriber, payload);
		else if (op == OP_CLOSE)
			take_close(subscriber, payload);
	}
	return at;
}

static size_t take_answer(struct subscriber *subscriber, const char *in,
			  size_t len)
{
	const struct crowd_conf *conf = subscriber->crowd->conf;
	const char *head_end = memmem(in, len, "\r\n\r\n", 4);

	if (head_end == NULL)
		return 0;
	if (!span_starts(span_of(in, len), "HTTP/1.1 101 "))
		fatalx("the server answers '%.*s'", (int)len, in);
	if (conf->hello[0] != '\0')
		say_hello(subscriber);
	subscriber->state = STATE_ASKING;
	if (conf->ready[0] == '\0')
		become_ready(subscriber);
	return (size_t)(head_end - in) + 4;
}

static size_t take(struct subscriber *subscriber, const char *in, size_t len)
{
	size_t used = 0;

	if (subscriber->state == STATE_HANDSHAKE) {
		used = take_answer(subscriber, in, len);
		if (used == 0)
			return 0;
	}
	return used + take_frames(subscriber, in + used, len - used);
}

static void on_readable(struct loop_watch *watch, unsigned events)
{
	struct subscriber *subscriber =
		container_of(watch, struct subscriber, watch);
	char *scratch = subscriber->crowd->scratch;
	struct buf *in = &subscriber->in;
	ssize_t len;

	(void)events;
	len = recv(subscriber->fd, scratch, READ_BYTES, MSG_DONTWAIT);
	if (len == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		end(subscriber, NO_CLOSE_FRAME);
	} else if (in->len == 0) {
		size_t used = take(subscriber, scratch, (size_t)len);

		buf_add(in, scratch + used, (size_t)len - used);
	} else {
		buf_add(in, scratch, (size_t)len);
		buf_drop(in, take(subscriber, in->data, in->len));
	}
	if (in->len == 0 || subscriber->state == STATE_CLOSED)
		buf_release(in);
}

/* ---- connecting ---- */

/* Closes with a reset, so that the next run can use the port. */
static void reset_at_close(int fd)
{
	struct linger reset = { .l_onoff = 1 };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == -1)
		fatal("cannot set up a socket");
}

/* The queue of the listener has room, so connecting does not block. */
static void connect_more(struct crowd *crowd)
{
	while (crowd->connected < crowd->conf->subscribers &&
	       crowd->connected - crowd->ready < CONNECTING_MAX) {
		struct subscriber *subscriber = &crowd->all[crowd->connected++];

		subscriber->crowd = crowd;
		subscriber->fd =
			dial(&crowd->conf->server,
			     (unsigned)(number_of(subscriber) / HOST_MAX));
		reset_at_close(subscriber->fd);
		loop_add(crowd->loop, &subscriber->watch, subscriber->fd,
			 LOOP_READ, on_readable);
		ask_upgrade(subscriber);
	}
}

/* ---- life ---- */

struct crowd *crowd_new(struct loop *loop, const struct crowd_conf *conf,
			crowd_fn *on_ready, void *ctx)
{
	struct crowd *crowd =
		xcalloc(1, sizeof(*crowd) + (size_t)conf->subscribers *
						    sizeof(*crowd->all));

	crowd->loop = loop;
	crowd->conf = conf;
	crowd->on_ready = on_ready;
	crowd->ctx = ctx;
	connect_more(crowd);
	return crowd;
}

void crowd_free(struct crowd *crowd)
{
	int64_t i;

	for (i = 0; i < crowd->connected; i++) {
		buf_release(&crowd->all[i].in);
		buf_release(&crowd->all[i].seen);
		if (crowd->all[i].state == STATE_CLOSED)
			continue;
		loop_remove(crowd->loop, &crowd->all[i].watch);
		close(crowd->all[i].fd);
	}
	free(crowd);
}

const struct crowd_counts *crowd_counts(const struct crowd *crowd)
{
	return &crowd->counts;
}

void crowd_time(struct crowd *crowd, bool is_timed)
{
	crowd->is_timed = is_timed;
}

void crowd_resume(struct crowd *crowd)
{
	int64_t i;

	for (i = 0; i < crowd->conf->stalled; i++)
		if (crowd->all[i].watch.fd == -1 &&
		    crowd->all[i].state == STATE_READY)
			loop_add(crowd->loop, &crowd->all[i].watch,
				 crowd->all[i].fd, LOOP_READ, on_readable);
}

int64_t crowd_stalled(const struct crowd *crowd)
{
	int64_t i, open = 0;

	for (i = 0; i < crowd->conf->stalled; i++)
		open += crowd->all[i].state == STATE_READY;
	return open;
}
