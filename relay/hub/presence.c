/* SPDX-License-Identifier: MIT
 *
 * A place for each presence channel: its room, its pending joins, and its open
 * queries to Redis.
 */
#include "relay/hub/presence.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "relay/channels/room.h"
#include "relay/protocol/pusher.h"
#include "relay/stats.h"

/* How long joins wait for Redis after it became unavailable. */
#define PATIENCE_MS 1000

struct presence {
	struct loop *loop;
	struct fanout *fanout;
	struct roster *roster;
	struct list places;
	struct loop_timer patience, grace;
	bool is_alone; /* Redis is unavailable, and joins do not wait for it */
};

/* Outlives its channel until its queries are answered. */
struct place {
	struct room room; /* channel->presence.room points to it */
	struct presence *presence;
	struct channel *channel; /* NULL: it has ended */
	struct list link;        /* in presence's places */
	struct list pending;
	size_t open_queries;        /* and calls that hold it */
	bool is_current;            /* a list came since presence_begin */
	bool is_querying, is_dirty; /* the list; again after this answer */
	bool is_graced;             /* keeps members that a list lacks */
};

/* A subscription that is not a member of its channel yet. */
struct pending_join {
	struct list link;
	struct session *session;
	struct subscription *subscription;
};

/* A join that was sent to Redis. */
struct join_query {
	struct place *place;
	size_t user_len;
	char user[];
};

static void query_members(struct place *place);

static struct place *place_of(const struct channel *channel)
{
	return container_of(channel->presence.room, struct place, room);
}

/* ---- places ---- */

static struct place *open_place(struct presence *presence,
				struct channel *channel)
{
	struct place *place = xcalloc(1, sizeof(*place));

	room_init(&place->room);
	place->presence = presence;
	place->channel = channel;
	list_init(&place->pending);
	list_init(&place->link);
	list_append(&presence->places, &place->link);
	channel->presence.room = &place->room;
	metric_add_own(&stats()->rooms, 1);
	return place;
}

static void hold_place(struct place *place)
{
	place->open_queries++;
}

static void drop_place(struct place *place)
{
	if (place->channel != NULL || place->open_queries > 0)
		return;
	room_release(&place->room);
	free(place);
}

static void release_place(struct place *place)
{
	assert(place->open_queries > 0);
	place->open_queries--;
	drop_place(place);
}

void presence_forget(struct presence *presence, struct channel *channel)
{
	struct place *place;

	(void)presence;
	if (channel->presence.room == NULL)
		return;
	place = place_of(channel);
	assert(list_is_empty(&place->pending));
	metric_add_own(&stats()->rooms, -1);
	metric_add_own(&stats()->members, -(int64_t)place->room.shown);
	channel->presence.room = NULL;
	place->channel = NULL;
	list_remove(&place->link);
	drop_place(place);
}

/* ---- reporting changes ---- */

static void send_member_change(struct place *place,
			       const struct room_member *member, bool is_there)
{
	struct channel *channel = place->channel;
	struct buf text = BUF_INIT;
	struct frame *frame;

	metric_add_own(&stats()->members, is_there ? 1 : -1);
	if (!channel_is_live(channel))
		return; /* subscribers get the list when it is */
	pusher_add_member(&text, is_there, channel_name(channel),
			  room_member_user(member), room_member_info(member));
	frame = frame_new(WS_OP_TEXT, buf_span(&text));
	buf_release(&text);
	fanout_send(channel, frame);
	frame_unref(frame);
}

static void take_member_list(struct place *place,
			     const struct roster_list *list)
{
	struct room *room = &place->room;
	struct room_member *member, *at;
	size_t i, count = roster_list_count(list);

	room_list_begin(room);
	for (i = 0; i + 1 < count; i += 2) {
		member = room_list_add(room, roster_list_at(list, i),
				       roster_list_at(list, i + 1));
		if (member != NULL)
			send_member_change(place, member, true);
	}
	place->is_current = true;
	if (place->is_graced)
		return;
	at = room->first;
	while ((member = room_list_take(room, &at)) != NULL) {
		send_member_change(place, member, false);
		room_drop(room, member);
	}
}

/* ---- pending joins ---- */

static bool is_full(const struct place *place)
{
	int64_t max = place->channel->app->presence_members_max;

	return max > 0 && place->room.shown >= max;
}

static void refuse_join(struct pending_join *join)
{
	static const struct session_refusal full = { 4004, "LimitReached", 403,
						     "Too many members" };
	struct session *session = join->session;
	struct subscription *subscription = join->subscription;

	list_remove(&join->link);
	free(join);
	session_refuse(session, subscription, &full);
}

static void admit_join(struct place *place, struct pending_join *join)
{
	list_remove(&join->link);
	fanout_admit(place->presence->fanout, join->session,
		     join->subscription);
	free(join);
}

/* Admits or refuses every pending join that can be decided. The place must be
 * held: the last refused subscription ends its channel. */
static void settle_joins(struct place *place)
{
	bool is_alone = place->presence->is_alone;
	struct list *at = place->pending.next, *next;

	for (; at != &place->pending; at = next) {
		struct pending_join *join =
			container_of(at, struct pending_join, link);
		struct room_member *member = join->subscription->member;

		next = at->next;
		if (is_alone && !member->is_shown) {
			if (is_full(place)) {
				refuse_join(join);
				continue;
			}
			room_show(&place->room, member);
			send_member_change(place, member, true);
		}
		if (member->is_shown && (place->is_current || is_alone))
			admit_join(place, join);
	}
}

/* Registers a member without asking whether there is room for it. */
static void register_member(struct place *place,
			    const struct room_member *member)
{
	struct roster_member entry = { room_member_user(member),
				       room_member_info(member) };

	roster_register(place->presence->roster, false, place->channel->app->id,
			channel_name(place->channel), &entry, 1);
}

/* Redis has no room for the user. A member that was admitted while Redis was
 * unavailable stays. */
static void refuse_joins_of(struct place *place, struct span user)
{
	struct list *at = place->pending.next, *next;
	struct room_member *member;

	for (; at != &place->pending; at = next) {
		struct pending_join *join =
			container_of(at, struct pending_join, link);

		next = at->next;
		if (span_equal(room_member_user(join->subscription->member),
			       user))
			refuse_join(join);
	}
	member = room_find(&place->room, user);
	if (member != NULL && member->own > 0)
		register_member(place, member);
}

/* ---- queries ---- */

/* A join for which there is room is admitted by the list that was requested
 * right after it. */
static void on_join(void *subject, const struct roster_list *list)
{
	struct join_query *query = subject;
	struct place *place = query->place;

	if (list != NULL && place->channel != NULL &&
	    roster_list_count(list) == 0)
		refuse_joins_of(place, span_of(query->user, query->user_len));
	free(query);
	release_place(place);
}

static void query_join(struct place *place, struct room_member *member)
{
	const struct app *app = place->channel->app;
	struct span user = room_member_user(member);
	struct roster_member entry = { user, room_member_info(member) };
	struct join_query *query = xmalloc(sizeof(*query) + user.len);

	query->place = place;
	query->user_len = user.len;
	memcpy(query->user, user.ptr, user.len);
	if (!roster_join(place->presence->roster, app->id,
			 channel_name(place->channel), &entry,
			 app->presence_members_max, on_join, query)) {
		free(query);
		return;
	}
	member->is_registered = true;
	hold_place(place);
	query_members(place);
}

static void on_members(void *subject, const struct roster_list *list)
{
	struct place *place = subject;
	bool is_dirty = place->is_dirty;

	place->is_querying = place->is_dirty = false;
	if (place->channel != NULL && list != NULL) {
		take_member_list(place, list);
		settle_joins(place);
	}
	if (place->channel != NULL && is_dirty)
		query_members(place);
	release_place(place);
}

static void query_members(struct place *place)
{
	if (place->is_querying) {
		place->is_dirty = true;
		return;
	}
	place->is_querying =
		roster_members(place->presence->roster, place->channel->app->id,
			       channel_name(place->channel), on_members, place);
	if (place->is_querying)
		hold_place(place);
}

void presence_hint(struct presence *presence, struct channel *channel)
{
	(void)presence;
	if (channel->presence.room != NULL)
		query_members(place_of(channel));
}

void presence_refresh(struct presence *presence)
{
	struct list *at = presence->places.next;

	for (; at != &presence->places; at = at->next)
		query_members(container_of(at, struct place, link));
}

/* ---- joining and leaving ---- */

void presence_join(struct presence *presence, struct session *session,
		   struct subscription *subscription, struct span name,
		   struct span user_info)
{
	struct pending_join *join = xcalloc(1, sizeof(*join));
	struct channel *channel;
	struct place *place;

	fanout_hold(presence->fanout, session, subscription, name);
	channel = subscription->channel;
	place = channel->presence.room != NULL ? place_of(channel)
					       : open_place(presence, channel);
	subscription->member = room_enter(
		&place->room, span_str(subscription->user_id), user_info);
	join->session = session;
	join->subscription = subscription;
	list_init(&join->link);
	list_append(&place->pending, &join->link);
	if (subscription->member->own == 1)
		query_join(place, subscription->member);
	hold_place(place);
	settle_joins(place);
	release_place(place);
}

static void cancel_join(struct place *place, struct subscription *subscription)
{
	struct list *at = place->pending.next;

	for (; at != &place->pending; at = at->next) {
		struct pending_join *join =
			container_of(at, struct pending_join, link);

		if (join->subscription != subscription)
			continue;
		list_remove(&join->link);
		free(join);
		return;
	}
}

void presence_leave(struct presence *presence,
		    struct subscription *subscription)
{
	struct room_member *member = subscription->member;
	struct channel *channel = subscription->channel;
	struct place *place;

	if (member == NULL)
		return;
	place = place_of(channel);
	cancel_join(place, subscription);
	if (member->own == 1) {
		roster_part(presence->roster, channel->app->id,
			    channel_name(channel), room_member_user(member));
		member->is_registered = false;
	}
	subscription->member = NULL;
	room_leave(&place->room, member);
}

/* ---- Redis comes and goes ---- */

/* Registers the members of this worker: those that were registered before
 * (again), or those that were not. */
static void register_own(struct place *place, bool again)
{
	struct roster *roster = place->presence->roster;
	struct span name = channel_name(place->channel);
	const char *app = place->channel->app->id;
	struct roster_member batch[ROSTER_REGISTER_MAX];
	struct room_member *member = place->room.first;
	size_t count = 0;

	for (; member != NULL; member = member->hh.next) {
		if (member->own == 0 || member->is_registered != again)
			continue;
		batch[count++] =
			(struct roster_member){ room_member_user(member),
						room_member_info(member) };
		if (count < ROSTER_REGISTER_MAX)
			continue;
		roster_register(roster, again, app, name, batch, count);
		count = 0;
	}
	if (count > 0)
		roster_register(roster, again, app, name, batch, count);
}

static void on_grace(struct loop_timer *timer)
{
	struct presence *presence = container_of(timer, struct presence, grace);
	struct list *at = presence->places.next;

	for (; at != &presence->places; at = at->next) {
		struct place *place = container_of(at, struct place, link);

		if (!place->is_graced)
			continue;
		place->is_graced = false;
		query_members(place);
	}
}

void presence_begin(struct presence *presence)
{
	struct list *at = presence->places.next;

	for (; at != &presence->places; at = at->next) {
		struct place *place = container_of(at, struct place, link);
		struct room_member *member = place->room.first;

		place->is_current = false;
		place->is_graced = place->room.shown > 0;
		register_own(place, true);
		register_own(place, false);
		for (; member != NULL; member = member->hh.next)
			member->is_registered = member->own > 0;
		query_members(place);
	}
	loop_set_timer(presence->loop, &presence->grace, ROSTER_LEASE_MS,
		       on_grace);
}

void presence_serving(struct presence *presence)
{
	loop_clear_timer(presence->loop, &presence->patience);
	presence->is_alone = false;
}

static void on_patience(struct loop_timer *timer)
{
	struct presence *presence =
		container_of(timer, struct presence, patience);
	struct list *at = presence->places.next, *next;

	presence->is_alone = true;
	for (; at != &presence->places; at = next) {
		struct place *place = container_of(at, struct place, link);

		/* this place may end, but no other */
		next = at->next;
		hold_place(place);
		settle_joins(place);
		release_place(place);
	}
}

void presence_away(struct presence *presence)
{
	if (!presence->is_alone && !presence->patience.is_set)
		loop_set_timer(presence->loop, &presence->patience, PATIENCE_MS,
			       on_patience);
	loop_clear_timer(presence->loop, &presence->grace);
}

/* ---- life ---- */

struct presence *presence_new(struct loop *loop, struct fanout *fanout,
			      struct roster *roster)
{
	struct presence *presence = xcalloc(1, sizeof(*presence));

	presence->loop = loop;
	presence->fanout = fanout;
	presence->roster = roster;
	list_init(&presence->places);
	presence_away(presence);
	return presence;
}

void presence_free(struct presence *presence)
{
	assert(list_is_empty(&presence->places));
	loop_clear_timer(presence->loop, &presence->patience);
	loop_clear_timer(presence->loop, &presence->grace);
	free(presence);
}
