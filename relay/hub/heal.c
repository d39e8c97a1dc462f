/* SPDX-License-Identifier: MIT
 *
 * Timers, lists and reads of the log around each channel's sequence, which
 * decides what is delivered.
 */
#include "relay/hub/heal.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/chaos.h"
#include "common/base/log.h"
#include "common/wire/socket_id.h"
#include "relay/protocol/pusher.h"
#include "relay/stats.h"

/* Between two polls of all heads while Redis is unavailable. */
#define POLL_WITHOUT_BUS_MS 100

/* With more channels, one scan of the table of heads is cheaper than a look-up
 * of each. */
#define LOOKUPS_MAX 1000

#define EPOCH_MAX 64

struct heal {
	struct loop *loop;
	struct fanout *fanout;
	struct heal_conf conf;
	struct log_reader *reader;
	bool is_bus_up;
	/* At most one read of each kind is under way. Their addresses are the
	 * "who" of the log reader. is_poll_due: poll again after this one. */
	bool is_reading_starting, is_polling, is_poll_due;
	struct list starting; /* channels that are not live, by since_ms */
	struct list holed;    /* live channels with a hole, by since_ms */
	struct loop_timer poll_timer, hole_timer;
	struct stash_pool stashes;
	char epoch[EPOCH_MAX]; /* empty before the first read of the log */
};

static void read_starting(struct heal *heal);
static void on_hole_timer(struct loop_timer *timer);

static void put_in_list(struct heal *heal, struct channel *channel,
			struct list *list)
{
	channel->heal.since_ms = loop_now_ms(heal->loop);
	list_remove(&channel->heal.link);
	list_append(list, &channel->heal.link);
}

/* ---- delivering ---- */

/* Delivers the stashed events whose turn has come. */
static void drain_stash(struct channel *channel)
{
	struct stash_entry entry;

	while (sequence_next(&channel->heal.sequence, &entry)) {
		fanout_deliver(channel, entry.frame, entry.exclude);
		frame_unref(entry.frame);
	}
}

/* Puts a live channel on the list of those with a hole, or takes it off. */
static void note_hole(struct heal *heal, struct channel *channel)
{
	metric_set(&stats()->stash_bytes, (int64_t)heal->stashes.bytes);
	if (!sequence_has_hole(&channel->heal.sequence)) {
		list_remove(&channel->heal.link);
		return;
	}
	if (!list_is_empty(&channel->heal.link))
		return;
	put_in_list(heal, channel, &heal->holed);
	if (!heal->hole_timer.is_set)
		loop_set_timer(heal->loop, &heal->hole_timer,
			       heal->conf.hole_wait_ms, on_hole_timer);
}

/* Does to the sequence what tests/chaos must be able to find. */
static void break_sequence(struct sequence *sequence, int64_t id)
{
	if (!sequence->is_started)
		return;
	if (chaos_is("redis-order"))
		sequence_reset(sequence);
	if (chaos_is("redis-order") ||
	    (chaos_is("skip-holes") && id > sequence->delivered))
		sequence_start(sequence, id - 1);
}

/* Whether the channel has a hole, or had one when that was last noted. */
static bool has_or_had_hole(const struct channel *channel)
{
	return sequence_has_hole(&channel->heal.sequence) ||
	       !list_is_empty(&channel->heal.link);
}

static void take_event(struct heal *heal, struct channel *channel, int64_t id,
		       struct frame *frame, uint64_t exclude)
{
	break_sequence(&channel->heal.sequence, id);
	switch (sequence_arrive(&channel->heal.sequence, id, frame, exclude)) {
	case SEQUENCE_DELIVER:
		fanout_deliver(channel, frame, exclude);
		if (!has_or_had_hole(channel))
			return; /* the common case */
		drain_stash(channel);
		break;
	case SEQUENCE_REPEATED:
		stats_drop(STATS_REPEATED, 1);
		return;
	case SEQUENCE_STASHED:
		break;
	case SEQUENCE_OVERFLOW:
		stats_drop(STATS_STASH_FULL, heal->stashes.dropped);
		heal->stashes.dropped = 0;
		break;
	}
	if (channel_is_live(channel))
		note_hole(heal, channel);
}

/* ---- starting, and starting over ---- */

static void go_live(struct heal *heal, struct channel *channel, int64_t base)
{
	channel->heal.state = CHANNEL_LIVE;
	sequence_start(&channel->heal.sequence, base);
	list_remove(&channel->heal.link);
	fanout_go_live(heal->fanout, channel);
	drain_stash(channel);
	note_hole(heal, channel);
}

/* Redis has confirmed the SUBSCRIBE, or is unavailable. */
static void await_head(struct heal *heal, struct channel *channel)
{
	if (channel->is_durable)
		channel->heal.state = CHANNEL_AWAITING_HEAD;
	else
		go_live(heal, channel, 0);
}

/* Closes all subscribers of a live channel. Those that join from now on get a
 * new base. */
static void start_over(struct heal *heal, struct channel *channel,
		       const struct close_cause *cause)
{
	fanout_close(channel, cause);
	log_reader_forget(heal->reader, channel);
	sequence_reset(&channel->heal.sequence);
	channel->heal.is_reading = false;
	channel->heal.state = CHANNEL_AWAITING_HEAD;
	put_in_list(heal, channel, &heal->starting);
}

static void take_epoch(struct heal *heal, struct span epoch)
{
	struct channel *channel;

	if (span_is(epoch, heal->epoch) || epoch.len == 0 ||
	    epoch.len >= EPOCH_MAX)
		return;
	if (heal->epoch[0] != '\0')
		log_warn("the epoch changed: subscribers start over");
	else
		/* events that came before were dropped: of which epoch was
		 * not known */
		heal->is_poll_due = true;
	memcpy(heal->epoch, epoch.ptr, epoch.len);
	heal->epoch[epoch.len] = '\0';
	fanout_set_epoch(heal->fanout, heal->epoch);
	for (channel = fanout_channels(heal->fanout)->first; channel != NULL;
	     channel = channel->hh.next) {
		if (!channel->is_durable)
			continue;
		if (channel_is_live(channel))
			start_over(heal, channel,
				   &pusher_causes[PUSHER_CAUSE_EPOCH]);
		/* stashed events may be of the old epoch */
		sequence_reset(&channel->heal.sequence);
	}
}

/* ---- heads: of channels that start, and of those that are polled ---- */

static void take_heads(struct heal *heal, const struct log_heads *heads,
		       enum channel_state wanted)
{
	int64_t lag = 0;
	size_t i;

	take_epoch(heal, heads->epoch);
	for (i = 0; i < heads->count; i++) {
		const struct log_head *head = &heads->heads[i];
		struct channel *channel =
			channel_find(fanout_channels(heal->fanout),
				     head->channel.app, head->channel.name);

		if (channel == NULL || channel->heal.state != wanted ||
		    !channel->is_durable)
			continue;
		if (wanted == CHANNEL_READING_HEAD) {
			go_live(heal, channel, head->last_id);
		} else {
			sequence_see_head(&channel->heal.sequence,
					  head->last_id);
			note_hole(heal, channel);
			if (lag < sequence_lag(&channel->heal.sequence))
				lag = sequence_lag(&channel->heal.sequence);
		}
	}
	if (wanted == CHANNEL_LIVE)
		metric_set(&stats()->head_lag, lag);
}

/* Channels whose head a read did not bring are read again. */
static void unread_starting(struct heal *heal)
{
	struct list *link;

	for (link = heal->starting.next; link != &heal->starting;
	     link = link->next) {
		struct channel *channel =
			container_of(link, struct channel, heal.link);

		if (channel->heal.state == CHANNEL_READING_HEAD)
			channel->heal.state = CHANNEL_AWAITING_HEAD;
	}
}

static struct log_channel in_log(const struct channel *channel)
{
	return (struct log_channel){ channel->app, channel_name(channel) };
}

/* Moves up to LOOKUPS_MAX channels from awaiting their head to reading it.
 * Returns how many. */
static size_t collect_starting(struct heal *heal, struct log_channel *channels)
{
	struct list *link;
	size_t count = 0;

	for (link = heal->starting.next;
	     link != &heal->starting && count < LOOKUPS_MAX;
	     link = link->next) {
		struct channel *channel =
			container_of(link, struct channel, heal.link);

		if (channel->heal.state != CHANNEL_AWAITING_HEAD)
			continue;
		channel->heal.state = CHANNEL_READING_HEAD;
		channels[count++] = in_log(channel);
	}
	return count;
}

static void read_starting(struct heal *heal)
{
	struct log_channel channels[LOOKUPS_MAX];
	size_t count;

	if (heal->is_reading_starting)
		return;
	count = collect_starting(heal, channels);
	if (count == 0)
		return;
	if (log_reader_heads(heal->reader, channels, count,
			     &heal->is_reading_starting) == 0)
		heal->is_reading_starting = true;
	else
		unread_starting(heal);
}

bool heal_is_log_up(const struct heal *heal)
{
	return log_reader_is_up(heal->reader);
}

/* Requests the heads of all live channels; -1 if the log is unavailable. The
 * request is sent without any channel, too: it shows whether the log answers,
 * and its epoch. */
static int read_live(struct heal *heal)
{
	const struct channel *live[LOOKUPS_MAX + 1];
	struct log_channel channels[LOOKUPS_MAX];
	size_t count, i;

	count = channel_list_live(fanout_channels(heal->fanout), live,
				  LOOKUPS_MAX + 1);
	if (count > LOOKUPS_MAX)
		return log_reader_all_heads(heal->reader, &heal->is_polling);
	for (i = 0; i < count; i++)
		channels[i] = in_log(live[i]);
	return log_reader_heads(heal->reader, channels, count,
				&heal->is_polling);
}

void heal_poll(struct heal *heal)
{
	heal->is_poll_due = heal->is_polling;
	if (heal->is_polling || chaos_is("no-head-poll"))
		return;
	heal->is_polling = read_live(heal) == 0;
	metric_add_own(&stats()->head_polls, heal->is_polling);
}

static void on_heads(void *ctx, void *who, const struct log_heads *heads)
{
	struct heal *heal = ctx;

	if (who == &heal->is_polling) {
		heal->is_polling = false;
		if (heads != NULL)
			take_heads(heal, heads, CHANNEL_LIVE);
	} else {
		heal->is_reading_starting = false;
		if (heads != NULL)
			take_heads(heal, heads, CHANNEL_READING_HEAD);
		unread_starting(heal);
	}
	if (heads == NULL)
		return;
	read_starting(heal);
	if (heal->is_poll_due)
		heal_poll(heal);
}

/* ---- holes ---- */

static void read_hole(struct heal *heal, struct channel *channel)
{
	struct log_channel in = in_log(channel);
	int64_t from_id, to_id;

	if (channel->heal.is_reading)
		return;
	sequence_find_hole(&channel->heal.sequence, &from_id, &to_id);
	if (log_reader_rows(heal->reader, &in, from_id, to_id, channel) == -1)
		return;
	channel->heal.is_reading = true;
	metric_add_own(&stats()->holes, 1);
}

static void deliver_row(struct heal *heal, struct channel *channel,
			const struct event *event)
{
	int64_t before = channel->heal.sequence.delivered;
	struct buf text = BUF_INIT;
	struct frame *frame;

	event_encode(&text, event);
	frame = frame_new(WS_OP_TEXT, buf_span(&text));
	buf_release(&text);
	take_event(heal, channel, event->id, frame,
		   socket_id_parse(event->exclude));
	metric_add_own(&stats()->healed,
		       channel->heal.sequence.delivered > before);
	frame_unref(frame);
}

static void end_read(struct heal *heal, struct channel *channel,
		     const struct log_rows *rows)
{
	switch (sequence_end_read(&channel->heal.sequence, rows->from_id,
				  rows->last_id)) {
	case SEQUENCE_WHOLE:
		list_remove(&channel->heal.link);
		break;
	case SEQUENCE_INCOMPLETE:
		read_hole(heal, channel);
		break;
	case SEQUENCE_LOST:
		start_over(heal, channel, &pusher_causes[PUSHER_CAUSE_TRIMMED]);
		break;
	}
}

static void on_rows(void *ctx, void *who, const struct log_rows *rows)
{
	struct heal *heal = ctx;
	struct channel *channel = who;
	int64_t before = channel->heal.sequence.delivered;
	size_t i;

	channel->heal.is_reading = false;
	if (rows == NULL) {
		/* the first poll after the log is back finds the hole */
		list_remove(&channel->heal.link);
		return;
	}
	take_epoch(heal, rows->epoch);
	if (!channel_is_live(channel))
		return;
	for (i = 0; i < rows->count; i++)
		deliver_row(heal, channel, &rows->events[i]);
	log_debug("healed %lld of '%.*s' up to %lld",
		  (long long)(channel->heal.sequence.delivered - before),
		  (int)channel->key_len, channel->key,
		  (long long)channel->heal.sequence.delivered);
	end_read(heal, channel, rows);
}

/* Reads the holes that are old enough. The list is sorted by age, and a channel
 * stays in it until it has no hole. */
static void on_hole_timer(struct loop_timer *timer)
{
	struct heal *heal = container_of(timer, struct heal, hole_timer);
	int64_t now_ms = loop_now_ms(heal->loop), left_ms;
	struct list *link;

	for (link = heal->holed.next; link != &heal->holed; link = link->next) {
		struct channel *channel =
			container_of(link, struct channel, heal.link);

		left_ms = channel->heal.since_ms + heal->conf.hole_wait_ms -
			  now_ms;
		if (left_ms > 0) {
			loop_set_timer(heal->loop, timer, left_ms,
				       on_hole_timer);
			return;
		}
		read_hole(heal, channel);
	}
	if (!list_is_empty(&heal->holed))
		loop_set_timer(heal->loop, timer, heal->conf.hole_wait_ms,
			       on_hole_timer);
}

/* ---- time ---- */

/* Closes the subscribers of durable channels that have been starting for too
 * long. */
static void close_late_starters(struct heal *heal)
{
	int64_t now_ms = loop_now_ms(heal->loop);
	struct list *link;

	for (link = heal->starting.next; link != &heal->starting;
	     link = link->next) {
		struct channel *channel =
			container_of(link, struct channel, heal.link);

		if (now_ms - channel->heal.since_ms <
		    heal->conf.start_timeout_ms)
			break;
		if (channel->is_durable)
			fanout_close(channel,
				     &pusher_causes[PUSHER_CAUSE_LOG_AWAY]);
	}
}

static void on_poll_timer(struct loop_timer *timer)
{
	struct heal *heal = container_of(timer, struct heal, poll_timer);

	metric_set(&stats()->stash_bytes, (int64_t)heal->stashes.bytes);
	read_starting(heal);
	heal_poll(heal);
	close_late_starters(heal);
	loop_set_timer(heal->loop, timer,
		       heal->is_bus_up ? heal->conf.poll_ms
				       : POLL_WITHOUT_BUS_MS,
		       on_poll_timer);
}

/* ---- what the log reader and the other rooms report ---- */

static void on_log_up(void *ctx)
{
	struct heal *heal = ctx;

	read_starting(heal);
	heal_poll(heal);
}

static const struct log_reader_ops log_reader_ops = {
	.on_up = on_log_up,
	.on_heads = on_heads,
	.on_rows = on_rows,
};

void heal_start(struct heal *heal, struct channel *channel)
{
	channel->heal.state = CHANNEL_SUBSCRIBING;
	sequence_init(&channel->heal.sequence, &heal->stashes);
	put_in_list(heal, channel, &heal->starting);
	if (!heal->is_bus_up) {
		await_head(heal, channel);
		read_starting(heal);
	}
}

void heal_forget(struct heal *heal, struct channel *channel)
{
	log_reader_forget(heal->reader, channel);
	sequence_reset(&channel->heal.sequence);
	list_remove(&channel->heal.link);
}

void heal_confirm(struct heal *heal, uint64_t ticket)
{
	struct list *link = heal->starting.next;

	while (link != &heal->starting) {
		struct channel *channel =
			container_of(link, struct channel, heal.link);

		link = link->next; /* a channel that goes live leaves */
		if (channel->heal.state == CHANNEL_SUBSCRIBING &&
		    channel->topic_router.ticket <= ticket)
			await_head(heal, channel);
	}
	read_starting(heal);
}

void heal_set_bus_up(struct heal *heal, bool is_up)
{
	heal->is_bus_up = is_up;
	if (!is_up)
		heal_confirm(heal, UINT64_MAX);
	loop_set_timer(heal->loop, &heal->poll_timer, 0, on_poll_timer);
}

void heal_event(struct heal *heal, struct channel *channel,
		const struct envelope *envelope)
{
	uint64_t exclude = socket_id_parse(envelope->exclude);
	struct frame *frame;

	metric_add_own(&stats()->hints, 1);
	if (channel->is_durable && envelope->id != 0 &&
	    !span_is(envelope->epoch, heal->epoch)) {
		/* true as well before the first read of the log */
		stats_drop(STATS_OTHER_EPOCH, 1);
		heal_poll(heal);
		return;
	}
	frame = frame_new(WS_OP_TEXT, envelope->event);
	if (channel->is_durable && envelope->id != 0)
		take_event(heal, channel, envelope->id, frame, exclude);
	else if (channel_is_live(channel) &&
		 pusher_is_client_event(envelope->event))
		fanout_pass(channel, frame, exclude);
	else if (channel_is_live(channel))
		fanout_deliver(channel, frame, exclude);
	frame_unref(frame);
}

/* ---- life ---- */

struct heal *heal_new(struct loop *loop, struct fanout *fanout,
		      const struct heal_conf *conf)
{
	struct heal *heal = xcalloc(1, sizeof(*heal));

	heal->loop = loop;
	heal->fanout = fanout;
	heal->conf = *conf;
	heal->stashes.max_bytes = (size_t)conf->stash_max_bytes;
	list_init(&heal->starting);
	list_init(&heal->holed);
	heal->reader = log_reader_new(loop, conf->database, conf->apps,
				      &log_reader_ops, heal);
	loop_set_timer(loop, &heal->poll_timer, 0, on_poll_timer);
	return heal;
}

void heal_free(struct heal *heal)
{
	assert(list_is_empty(&heal->starting));
	assert(list_is_empty(&heal->holed));
	loop_clear_timer(heal->loop, &heal->poll_timer);
	loop_clear_timer(heal->loop, &heal->hole_timer);
	log_reader_free(heal->reader);
	free(heal);
}
