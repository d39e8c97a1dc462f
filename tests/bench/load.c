/* SPDX-License-Identifier: MIT
 *
 * One measurement of one server. Subscribers connect; messages are published
 * through the server's backend, or posted as a page does; each message received
 * is compared with the one before; and the CPU time of the server is read from
 * the operating system. Prints one line of JSON.
 *
 *   connect … settle … warm up … measure … drain … resume the stalled
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/config/conf.h"
#include "common/wire/envelope.h"
#include "common/wire/event.h"
#include "relay/list.h"
#include "tests/bench/bill.h"
#include "tests/bench/crowd.h"
#include "tests/bench/log_writer.h"
#include "tests/bench/poster.h"
#include "tests/bench/process.h"
#include "tests/bench/publisher.h"
#include "tests/bench/stamp.h"

#define APP "1"
#define PREFIX "pushlog"

/* From the last subscription to the first measurement of the server's memory.
 */
#define SETTLE_MS 500
/* After this time without a message, missing messages count as lost. */
#define DRAIN_MS 5000
/* The time in which relay must have closed stalled subscribers. */
#define RESUME_MS 15000
#define STEP_MS 20
/* The highest rate of sending; at higher message rates several leave at once.
 */
#define PACE_HZ_MAX 10000

struct options {
	char *server, *path, *hello, *ready, *room;
	int64_t rooms, subscribers, stalled;
	int64_t rate, in_flight, text_bytes, posters;
	int64_t warmup_ms, measure_ms;
	char *redis, *post, *form, *database, *pids;
};

#define STRING(env, field, def, text)                                          \
	{                                                                      \
		.name = env, .type = CONF_STRING,                              \
		.offset = offsetof(struct options, field), .value = def,       \
		.help = text                                                   \
	}
#define INT(env, field, def, lowest, highest, text)                            \
	{                                                                      \
		.name = env, .type = CONF_INT,                                 \
		.offset = offsetof(struct options, field), .value = def,       \
		.min = lowest, .max = highest, .help = text                    \
	}

static const struct conf_option options_table[] = {
	STRING("LOAD_SERVER", server, NULL, "unix:/path or host:port"),
	STRING("LOAD_PATH", path, "/%", "of the handshake; % is the room"),
	STRING("LOAD_HELLO", hello, "", "first frame; % is the room"),
	STRING("LOAD_READY", ready, "", "part of the frame that answers it"),
	STRING("LOAD_ROOM", room, "room-bench-",
	       "rooms have this name and a number from 0"),
	INT("LOAD_ROOMS", rooms, "1", 1, 100000, "rooms"),
	INT("LOAD_SUBSCRIBERS", subscribers, "100", 1, 100000,
	    "subscribers of all rooms, assigned in turn"),
	INT("LOAD_STALLED", stalled, "0", 0, 100000,
	    "subscribers that stop reading"),
	INT("LOAD_RATE", rate, "0", 0, 1000000,
	    "messages a second; 0: limited by LOAD_IN_FLIGHT"),
	INT("LOAD_IN_FLIGHT", in_flight, "8", 1, 100000,
	    "messages published and not yet delivered to all"),
	INT("LOAD_TEXT_BYTES", text_bytes, "64", 64, 8192,
	    "bytes of a text; an event has 130 around it"),
	INT("LOAD_WARMUP_MS", warmup_ms, "1000", 0, 600000,
	    "time before the measurement"),
	INT("LOAD_MEASURE_MS", measure_ms, "3000", 0, 600000,
	    "time of the measurement; 0: connect only"),
	STRING("LOAD_REDIS", redis, "", "where to publish"),
	STRING("LOAD_POST", post, "",
	       "path at the server to post to instead; % is the room"),
	STRING("LOAD_FORM", form, "",
	       "form to post there, timed from the moment it was due; messages "
	       "may arrive in any order; % is the room, @ the text"),
	INT("LOAD_POSTERS", posters, "64", 1, 10000,
	    "connections for posting forms"),
	STRING("LOAD_DATABASE", database, "",
	       "conninfo of the log, for durable rooms"),
	STRING("LOAD_PIDS", pids, "",
	       "the server's processes, separated by commas; children count, "
	       "too"),
};

struct load {
	const struct options *options;
	struct loop *loop;
	struct address server;
	struct crowd_conf crowd_conf;
	struct crowd *crowd;
	struct publisher *publisher;
	struct poster *poster;         /* of forms, in place of publisher */
	struct log_writer *log_writer; /* NULL if rooms are not durable */
	struct loop_timer phase;
	struct loop_watch pace; /* a timerfd */
	bool is_publishing;
	uint64_t published, started_ns;
	uint64_t wanted; /* expected deliveries of all published messages */
	uint64_t seen;   /* deliveries at the last check */
	int64_t give_up_ms;
	/* of the measured time */
	double connect_s, measure_s;
	struct bill bill;
	uint64_t cpu_ns, deliveries;
	struct histogram lateness; /* ns, of the publisher, at a fixed rate */
	uint64_t memory_before, memory_idle, memory_warm, memory_after;
};

static void set_phase(struct load *load, int64_t after_ms, loop_timer_fn *fn)
{
	loop_set_timer(load->loop, &load->phase, after_ms, fn);
}

/* ---- publishing ---- */

static void add_text(struct buf *text, const struct stamp *stamp, size_t size)
{
	stamp_add(text, stamp);
	while (text->len < size)
		buf_add_char(text, 'x');
}

static void add_payload(const struct load *load, struct buf *payload,
			const struct event *event)
{
	struct buf text = BUF_INIT;
	struct envelope envelope = { .id = event->id };

	if (load->log_writer == NULL) {
		event_encode(payload, event);
		return;
	}
	event_encode(&text, event);
	envelope.epoch = span_str(log_writer_epoch(load->log_writer));
	envelope.event = buf_span(&text);
	envelope_encode(payload, &envelope);
	buf_release(&text);
}

static void add_target(const struct load *load, struct buf *target,
		       struct span room, int64_t number)
{
	if (load->options->post[0] != '\0')
		crowd_add_text(&load->crowd_conf, target, load->options->post,
			       number);
	else
		envelope_add_topic(target, PREFIX, APP, room);
}

static void publish(struct load *load, const struct stamp *stamp,
		    int64_t number, struct span text)
{
	struct buf room = BUF_INIT, target = BUF_INIT, payload = BUF_INIT;
	struct event event;

	crowd_add_text(&load->crowd_conf, &room, "%", number);
	event = (struct event){
		.channel = buf_span(&room),
		.id = (int64_t)stamp->id,
		.time_ms = (int64_t)(stamp->ns / 1000000),
		.event = span_str(EVENT_NEW_MESSAGE),
		.name = span_str(LOG_WRITER_NAME),
		.text = text,
	};
	add_payload(load, &payload, &event);
	add_target(load, &target, event.channel, number);
	publisher_add(load->publisher, buf_span(&target), buf_span(&payload));
	if (load->log_writer != NULL)
		log_writer_add(load->log_writer, event.channel, text);
	buf_release(&room);
	buf_release(&target);
	buf_release(&payload);
}

/* In a text only blanks need to be encoded for a form. */
static void add_form_text(struct buf *form, struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		buf_add_char(form, text.ptr[i] == ' ' ? '+' : text.ptr[i]);
}

static void post(struct load *load, int64_t number, struct span text)
{
	const struct options *options = load->options;
	struct buf path = BUF_INIT, fields = BUF_INIT, form = BUF_INIT;
	size_t i;

	crowd_add_text(&load->crowd_conf, &path, options->post, number);
	crowd_add_text(&load->crowd_conf, &fields, options->form, number);
	for (i = 0; i < fields.len; i++) {
		if (fields.data[i] == '@')
			add_form_text(&form, text);
		else
			buf_add_char(&form, fields.data[i]);
	}
	poster_add(load->poster, buf_span(&path), buf_span(&form));
	buf_release(&path);
	buf_release(&fields);
	buf_release(&form);
}

/* The time when a message is due, on the clock of stamp_now. */
static uint64_t due_ns(const struct load *load, uint64_t message)
{
	return load->started_ns +
	       message * 1000000000u / (uint64_t)load->options->rate;
}

/* Rooms in turn. */
static void send_next(struct load *load)
{
	uint64_t rooms = (uint64_t)load->options->rooms;
	int64_t number = (int64_t)(load->published % rooms);
	struct stamp stamp = { .id = load->published / rooms + 1,
			       .ns = stamp_now() };
	struct buf text = BUF_INIT;

	if (load->poster != NULL && load->options->rate > 0)
		stamp.ns = due_ns(load, load->published);
	add_text(&text, &stamp, (size_t)load->options->text_bytes);
	if (load->poster != NULL)
		post(load, number, buf_span(&text));
	else
		publish(load, &stamp, number, buf_span(&text));
	load->published++;
	buf_release(&text);
}

static void flush(struct load *load)
{
	if (load->publisher != NULL)
		publisher_flush(load->publisher);
}

static uint64_t readers_of_a_room(const struct load *load)
{
	const struct options *options = load->options;

	return (uint64_t)((options->subscribers - options->stalled) /
			  options->rooms);
}

static void on_pace(struct loop_watch *watch, unsigned events)
{
	struct load *load = container_of(watch, struct load, pace);
	uint64_t now = stamp_now(), due, ticks;

	(void)events;
	if (read(watch->fd, &ticks, sizeof(ticks)) != sizeof(ticks))
		return;
	while (load->is_publishing &&
	       (due = due_ns(load, load->published)) <= now) {
		histogram_add(&load->lateness, now - due);
		send_next(load);
	}
	flush(load);
}

/* The loop's timers are too coarse and would add to each latency. */
static void start_pace(struct load *load)
{
	int64_t rate = load->options->rate;
	int64_t ns = 1000000000 / (rate < PACE_HZ_MAX ? rate : PACE_HZ_MAX);
	struct timespec period = { ns / 1000000000, ns % 1000000000 };
	struct itimerspec every = { period, period };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd == -1 || timerfd_settime(fd, 0, &every, NULL) == -1)
		fatal("cannot keep time");
	loop_add(load->loop, &load->pace, fd, LOOP_READ, on_pace);
}

/* Counts messages in flight by deliveries: the next message follows when as
 * many deliveries have arrived as one message has subscribers. */
static void keep_in_flight(void *ctx)
{
	struct load *load = ctx;
	uint64_t arrived =
		crowd_counts(load->crowd)->deliveries / readers_of_a_room(load);

	if (!load->is_publishing || load->options->rate > 0)
		return;
	while (load->published < arrived + (uint64_t)load->options->in_flight)
		send_next(load);
	flush(load);
}

/* ---- the phases, last one first ---- */

static void on_resumed(struct loop_timer *timer)
{
	struct load *load = container_of(timer, struct load, phase);

	if (crowd_stalled(load->crowd) > 0 &&
	    loop_now_ms(load->loop) < load->give_up_ms)
		set_phase(load, STEP_MS, on_resumed);
	else
		loop_stop(load->loop);
}

static bool is_idle(const struct load *load)
{
	if (load->poster != NULL)
		return poster_waiting(load->poster) == 0;
	return load->log_writer == NULL || log_writer_is_idle(load->log_writer);
}

static void on_drain(struct loop_timer *timer)
{
	struct load *load = container_of(timer, struct load, phase);
	const struct crowd_counts *counts = crowd_counts(load->crowd);
	bool is_done = counts->deliveries >= load->wanted && is_idle(load);

	if (counts->deliveries > load->seen)
		load->give_up_ms = loop_now_ms(load->loop) + DRAIN_MS;
	load->seen = counts->deliveries;
	if (!is_done && loop_now_ms(load->loop) < load->give_up_ms) {
		set_phase(load, STEP_MS, on_drain);
		return;
	}
	load->memory_after = process_private_bytes(load->options->pids);
	crowd_resume(load->crowd);
	load->give_up_ms = loop_now_ms(load->loop) + RESUME_MS;
	on_resumed(timer);
}

static void on_measured(struct loop_timer *timer)
{
	struct load *load = container_of(timer, struct load, phase);

	load->cpu_ns = bill_end_ns(&load->bill);
	load->measure_s = (double)stamp_now() / 1e9 - load->measure_s;
	load->deliveries =
		crowd_counts(load->crowd)->deliveries - load->deliveries;
	crowd_time(load->crowd, false);
	load->is_publishing = false;
	load->wanted = load->published * readers_of_a_room(load);
	on_drain(timer);
}

static void on_warm(struct loop_timer *timer)
{
	struct load *load = container_of(timer, struct load, phase);

	load->memory_warm = process_private_bytes(load->options->pids);
	bill_begin(&load->bill, load->options->pids);
	load->measure_s = (double)stamp_now() / 1e9;
	load->deliveries = crowd_counts(load->crowd)->deliveries;
	crowd_time(load->crowd, true);
	set_phase(load, load->options->measure_ms, on_measured);
}

static void on_settled(struct loop_timer *timer)
{
	struct load *load = container_of(timer, struct load, phase);

	load->memory_idle = process_private_bytes(load->options->pids);
	if (load->options->measure_ms == 0) {
		load->memory_warm = load->memory_after = load->memory_idle;
		loop_stop(load->loop);
		return;
	}
	load->is_publishing = true;
	load->started_ns = stamp_now();
	if (load->options->rate > 0)
		start_pace(load);
	set_phase(load, load->options->warmup_ms, on_warm);
}

static void on_ready(void *ctx)
{
	struct load *load = ctx;

	load->connect_s = (double)stamp_now() / 1e9 - load->connect_s;
	set_phase(load, SETTLE_MS, on_settled);
}

/* ---- the result ---- */

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void add_closed(struct buf *out, const struct crowd_counts *counts)
{
	const char *comma = "";
	unsigned code;

	buf_add_str(out, ",\"closed\":{");
	for (code = 0; code < CROWD_CODES; code++) {
		if (counts->closed[code] == 0)
			continue;
		buf_addf(out, "%s\"%u\":%u", comma, code, counts->closed[code]);
		comma = ",";
	}
	buf_add_str(out, "}");
}

/* Times and costs cover the measured time, losses the whole run. */
static void add_result(const struct load *load, struct buf *out)
{
	const struct crowd_counts *counts = crowd_counts(load->crowd);
	double deliveries = (double)load->deliveries;
	double bytes = counts->deliveries ? (double)counts->bytes /
						    (double)counts->deliveries
					  : 0;

	buf_addf(out, "{\"subscribers\":%" PRId64 ",\"connect_s\":%.3f",
		 load->options->subscribers, load->connect_s);
	buf_addf(
		out,
		",\"published\":%" PRIu64 ",\"delivered\":%" PRIu64
		",\"lost\":%" PRId64 ",\"missing\":%" PRIu64
		",\"repeated\":%" PRIu64 ",\"event_bytes\":%.0f",
		load->published, counts->deliveries,
		(int64_t)(load->wanted + counts->repeated - counts->deliveries),
		counts->missing, counts->repeated, bytes);
	if (load->deliveries > 0)
		buf_addf(out,
			 ",\"per_second\":%.0f,\"cpu_share\":%.3f"
			 ",\"cpu_us\":%.4f",
			 deliveries / load->measure_s,
			 (double)load->cpu_ns / 1e9 / load->measure_s,
			 (double)load->cpu_ns / 1e3 / deliveries);
	buf_addf(out,
		 ",\"late_ms\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f"
		 ",\"max_ms\":%.3f",
		 ms(histogram_quantile(&load->lateness, 0.99)),
		 ms(histogram_quantile(&counts->latency, 0.5)),
		 ms(histogram_quantile(&counts->latency, 0.99)),
		 ms(counts->latency.max));
	buf_addf(out,
		 ",\"memory_before\":%" PRIu64 ",\"memory_idle\":%" PRIu64
		 ",\"memory_warm\":%" PRIu64 ",\"memory_after\":%" PRIu64,
		 load->memory_before, load->memory_idle, load->memory_warm,
		 load->memory_after);
	if (load->poster != NULL)
		buf_addf(out, ",\"failed\":%" PRIu64,
			 poster_failed(load->poster) +
				 poster_waiting(load->poster));
	add_closed(out, counts);
	buf_add_str(out, "}\n");
}

/* ---- life ---- */

static struct address parse_address(const char *s)
{
	struct address address;

	if (address_parse(s, &address) == -1)
		fatalx("'%s' is neither unix:/path nor host:port", s);
	return address;
}

static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("cannot learn how many files may be open");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("cannot open as many files as are allowed");
}

static void check(const struct options *options)
{
	if (options->stalled >= options->subscribers ||
	    (options->stalled > 0 && options->rooms > 1))
		fatalx("stalled ones need company, in a single room");
	if (options->subscribers % options->rooms != 0)
		fatalx("rooms must all have the same number of subscribers");
	if (options->form[0] != '\0' && options->post[0] == '\0')
		fatalx("LOAD_FORM is posted where LOAD_POST says");
}

static void start_sending(struct load *load)
{
	const struct options *options = load->options;
	bool by_http = options->post[0] != '\0';
	struct address target =
		by_http ? load->server : parse_address(options->redis);

	if (options->form[0] != '\0')
		load->poster =
			poster_new(load->loop, &load->server, options->posters);
	else
		load->publisher = publisher_new(load->loop, &target, by_http);
}

static void start(struct load *load)
{
	const struct options *options = load->options;

	load->server = parse_address(options->server);
	load->crowd_conf = (struct crowd_conf){
		.server = load->server,
		.path = options->path,
		.hello = options->hello,
		.ready = options->ready,
		.room = options->room,
		.rooms = options->rooms,
		.subscribers = options->subscribers,
		.stalled = options->stalled,
		.in_any_order = options->form[0] != '\0',
	};
	if (options->measure_ms > 0)
		start_sending(load);
	if (options->database[0] != '\0')
		load->log_writer =
			log_writer_new(load->loop, options->database, APP);
	loop_on_turn_end(load->loop, keep_in_flight, load);
	load->memory_before = process_private_bytes(options->pids);
	load->connect_s = (double)stamp_now() / 1e9;
	load->crowd = crowd_new(load->loop, &load->crowd_conf, on_ready, load);
}

static void stop(struct load *load)
{
	if (load->pace.fd != -1)
		close(load->pace.fd);
	loop_remove(load->loop, &load->pace);
	crowd_free(load->crowd);
	if (load->publisher != NULL)
		publisher_free(load->publisher);
	if (load->poster != NULL)
		poster_free(load->poster);
	if (load->log_writer != NULL)
		log_writer_free(load->log_writer);
	loop_free(load->loop);
}

int main(int argc, char **argv)
{
	struct options options;
	struct conf_group group = { options_table,
				    sizeof(options_table) /
					    sizeof(options_table[0]),
				    &options };
	struct load load = { .options = &options, .pace.fd = -1 };
	struct buf out = BUF_INIT;

	conf_start(argc, argv, "load", "subscribes, publishes and measures",
		   &group, 1);
	log_init("load", LOG_LEVEL_INFO);
	check(&options);
	allow_many_files();
	load.loop = loop_new();
	start(&load);
	loop_run(load.loop);
	add_result(&load, &out);
	fwrite(out.data, 1, out.len, stdout);
	stop(&load);
	buf_release(&out);
	conf_release(&group);
	return 0;
}
