/* SPDX-License-Identifier: MIT
 *
 * Conns are sent to and freed only at the end of a turn, when no stack frame
 * refers to them. Timeouts are checked once a second.
 */
#include "relay/net/conn_set.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "relay/stats.h"

/* A browser sends its request well within this time. */
#define HANDSHAKE_S 10
/* Time for a peer to read our Close frame and to answer. */
#define CLOSING_S 5
#define SWEEP_MS 1000

/* Distance of the prefetch: among thousands of conns none is cached when its
 * turn comes. */
#define AHEAD 4

struct conn_set {
	struct conn_common common;
	struct loop_timer sweep;
	struct loop_timer window_over;
};

static struct conn *first_in(struct conn_set *set, enum conn_state state)
{
	struct list *list = &set->common.lists[state];

	return list_is_empty(list)
		       ? NULL
		       : container_of(list->next, struct conn, link);
}

/* ---- the end of a turn ---- */

/* Releases the conns that are held until the end of the window. */
static void release_held(struct conn_set *set)
{
	struct conn_common *common = &set->common;
	size_t i;

	send_window_end(&common->window);
	for (i = 0; i < common->held.count; i++)
		conn_release(common->held.all[i]);
	common->held.count = 0;
	loop_clear_timer(common->loop, &set->window_over);
}

static void on_window_over(struct loop_timer *timer)
{
	release_held(container_of(timer, struct conn_set, window_over));
}

/* If a held conn ends, releases all of them: cheaper than to search the pile.
 */
static void settle_doomed(struct conn_set *set)
{
	struct conn *conn;

	while ((conn = first_in(set, CONN_DOOMED)) != NULL) {
		if (conn->is_held)
			release_held(set);
		conn_settle(conn);
	}
}

static void flush_dirty(struct conn_set *set)
{
	struct conn_pile *dirty = &set->common.dirty;
	size_t i;

	for (i = 0; i < dirty->count; i++) {
		if (i + AHEAD < dirty->count)
			__builtin_prefetch(dirty->all[i + AHEAD]);
		conn_flush(dirty->all[i]);
	}
	dirty->count = 0;
}

/* Every conn that passed the window has been sent to by now. */
static void begin_window(struct conn_set *set)
{
	struct conn_common *common = &set->common;
	int64_t left_us;

	if (common->window.is_new)
		send_window_begin(&common->window, clock_us());
	if (common->held.count == 0 || set->window_over.is_set)
		return;
	left_us = common->window.ends_us - clock_us();
	loop_set_timer(common->loop, &set->window_over,
		       left_us > 0 ? (left_us + 999) / 1000 : 0,
		       on_window_over);
}

static void on_turn_end(void *ctx)
{
	struct conn_set *set = ctx;
	struct conn *conn;

	/* flushing may find peers gone: those conns must be settled too */
	do {
		settle_doomed(set);
		flush_dirty(set);
	} while (first_in(set, CONN_DOOMED) != NULL);
	while ((conn = first_in(set, CONN_DEAD)) != NULL)
		conn_bury(conn);
	begin_window(set);
}

/* ---- time ---- */

/* The first conn of a list if it has been there for timeout_s. */
static struct conn *first_expired(struct conn_set *set, enum conn_state state,
				  int64_t timeout_s)
{
	struct conn *conn = first_in(set, state);
	uint32_t now_s = conn_now_s(&set->common);

	return conn != NULL && (int64_t)(now_s - conn->since_s) >= timeout_s
		       ? conn
		       : NULL;
}

static void on_sweep(struct loop_timer *timer)
{
	struct conn_set *set = container_of(timer, struct conn_set, sweep);
	struct conn_common *common = &set->common;
	struct conn *conn;

	while ((conn = first_expired(set, CONN_HANDSHAKE, HANDSHAKE_S)))
		conn_close(conn, common->conf.causes->handshake_timeout);
	while ((conn = first_expired(set, CONN_OPEN, common->conf.idle_s))) {
		conn_enter(conn, CONN_PINGED);
		common->ops->on_idle(conn);
	}
	while ((conn = first_expired(set, CONN_PINGED, common->conf.pong_s)))
		conn_close(conn, common->conf.causes->pong_missing);
	while ((conn = first_expired(set, CONN_CLOSING, CLOSING_S)))
		conn_enter(conn, CONN_DEAD);
	peak_turn(&common->peak, conn_now_s(common));
	metric_set(&stats()->queue_peak_bytes, peak_value(&common->peak));
	loop_set_timer(common->loop, timer, SWEEP_MS, on_sweep);
}

/* ---- life ---- */

struct conn_set *conn_set_new(struct loop *loop, const struct conn_conf *conf,
			      const struct conn_ops *ops)
{
	struct conn_set *set = xcalloc(1, sizeof(*set));
	int i;

	set->common.loop = loop;
	set->common.conf = *conf;
	set->common.ops = ops;
	set->common.window = SEND_WINDOW_INIT(conf->window_ms * 1000);
	if (conf->may_pack)
		set->common.deflater = deflate_new();
	for (i = 0; i < CONN_STATES; i++)
		list_init(&set->common.lists[i]);
	loop_on_turn_end(loop, on_turn_end, set);
	loop_set_timer(loop, &set->sweep, SWEEP_MS, on_sweep);
	return set;
}

void conn_set_free(struct conn_set *set)
{
	assert(set->common.count == 0);
	loop_clear_timer(set->common.loop, &set->sweep);
	loop_clear_timer(set->common.loop, &set->window_over);
	if (set->common.deflater != NULL)
		deflate_free(set->common.deflater);
	free(set->common.dirty.all);
	free(set->common.held.all);
	free(set);
}

void conn_set_add(struct conn_set *set, struct conn *conn, int fd,
		  const struct sockaddr *address)
{
	conn_init(conn, &set->common, fd, address);
}

size_t conn_set_count(const struct conn_set *set)
{
	return set->common.count;
}

size_t conn_set_close(struct conn_set *set, const struct close_cause *cause,
		      size_t max)
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

	conn_set_close(set, set->common.conf.causes->peer, SIZE_MAX);
	settle_doomed(set);
	set->common.dirty.count = 0;
	for (state = CONN_HANDSHAKE; state < CONN_STATES; state++)
		while ((conn = first_in(set, (enum conn_state)state)) != NULL)
			conn_bury(conn);
}
