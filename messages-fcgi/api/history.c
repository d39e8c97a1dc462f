/* SPDX-License-Identifier: MIT
 *
 * The log as JSON. Knows neither FastCGI nor SQL.
 *
 * The head is read first; after that the answer is known but for the rows,
 * because ids are dense and rows never change. They are read by key in short
 * statements and written page by page, so memory does not grow with the
 * answer and no transaction waits for a client. The newest may be cached.
 */
#include "messages-fcgi/api/history.h"

#include "common/base/log.h"
#include "messages-fcgi/http/etag.h"
#include "messages-fcgi/log/row_json.h"

/* The target size of a page. The number of its rows follows from the size of
 * the page before. */
#define PAGE_BYTES 131072
#define PAGE_ROWS_FIRST 100
#define PAGE_ROWS_MAX 500

/* The answer. */
struct answer {
	struct store_head log;
	struct range range;
	struct buf etag;
};

/* The rows of a page on their way into JSON. */
struct page {
	struct buf json;
	const struct history_ask *ask;
	const struct store_head *log;
	struct tail_cache *tails;  /* caches the rows; or NULL */
	int64_t first_id, next_id; /* of the answer; of the next row */
	bool is_streaming;         /* holds one of self->streams */
};

static int unavailable(struct problem *problem)
{
	return problem_set(problem, 503, NULL, "the log can't be read now");
}

/* A connection for one statement. NULL, and a logged reason, if there is none.
 */
static struct store *borrow(const struct history *self)
{
	struct store *store = reader_pool_acquire(self->readers);

	if (store == NULL)
		log_warn("no connection for reading became free");
	return store;
}

static void add_etag(struct buf *buf, const struct store_head *log)
{
	buf_addf(buf, "\"%s-%lld-%lld\"", log->epoch, (long long)log->first_id,
		 (long long)log->last_id);
}

/* 0, or -1 and the problem. */
static int resolve(const struct history *self, const struct history_ask *ask,
		   struct answer *answer, struct problem *problem)
{
	struct range_log log;

	if (head_reader_read(self->heads, ask->app, ask->channel,
			     &answer->log) == -1)
		return unavailable(problem);
	log = (struct range_log){ .first_id = answer->log.first_id,
				  .head = answer->log.last_id,
				  .epoch = span_str(answer->log.epoch) };
	if (range_resolve(&answer->range, &ask->query, &log, problem) == -1)
		return -1;
	add_etag(&answer->etag, &answer->log);
	return 0;
}

/* A store_row_fn. A missing row ends the read: an answer must not hide a hole.
 */
static bool on_row(void *arg, const struct event *event)
{
	struct page *page = arg;

	if (event->id != page->next_id)
		return false;
	if (event->id != page->first_id)
		buf_add_char(&page->json, ',');
	row_json_add(&page->json, event);
	page->next_id++;
	if (page->tails != NULL) {
		struct event row = *event;

		row.channel = page->ask->channel;
		tail_cache_add(page->tails, page->ask->app,
			       span_str(page->log->epoch), &row);
	}
	return true;
}

/* Adds the rows up to `to` to the page. */
static int read_page(const struct history *self, const struct store_head *log,
		     int64_t to, struct page *page)
{
	struct store *store = borrow(self);
	enum store_result result;

	if (store == NULL)
		return -1;
	result = store_read(store, log, page->next_id, to, on_row, page);
	reader_pool_release(self->readers, store);
	if (result == STORE_OK && page->next_id == to + 1)
		return 0;
	/* the store has already logged that it is unavailable */
	if (result != STORE_DOWN)
		log_error("cannot read on at id %lld of channel row %lld",
			  (long long)page->next_id, (long long)log->channel_id);
	return -1;
}

static int64_t rows_of_next_page(int64_t rows, size_t bytes)
{
	int64_t next = rows * PAGE_BYTES / ((int64_t)bytes + 1);

	if (next > PAGE_ROWS_MAX)
		return PAGE_ROWS_MAX;
	return next > 0 ? next : 1;
}

/* Writes a page that is not the last. */
static int write_page(const struct history *self,
		      const struct response_head *head, struct page *page,
		      struct response *response)
{
	if (!page->is_streaming) {
		if (sem_trywait(self->streams) == -1)
			return -1;
		page->is_streaming = true;
		response_begin(response, head);
	}
	return response_write(response, buf_span(&page->json));
}

/* Writes all pages but the last, which stays in the page. -1 if a page cannot
 * be read, the client is gone, or too many answers are being written. */
static int stream_rows(const struct history *self, const struct answer *answer,
		       const struct response_head *head, struct page *page,
		       struct response *response)
{
	int64_t rows = PAGE_ROWS_FIRST, to;
	bool is_full = false; /* as full as a page gets */

	while (page->next_id <= answer->range.to) {
		if (is_full) {
			if (write_page(self, head, page, response) == -1)
				return -1;
			rows = rows_of_next_page(rows, page->json.len);
			buf_clear(&page->json);
		}
		to = answer->range.to - page->next_id >= rows
			     ? page->next_id + rows - 1
			     : answer->range.to;
		if (read_page(self, &answer->log, to, page) == -1)
			return -1;
		is_full = true;
	}
	return 0;
}

/* Adds the cached rows. Lets the cache keep the others if they are the newest,
 * which will be read again. */
static void take_tail(const struct history *self, const struct answer *answer,
		      struct page *page)
{
	const struct range *range = &answer->range;
	struct span epoch = span_str(answer->log.epoch);

	if (range->from > range->to ||
	    range->to - range->from >= TAIL_CACHE_ROWS_MAX)
		return;
	page->next_id =
		tail_cache_take(self->tails, page->ask->app, page->ask->channel,
				epoch, range->from, range->to, &page->json);
	if (page->next_id > range->to || range->to < answer->log.last_id)
		return;
	tail_cache_begin(self->tails, page->ask->app, page->ask->channel, epoch,
			 range->from);
	page->tails = self->tails;
}

static void add_end(struct buf *buf, const struct answer *answer)
{
	buf_addf(buf,
		 "],\"head\":%lld,\"first_id\":%lld,\"epoch\":\"%s\","
		 "\"has_more\":%s}",
		 (long long)answer->log.last_id,
		 (long long)answer->log.first_id, answer->log.epoch,
		 answer->range.has_more ? "true" : "false");
}

static void send_rows(const struct history *self, const struct history_ask *ask,
		      const struct answer *answer,
		      const struct response_head *head,
		      struct response *response)
{
	struct page page = { .json = BUF_INIT,
			     .ask = ask,
			     .log = &answer->log,
			     .first_id = answer->range.from,
			     .next_id = answer->range.from };
	struct problem problem;

	buf_add_str(&page.json, "{\"results\":[");
	take_tail(self, answer, &page);
	if (stream_rows(self, answer, head, &page, response) == 0) {
		add_end(&page.json, answer);
		if (!response->has_begun)
			response_send(response, head, buf_span(&page.json));
		else if (response_write(response, buf_span(&page.json)) == -1)
			log_debug("a reader disconnected");
	} else if (response->has_begun) {
		response_abort(response);
	} else {
		unavailable(&problem);
		response_problem(response, &problem);
	}
	if (page.is_streaming)
		sem_post(self->streams);
	buf_release(&page.json);
}

static void send_answer(const struct history *self,
			const struct history_ask *ask,
			const struct request *request,
			const struct answer *answer, struct response *response)
{
	struct response_head head = { .status = 200,
				      .type = "application/json",
				      .cache = "no-cache",
				      .etag = buf_span(&answer->etag) };

	if (ask->is_private) {
		head.cache = "no-store";
		head.etag = span_of(NULL, 0);
	} else if (answer->range.is_closed) {
		head.cache = "public, max-age=3600";
		head.etag = span_of(NULL, 0);
	}
	if (!ask->is_private &&
	    etag_matches(request->if_none_match, buf_span(&answer->etag))) {
		head.status = 304;
		head.type = NULL;
		response_send(response, &head, span_of(NULL, 0));
	} else if (response->is_head) {
		response_begin(response, &head);
	} else {
		send_rows(self, ask, answer, &head, response);
	}
}

void history_answer(const struct history *self, const struct history_ask *ask,
		    const struct request *request, struct response *response)
{
	struct answer answer = { .etag = BUF_INIT };
	struct problem problem;

	if (resolve(self, ask, &answer, &problem) == -1)
		response_problem(response, &problem);
	else
		send_answer(self, ask, request, &answer, response);
	buf_release(&answer.etag);
}
