/* SPDX-License-Identifier: MIT
 *
 * A place for each presence channel: its room, who waits to be let in, and
 * what Redis has been asked about it.
 */
#include "relay/hub/presence.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "relay/channels/room.h"
#include "relay/stats.h"

/* Who joins while Redis is unavailable waits for it so long after it went. */
#define PATIENCE_MS 1000

struct presence {
	struct loop *loop;
	struct fanout *fanout;
	struct roster *roster;
	struct list places;
	struct loop_timer patience, grace;
	bool is_alone; /* Redis is unavailable, and nobody waits for it any more
			*/
};

/* Outlives its channel while questions about it are open. */
struct place {
	struct room room; /* as channel->presence.room */
	struct presence *presence;
	struct channel *channel; /* NULL: it has ended */
	struct list link;        /* in presence's places */
	struct list waits;
	size_t questions; /* that refer to it */
	bool is_current;  /* a list came since Redis last knew nothing */
	bool is_asking, is_dirty; /* for the list, and for one more */
	bool is_graced;           /* others may not have registered again */
};

/* A subscription that is not a member of its channel yet. */
struct wait {
	struct list link;
	struct session *session;
	struct subscription *subscription;
};

/* A join that Redis was told of. */
struct ask {
	struct place *place;
	size_t user_len;
	char user[];
};

static void ask_members(struct place *place);

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
	list_init(&place->waits);
	list_init(&place->link);
	list_append(&presence->places, &place->link);
	channel->presence.room = &place->room;
	metric_add_own(&stats()->rooms, 1);
	return place;
}

static void hold(struct place *place)
{
	place->questions++;
}

static void drop(struct place *place)
{
	if (place->channel != NULL || place->questions > 0)
		return;
	room_release(&place->room);
	free(place);
}

static void let_go(struct place *place)
{
	assert(place->questions > 0);
	place->questions--;
	drop(place);
}

void presence_forget(struct presence *presence, struct channel *channel)
{
	struct place *place;

	(void)presence;
	if (channel->presence.room == NULL)
		return;
	place = place_of(channel);
	assert(list_is_empty(&place->waits));
	metric_add_own(&stats()->rooms, -1);
	metric_add_own(&stats()->members, -(int64_t)place->room.shown);
	channel->presence.room = NULL;
	place->channel = NULL;
	list_remove(&place->link);
	drop(place);
}

/* ---- telling ---- */

static void tell(struct place *place, const struct room_member *member,
		 bool is_there)
{
	struct channel *channel = place->channel;
	struct buf text = BUF_INIT;
	struct frame *frame;

	metric_add_own(&stats()->members, is_there ? 1 : -1);
	if (!channel_is_live(channel))
		return; /* the list will be told when it is */
	pusher_add_member(&text, is_there, channel_name(channel),
			  room_member_user(member), room_member_info(member));
	frame = frame_new(WS_OP_TEXT, buf_span(&text));
	buf_release(&text);
	fanout_tell(channel, frame);
	frame_unref(frame);
}

static void take_list(struct place *place, const struct roster_list *list)
{
	struct room *room = &place->room;
	struct room_member *member, *at;
	size_t i, count = roster_list_count(list);

	room_list_begin(room);
	for (i = 0; i + 1 < count; i += 2) {
		member = room_list_add(room, roster_list_at(list, i),
				       roster_list_at(list, i + 1));
		if (member != NULL)
			tell(place, member, true);
	}
	place->is_current = true;
	if (place->is_graced)
		return;
	at = room->first;
	while ((member = room_list_take(room, &at)) != NULL) {
		tell(place, member, false);
		room_drop(room, member);
	}
}

/* ---- letting in ---- */

static bool is_full(const struct place *place)
{
	int64_t max = place->channel->app->presence_members_max;

	return max > 0 && place->room.shown >= max;
}

static void refuse(struct wait *wait)
{
	static const struct session_refusal full = { 4004, "LimitReached", 403,
						     "Too many members" };
	struct session *session = wait->session;
	struct subscription *subscription = wait->subscription;

	list_remove(&wait->link);
	free(wait);
	session_refuse(session, subscription, &full);
}

static void admit(struct place *place, struct wait *wait)
{
	list_remove(&wait->link);
	fanout_admit(place->presence->fanout, wait->session,
		     wait->subscription);
	free(wait);
}

/* Lets in who may be; the place must be held. */
static void settle(struct place *place)
{
	bool is_alone = place->presence->is_alone;
	struct list *at = place->waits.next, *next;

	for (; at != &place->waits; at = next) {
		struct wait *wait = container_of(at, struct wait, link);
		struct room_member *member = wait->subscription->member;

		next = at->next;
		if (is_alone && !member->is_shown) {
			if (is_full(place)) {
				refuse(wait);
				continue;
			}
			room_show(&place->room, member);
			tell(place, member, true);
		}
		if (member->is_shown && (place->is_current || is_alone))
			admit(place, wait);
	}
}

/* Tells Redis of a member that it need not agree to. */
static void register_member(struct place *place,
			    const struct room_member *member)
{
	struct roster_member told = { room_member_user(member),
				      room_member_info(member) };

	roster_register(place->presence->roster, false, place->channel->app->id,
			channel_name(place->channel), &told, 1);
}

/* Who was let in already, because Redis was unavailable then, stays. */
static void refuse_user(struct place *place, struct span user)
{
	struct list *at = place->waits.next, *next;
	struct room_member *member;

	for (; at != &place->waits; at = next) {
		struct wait *wait = container_of(at, struct wait, link);

		next = at->next;
		if (span_equal(room_member_user(wait->subscription->member),
			       user))
			refuse(wait);
	}
	member = room_find(&place->room, user);
	if (member != NULL && member->own > 0)
		register_member(place, member);
}

/* ---- asking ---- */

/* Who may come in does so with the list that was asked for then. */
static void on_join(void *subject, const struct roster_list *list)
{
	struct ask *ask = subject;
	struct place *place = ask->place;

	if (list != NULL && place->channel != NULL &&
	    roster_list_count(list) == 0)
		refuse_user(place, span_of(ask->user, ask->user_len));
	free(ask);
	let_go(place);
}

static void ask_join(struct place *place, struct room_member *member)
{
	const struct app *app = place->channel->app;
	struct span user = room_member_user(member);
	struct roster_member told = { user, room_member_info(member) };
	struct ask *ask = xmalloc(sizeof(*ask) + user.len);

	ask->place = place;
	ask->user_len = user.len;
	memcpy(ask->user, user.ptr, user.len);
	if (!roster_join(place->presence->roster, app->id,
			 channel_name(place->channel), &told,
			 app->presence_members_max, on_join, ask)) {
		free(ask);
		return;
	}
	member->is_registered = true;
	hold(place);
	ask_members(place);
}

static void on_members(void *subject, const struct roster_list *list)
{
	struct place *place = subject;
	bool is_dirty = place->is_dirty;

	place->is_asking = place->is_dirty = false;
	if (place->channel != NULL && list != NULL) {
		take_list(place, list);
		settle(place);
	}
	if (place->channel != NULL && is_dirty)
		ask_members(place);
	let_go(place);
}

static void ask_members(struct place *place)
{
	if (place->is_asking) {
		place->is_dirty = true;
		return;
	}
	place->is_asking =
		roster_members(place->presence->roster, place->channel->app->id,
			       channel_name(place->channel), on_members, place);
	if (place->is_asking)
		hold(place);
}

void presence_hint(struct presence *presence, struct channel *channel)
{
	(void)presence;
	if (channel->presence.room != NULL)
		ask_members(place_of(channel));
}

void presence_refresh(struct presence *presence)
{
	struct list *at = presence->places.next;

	for (; at != &presence->places; at = at->next)
		ask_members(container_of(at, struct place, link));
}

/* ---- joining and leaving ---- */

void presence_join(struct presence *presence, struct session *session,
		   struct subscription *subscription, struct span name,
		   struct span user_info)
{
	struct wait *wait = xcalloc(1, sizeof(*wait));
	struct channel *channel;
	struct place *place;

	fanout_hold(presence->fanout, session, subscription, name);
	channel = subscription->channel;
	place = channel->presence.room != NULL ? place_of(channel)
					       : open_place(presence, channel);
	subscription->member = room_enter(
		&place->room, span_str(subscription->user_id), user_info);
	wait->session = session;
	wait->subscription = subscription;
	list_init(&wait->link);
	list_append(&place->waits, &wait->link);
	if (subscription->member->own == 1)
		ask_join(place, subscription->member);
	hold(place);
	settle(place);
	let_go(place);
}

static void stop_waiting(struct place *place, struct subscription *subscription)
{
	struct list *at = place->waits.next;

	for (; at != &place->waits; at = at->next) {
		struct wait *wait = container_of(at, struct wait, link);

		if (wait->subscription != subscription)
			continue;
		list_remove(&wait->link);
		free(wait);
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
	stop_waiting(place, subscription);
	if (member->own == 1) {
		roster_part(presence->roster, channel->app->id,
			    channel_name(channel), room_member_user(member));
		member->is_registered = false;
	}
	subscription->member = NULL;
	room_leave(&place->room, member);
}

/* ---- Redis comes and goes ---- */

/* Our own members that are, or are not, registered from before. */
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
		ask_members(place);
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
		ask_members(place);
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

		/* it may end, but no other place by that */
		next = at->next;
		hold(place);
		settle(place);
		let_go(place);
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
