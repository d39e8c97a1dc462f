/* SPDX-License-Identifier: MIT
 *
 * One measurement of one web server. Kept connections, each with one request at
 * a time, send posts or request messages. Every answer is checked: that of a
 * post must hold the posted text, a page as many messages as requested. Prints
 * one line of JSON.
 *
 *   connect … warm up … measure … drain
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/config/conf.h"
#include "relay/list.h"
#include "tests/bench/bill.h"
#include "tests/bench/histogram.h"
#include "tests/bench/http_client.h"
#include "tests/bench/process.h"
#include "tests/bench/stamp.h"

/* An answer that takes longer counts as lost. */
#define DRAIN_MS 60000
/* Connections from one address; see dial.h. */
#define HOST_MAX 10000
#define GROUPS 4

struct options {
	char *server, *path, *other_path, *post, *channel;
	int64_t channels, connections, requests, rows, other_rows, text_bytes;
	int64_t has_keys, warmup_ms, measure_ms;
	char *groups[GROUPS];
};

static const char *const group_names[GROUPS] = { "app", "nginx", "postgres",
						 "redis" };

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
	STRING("LOAD_PATH", path, "/messages", "% is the channel"),
	STRING("LOAD_OTHER_PATH", other_path, "",
	       "what every second request asks for instead"),
	STRING("LOAD_POST", post, "",
	       "a form to post; % is the channel, @ the text"),
	STRING("LOAD_CHANNEL", channel, "room-bench-",
	       "channels are called so, and 0…"),
	INT("LOAD_CHANNELS", channels, "1", 1, 100000,
	    "channels, which take turns"),
	INT("LOAD_CONNECTIONS", connections, "1", 1, 100000, "connections"),
	INT("LOAD_REQUESTS", requests, "0", 0, 1000000000,
	    "requests in all, all of which are measured; 0: as time allows"),
	INT("LOAD_ROWS", rows, "0", 0, 1000000000,
	    "messages that a GET must answer with; 0: none"),
	INT("LOAD_OTHER_ROWS", other_rows, "0", 0, 1000000000,
	    "as many for LOAD_OTHER_PATH"),
	INT("LOAD_TEXT_BYTES", text_bytes, "100", 64, 8192, "bytes of a text"),
	INT("LOAD_KEYS", has_keys, "0", 0, 1,
	    "1: each post has an Idempotency-Key"),
	INT("LOAD_WARMUP_MS", warmup_ms, "1000", 0, 600000,
	    "time that is not measured"),
	INT("LOAD_MEASURE_MS", measure_ms, "3000", 0, 600000,
	    "time that is, without LOAD_REQUESTS"),
	STRING("LOAD_APP", groups[0], "",
	       "processes that are paid for, with commas: the program's"),
	STRING("LOAD_NGINX", groups[1], "", "nginx's"),
	STRING("LOAD_POSTGRES", groups[2], "", "PostgreSQL's"),
	STRING("LOAD_REDIS", groups[3], "", "Redis'"),
};

struct caller {
	struct http_client client;
	struct load *load;
	uint64_t request; /* its number, from 0 */
};

struct load {
	const struct options *options;
	struct address server;
	struct loop *loop;
	struct loop_timer phase;
	struct caller *callers;
	struct buf request; /* under construction */
	/* the last complete page that was counted, for each path */
	struct buf pages[2];
	bool is_measuring, is_draining;
	uint64_t sent, waiting, good, stored; /* of the whole run */
	uint64_t wrong, broken; /* wrong answers; broken connections */
	uint64_t statuses[600];
	/* of the measured time */
	uint64_t began_ns, ended_ns, answered, bytes;
	struct histogram latency, first_byte;
	struct bill bills[GROUPS];
	uint64_t used_ns[GROUPS], memory_before, memory_after;
};

/* ---- requests ---- */

/* A token that is unique in this run, then padding. */
static void add_token(struct buf *buf, uint64_t request)
{
	buf_addf(buf, "m%" PRIu64 "-", request);
}

static void add_text(const struct load *load, struct buf *buf, uint64_t request)
{
	size_t end = buf->len + (size_t)load->options->text_bytes;

	add_token(buf, request);
	while (buf->len < end)
		buf_add_char(buf, 'x');
}

static void expand(const struct load *load, struct buf *buf, const char *from,
		   uint64_t request)
{
	const struct options *options = load->options;

	for (; *from != '\0'; from++) {
		if (*from == '%') {
			buf_add_str(buf, options->channel);
			buf_add_int(buf,
				    (int64_t)(request %
					      (uint64_t)options->channels));
		} else if (*from == '@') {
			add_text(load, buf, request);
		} else {
			buf_add_char(buf, *from);
		}
	}
}

static bool is_post(const struct load *load)
{
	return load->options->post[0] != '\0';
}

static bool is_other(const struct load *load, uint64_t request)
{
	return load->options->other_path[0] != '\0' && request % 2 == 1;
}

static void add_request(struct load *load, uint64_t request)
{
	const struct options *options = load->options;
	struct buf body = BUF_INIT, *out = &load->request;

	buf_clear(out);
	buf_add_str(out, is_post(load) ? "POST " : "GET ");
	expand(load, out,
	       is_other(load, request) ? options->other_path : options->path,
	       request);
	buf_add_str(out, " HTTP/1.1\r\nHost: localhost\r\n");
	if (options->has_keys)
		buf_addf(out, "Idempotency-Key: %s%" PRIu64 "\r\n",
			 options->channel, request);
	if (is_post(load)) {
		expand(load, &body, options->post, request);
		buf_addf(out,
			 "Content-Type: application/x-www-form-urlencoded\r\n"
			 "Content-Length: %zu\r\n",
			 body.len);
	}
	buf_add_str(out, "\r\n");
	buf_add_span(out, buf_span(&body));
	buf_release(&body);
}

static void call(struct caller *caller)
{
	struct load *load = caller->load;
	uint64_t max = (uint64_t)load->options->requests;

	if (load->is_draining || (max > 0 && load->sent == max))
		return;
	caller->request = load->sent++;
	load->waiting++;
	add_request(load, caller->request);
	http_client_send(&caller->client, buf_span(&load->request));
}

/* ---- answers ---- */

static bool holds_text(uint64_t request, struct span body)
{
	struct buf token = BUF_INIT;
	bool is_there;

	add_token(&token, request);
	is_there = body.len > 0 &&
		   memmem(body.ptr, body.len, token.data, token.len) != NULL;
	buf_release(&token);
	return is_there;
}

static int64_t count_rows(struct span body)
{
	static const char row[] = "\"id\":";
	const char *end = body.ptr + body.len, *at = body.ptr;
	int64_t rows = 0;

	while (at < end && (at = memmem(at, (size_t)(end - at), row,
					sizeof(row) - 1)) != NULL) {
		rows++;
		at += sizeof(row) - 1;
	}
	return rows;
}

/* A page that equals the last good one need not be counted. */
static bool is_page(struct load *load, uint64_t request, struct span body)
{
	bool other = is_other(load, request);
	struct buf *page = &load->pages[other];
	int64_t wanted =
		other ? load->options->other_rows : load->options->rows;

	if (wanted == 0 || span_equal(body, buf_span(page)))
		return true;
	if (count_rows(body) != wanted)
		return false;
	buf_clear(page);
	buf_add_span(page, body);
	return true;
}

static void judge(struct load *load, uint64_t request, int status,
		  struct span body)
{
	bool is_good =
		status == 200 && (is_post(load) ? holds_text(request, body)
						: is_page(load, request, body));

	if (status == 0)
		load->broken++;
	else
		load->statuses[status < 600 ? status : 0]++;
	load->good += is_good;
	load->wrong += status == 200 && !is_good;
	load->stored += is_good && is_post(load);
}

static void finish(struct load *load);

static void on_answer(struct http_client *client, int status, struct span body)
{
	struct caller *caller = container_of(client, struct caller, client);
	struct load *load = caller->load;

	load->waiting--;
	judge(load, caller->request, status, body);
	if (load->is_measuring) {
		uint64_t now = stamp_now();

		load->answered++;
		load->bytes += body.len;
		histogram_add(&load->latency, now - client->sent_ns);
		if (status != 0)
			histogram_add(&load->first_byte,
				      client->first_ns - client->sent_ns);
	}
	call(caller);
	if (load->waiting == 0)
		finish(load);
}

/* ---- the phases, last one first ---- */

static void on_patience_ended(struct loop_timer *timer)
{
	struct load *load = container_of(timer, struct load, phase);

	fatalx("%" PRIu64 " answers do not come", load->waiting);
}

static void measure_end(struct load *load)
{
	size_t i;

	load->ended_ns = stamp_now();
	for (i = 0; i < GROUPS; i++)
		load->used_ns[i] = bill_end_ns(&load->bills[i]);
	load->memory_after = process_private_bytes(load->options->groups[0]);
	load->is_measuring = false;
}

/* No request is outstanding. */
static void finish(struct load *load)
{
	if (load->is_measuring)
		measure_end(load);
	loop_stop(load->loop);
}

static void on_measured(struct loop_timer *timer)
{
	struct load *load = container_of(timer, struct load, phase);

	measure_end(load);
	load->is_draining = true;
	loop_set_timer(load->loop, timer, DRAIN_MS, on_patience_ended);
}

static void measure_begin(struct load *load)
{
	size_t i;

	load->memory_before = process_private_bytes(load->options->groups[0]);
	for (i = 0; i < GROUPS; i++)
		bill_begin(&load->bills[i], load->options->groups[i]);
	load->is_measuring = true;
	load->began_ns = stamp_now();
}

static void on_warm(struct loop_timer *timer)
{
	struct load *load = container_of(timer, struct load, phase);

	measure_begin(load);
	loop_set_timer(load->loop, timer, load->options->measure_ms,
		       on_measured);
}

/* ---- the result ---- */

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void add_failures(const struct load *load, struct buf *out)
{
	const char *comma = "";
	unsigned status;

	buf_add_str(out, ",\"statuses\":{");
	for (status = 0; status < 600; status++) {
		if (load->statuses[status] == 0)
			continue;
		buf_addf(out, "%s\"%u\":%" PRIu64, comma, status,
			 load->statuses[status]);
		comma = ",";
	}
	buf_addf(out, "},\"wrong\":%" PRIu64 ",\"broken\":%" PRIu64,
		 load->wrong, load->broken);
}

/* Times and costs cover the measured time, failures the whole run. */
static void add_result(const struct load *load, struct buf *out)
{
	double seconds = (double)(load->ended_ns - load->began_ns) / 1e9;
	double answered = load->answered ? (double)load->answered : 1;
	uint64_t used_ns = 0;
	size_t i;

	buf_addf(out,
		 "{\"sent\":%" PRIu64 ",\"good\":%" PRIu64
		 ",\"failed\":%" PRIu64 ",\"stored\":%" PRIu64,
		 load->sent, load->good, load->sent - load->good, load->stored);
	add_failures(load, out);
	buf_addf(out, ",\"seconds\":%.4f,\"per_second\":%.1f,\"bytes\":%.0f",
		 seconds, (double)load->answered / seconds,
		 (double)load->bytes / answered);
	buf_addf(out,
		 ",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f"
		 ",\"first_byte_ms\":%.3f",
		 ms(histogram_quantile(&load->latency, 0.5)),
		 ms(histogram_quantile(&load->latency, 0.99)),
		 ms(load->latency.max),
		 ms(histogram_quantile(&load->first_byte, 0.5)));
	for (i = 0; i < GROUPS; i++) {
		used_ns += load->used_ns[i];
		buf_addf(out, ",\"%s_us\":%.3f", group_names[i],
			 (double)load->used_ns[i] / 1e3 / answered);
	}
	buf_addf(out,
		 ",\"cpu_us\":%.3f,\"cpu_share\":%.3f"
		 ",\"memory_before\":%" PRIu64 ",\"memory_after\":%" PRIu64
		 "}\n",
		 (double)used_ns / 1e3 / answered,
		 (double)used_ns / 1e9 / seconds, load->memory_before,
		 load->memory_after);
}

/* ---- life ---- */

static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("cannot learn how many files may be open");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("cannot open as many files as are allowed");
}

static void start(struct load *load)
{
	const struct options *options = load->options;
	int64_t i;

	if (address_parse(options->server, &load->server) == -1)
		fatalx("'%s' is neither unix:/path nor host:port",
		       options->server);
	load->callers =
		xcalloc((size_t)options->connections, sizeof(*load->callers));
	for (i = 0; i < options->connections; i++) {
		load->callers[i].load = load;
		http_client_open(&load->callers[i].client, load->loop,
				 &load->server, (unsigned)(i / HOST_MAX),
				 on_answer);
	}
	if (options->requests > 0) {
		measure_begin(load);
		loop_set_timer(load->loop, &load->phase, DRAIN_MS,
			       on_patience_ended);
	} else {
		loop_set_timer(load->loop, &load->phase, options->warmup_ms,
			       on_warm);
	}
	for (i = 0; i < options->connections; i++)
		call(&load->callers[i]);
}

static void stop(struct load *load)
{
	int64_t i;

	for (i = 0; i < load->options->connections; i++)
		http_client_close(&load->callers[i].client);
	free(load->callers);
	buf_release(&load->request);
	buf_release(&load->pages[0]);
	buf_release(&load->pages[1]);
	loop_free(load->loop);
}

int main(int argc, char **argv)
{
	struct options options;
	struct conf_group group = { options_table,
				    sizeof(options_table) /
					    sizeof(options_table[0]),
				    &options };
	struct load *load = xcalloc(1, sizeof(*load));
	struct buf out = BUF_INIT;

	conf_start(argc, argv, "http-load", "asks, posts and measures", &group,
		   1);
	log_init("http-load", LOG_LEVEL_INFO);
	allow_many_files();
	load->options = &options;
	load->loop = loop_new();
	start(load);
	loop_run(load->loop);
	add_result(load, &out);
	fwrite(out.data, 1, out.len, stdout);
	stop(load);
	free(load);
	buf_release(&out);
	conf_release(&group);
	return 0;
}
