/* SPDX-License-Identifier: MIT
 *
 * Wires the lower rooms together: their callbacks end here and call the other
 * rooms.
 */
#include "relay/process/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/daemon/ops_server.h"
#include "relay/backends/roster.h"
#include "relay/hub/cache_channel.h"
#include "relay/hub/client_event.h"
#include "relay/hub/heal.h"
#include "relay/hub/occupancy.h"
#include "relay/hub/presence.h"
#include "relay/hub/signed_in_users.h"
#include "relay/hub/topic_router.h"
#include "relay/net/listener.h"
#include "relay/process/drain.h"
#include "relay/protocol/pusher.h"
#include "relay/stats.h"

/* Largest client message: 10 KB of data and its envelope. */
#define MESSAGE_MAX_BYTES 16384

/* Interval between heartbeats; the shorter one until the worker is ready. */
#define BEAT_MS 1000
#define READY_STEP_MS 20
/* Time for Redis and PostgreSQL to answer before it is ready without them. */
#define READY_WAIT_MS 2000

struct worker {
	const struct worker_conf *conf;
	struct loop *loop;
	struct listener *listener;
	struct session_set *sessions;
	struct fanout *fanout;
	struct heal *heal;
	struct occupancy *occupancy;
	struct presence *presence;
	struct cache_channel *cache;
	struct signed_in_users *users;
	struct roster *roster;
	struct topic_router *topics;
	pid_t master;
	struct ops_server *ops; /* NULL: no operator socket */
	struct loop_watch ops_watch;
	struct loop_watch signals;
	struct drain drain; /* active once the listener is closed */
	struct heartbeat *heartbeat;
	struct loop_timer beat;
	int64_t ready_by_ms;
};

/* ---- from the sessions ---- */

static void on_accept(void *ctx, int fd, const struct sockaddr *address)
{
	struct worker *worker = ctx;

	session_accept(worker->sessions, fd, address);
}

static void on_subscribe(void *ctx, struct session *session,
			 struct subscription *subscription, struct span name)
{
	struct worker *worker = ctx;

	fanout_join(worker->fanout, session, subscription, name);
}

static void on_presence_subscribe(void *ctx, struct session *session,
				  struct subscription *subscription,
				  struct span name, struct span user_info)
{
	struct worker *worker = ctx;

	presence_join(worker->presence, session, subscription, name, user_info);
}

static void on_unsubscribe(void *ctx, struct subscription *subscription)
{
	struct worker *worker = ctx;

	presence_leave(worker->presence, subscription);
	fanout_leave(worker->fanout, subscription);
}

static void on_signin(void *ctx, struct session *session, struct span user_data)
{
	struct worker *worker = ctx;

	signed_in_users_sign_in(worker->users, session, user_data);
}

static void on_signout(void *ctx, struct session *session)
{
	struct worker *worker = ctx;

	signed_in_users_sign_out(worker->users, session);
}

static void on_client_event(void *ctx, struct session *session,
			    struct subscription *subscription, struct span name,
			    struct span data)
{
	struct worker *worker = ctx;
	struct client_event event = {
		.channel = subscription->channel,
		.socket_id = session->subscriber.socket_id,
		.user_id = subscription->user_id,
		.name = name,
		.data = data,
	};
	struct buf topic = BUF_INIT;

	topic_router_add(worker->topics, &topic, event.channel);
	event.topic = buf_span(&topic);
	client_event_send(&event, worker->roster,
			  topic_router_is_up(worker->topics));
	buf_release(&topic);
}

static const struct session_ops session_ops = {
	.on_signin = on_signin,
	.on_signout = on_signout,
	.on_subscribe = on_subscribe,
	.on_presence_subscribe = on_presence_subscribe,
	.on_unsubscribe = on_unsubscribe,
	.on_client_event = on_client_event,
};

/* ---- from the channels ---- */

static void on_first(void *ctx, struct channel *channel)
{
	struct worker *worker = ctx;

	topic_router_follow(worker->topics, channel);
	heal_start(worker->heal, channel);
}

static void on_last(void *ctx, struct channel *channel)
{
	struct worker *worker = ctx;

	topic_router_leave(worker->topics, channel);
	heal_forget(worker->heal, channel);
	occupancy_forget(worker->occupancy, channel);
	presence_forget(worker->presence, channel);
}

static void on_count(void *ctx, struct channel *channel)
{
	struct worker *worker = ctx;

	occupancy_note(worker->occupancy, channel);
}

static void on_subscribed(void *ctx, struct channel *channel)
{
	struct worker *worker = ctx;

	cache_channel_send_last(worker->cache, channel);
}

static const struct fanout_ops fanout_ops = {
	.on_subscribed = on_subscribed,
	.on_first = on_first,
	.on_last = on_last,
	.on_count = on_count,
};

/* ---- from the roster ---- */

static void on_begin(void *ctx)
{
	struct worker *worker = ctx;

	occupancy_begin(worker->occupancy,
			fanout_channels(worker->fanout)->first);
	presence_begin(worker->presence);
	signed_in_users_begin(worker->users);
}

static void on_serving(void *ctx)
{
	struct worker *worker = ctx;

	presence_serving(worker->presence);
}

static void on_away(void *ctx)
{
	struct worker *worker = ctx;

	presence_away(worker->presence);
}

static const struct roster_ops roster_ops = {
	.on_begin = on_begin,
	.on_serving = on_serving,
	.on_away = on_away,
};

/* ---- for the operator ---- */

static void on_ops(struct loop_watch *watch, unsigned events)
{
	struct worker *worker = container_of(watch, struct worker, ops_watch);

	(void)events;
	ops_server_turn(worker->ops);
}

static void start_ops(struct worker *worker)
{
	worker->ops_watch.fd = -1;
	if (worker->conf->ops_fd == -1)
		return;
	worker->ops = ops_server_new(worker->conf->ops_fd, &stats_handler);
	loop_add(worker->loop, &worker->ops_watch, ops_server_fd(worker->ops),
		 LOOP_READ, on_ops);
}

static void stop_ops(struct worker *worker)
{
	loop_remove(worker->loop, &worker->ops_watch);
	ops_server_free(worker->ops);
	worker->ops = NULL;
}

/* ---- stopping ---- */

static bool is_idle(void *ctx)
{
	struct worker *worker = ctx;

	return worker->ops == NULL || ops_server_is_idle(worker->ops);
}

static void leave(struct worker *worker, int64_t spread_ms)
{
	struct drain_conf conf = { .spread_ms = spread_ms,
				   .patience_ms = worker->conf->drain_ms };

	listener_free(worker->listener);
	worker->listener = NULL;
	if (worker->ops != NULL)
		ops_server_leave(worker->ops);
	/* A client may reconnect at once only if some process still listens.
	 * SIGTERM also reports the death of the master. */
	conf.cause = &pusher_causes[getppid() == worker->master
					    ? PUSHER_CAUSE_DRAIN
					    : PUSHER_CAUSE_ORPHANED];
	drain_start(&worker->drain, worker->loop,
		    session_set_conns(worker->sessions), &conf, is_idle,
		    worker);
}

static void on_signal(struct loop_watch *watch, unsigned events)
{
	struct worker *worker = container_of(watch, struct worker, signals);
	bool is_serving = worker->listener != NULL;
	struct signalfd_siginfo info;

	(void)events;
	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == WORKER_RETIRE && is_serving)
		leave(worker, worker->conf->reload_drain_ms);
	/* SIGTERM makes a slow drain immediate */
	if (info.ssi_signo == SIGTERM &&
	    (is_serving || worker->drain.conf.spread_ms > 0))
		leave(worker, 0);
}

static void watch_signals(struct worker *worker)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, WORKER_RETIRE);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd == -1)
		fatal("cannot wait for signals");
	loop_add(worker->loop, &worker->signals, fd, LOOP_READ, on_signal);
}

/* ---- heartbeat ---- */

/* A worker is ready once it can serve a subscriber without delay. An
 * unavailable server does not delay it for longer than READY_WAIT_MS: it may
 * return to the new workers as soon as to the old. */
static void on_beat(struct loop_timer *timer)
{
	struct worker *worker = container_of(timer, struct worker, beat);
	bool is_connected = topic_router_is_up(worker->topics) &&
			    roster_is_up(worker->roster) &&
			    heal_is_log_up(worker->heal);
	bool is_ready = is_connected ||
			loop_now_ms(worker->loop) >= worker->ready_by_ms;

	heartbeat_beat(worker->heartbeat, is_ready);
	loop_set_timer(worker->loop, timer, is_ready ? BEAT_MS : READY_STEP_MS,
		       on_beat);
}

/* ---- life cycle ---- */

static const struct conn_causes conn_causes = {
	.peer = &pusher_causes[PUSHER_CAUSE_PEER],
	.bad_handshake = &pusher_causes[PUSHER_CAUSE_BAD_HANDSHAKE],
	.handshake_timeout = &pusher_causes[PUSHER_CAUSE_HANDSHAKE_TIMEOUT],
	.bad_frame = &pusher_causes[PUSHER_CAUSE_BAD_FRAME],
	.binary = &pusher_causes[PUSHER_CAUSE_BINARY],
	.bad_utf8 = &pusher_causes[PUSHER_CAUSE_BAD_UTF8],
	.too_large = &pusher_causes[PUSHER_CAUSE_TOO_LARGE],
	.slow = &pusher_causes[PUSHER_CAUSE_SLOW],
	.pong_missing = &pusher_causes[PUSHER_CAUSE_PONG_MISSING],
};

static void make_sessions(struct worker *worker)
{
	const struct worker_conf *conf = worker->conf;
	struct conn_conf conn_conf = conf->conn;
	struct session_conf session_conf = conf->session;

	conn_conf.causes = &conn_causes;
	/* clients ping first: see PROTOCOL.md, Closing */
	conn_conf.idle_s = session_conf.activity_timeout_s * 3 / 2;
	conn_conf.message_max_bytes = MESSAGE_MAX_BYTES;
	session_conf.apps = conf->apps;
	worker->sessions = session_set_new(worker->loop, &conn_conf,
					   &session_conf, &session_ops, worker);
}

static void make_channels(struct worker *worker)
{
	const struct worker_conf *conf = worker->conf;
	struct heal_conf heal_conf = conf->heal;

	heal_conf.database = conf->settings->database;
	heal_conf.apps = conf->apps;
	worker->fanout = fanout_new(&fanout_ops, worker);
	worker->heal = heal_new(worker->loop, worker->fanout, &heal_conf);
}

static struct redis_link_conf redis_of(const struct settings *settings)
{
	struct redis_link_conf redis = { .user = settings->redis_user,
					 .password = settings->redis_password };

	if (address_parse(settings->redis, &redis.address) == -1)
		fatalx("cannot understand '%s'", settings->redis);
	return redis;
}

static void make_roster(struct worker *worker)
{
	const struct settings *settings = worker->conf->settings;
	struct roster_conf conf = {
		.redis = redis_of(settings),
		.prefix = settings->redis_prefix,
		.apps = worker->conf->apps,
	};

	conf.redis.name = "redis, for the roster,";
	conf.redis.up = &stats()->roster_up;
	worker->roster = roster_new(worker->loop, &conf, &roster_ops, worker);
	worker->occupancy = occupancy_new(worker->loop, worker->roster);
	worker->presence =
		presence_new(worker->loop, worker->fanout, worker->roster);
	worker->cache = cache_channel_new(worker->fanout, worker->roster,
					  settings->redis_prefix);
	worker->users = signed_in_users_new(worker->loop, worker->roster);
}

static void make_topics(struct worker *worker)
{
	const struct settings *settings = worker->conf->settings;
	struct topic_router_conf conf = {
		.redis = redis_of(settings),
		.prefix = settings->redis_prefix,
		.fanout = worker->fanout,
		.heal = worker->heal,
		.occupancy = worker->occupancy,
		.presence = worker->presence,
		.users = worker->users,
	};

	conf.redis.name = "redis";
	conf.redis.up = &stats()->redis_up;
	worker->topics = topic_router_new(worker->loop, &conf);
}

void worker_run(const struct worker_conf *conf, int listen_fd,
		struct heartbeat *heartbeat)
{
	struct worker worker = { .conf = conf,
				 .master = getppid(),
				 .heartbeat = heartbeat };

	worker.loop = loop_new();
	watch_signals(&worker);
	make_sessions(&worker);
	make_channels(&worker);
	make_roster(&worker);
	make_topics(&worker);
	worker.listener =
		listener_new(worker.loop, listen_fd, on_accept, &worker);
	start_ops(&worker);
	worker.ready_by_ms = loop_now_ms(worker.loop) + READY_WAIT_MS;
	on_beat(&worker.beat);

	loop_run(worker.loop);

	listener_free(worker.listener);
	stop_ops(&worker);
	session_set_free(worker.sessions);
	heal_free(worker.heal);
	roster_free(
		worker.roster); /* its callbacks still use the rooms below */
	fanout_free(worker.fanout);
	topic_router_free(worker.topics);
	signed_in_users_free(worker.users);
	cache_channel_free(worker.cache);
	presence_free(worker.presence);
	occupancy_free(worker.occupancy);
	close(worker.signals.fd);
	loop_free(worker.loop);
}
