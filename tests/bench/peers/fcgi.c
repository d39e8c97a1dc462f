/* SPDX-License-Identifier: MIT
 *
 * A minimal FastCGI program: no keys, no epochs, no checks, no locks; forms
 * need no decoding and texts no quoting. The first argument selects its work:
 *
 *   commit   one thread stores the posts that arrived during the last commit
 *   direct   each request is an insert of its own, on the thread's connection
 *   page     answers with the contents of the file that the second one names
 *
 * POSTGRES is a conninfo, REDIS_SOCKET a path. THREADS must be the number of
 * connections that nginx keeps, because each of them occupies a thread.
 */
#include <fcgiapp.h>
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/log.h"

#define BODY_MAX 8192
#define BATCH_MAX 256

#define ONE_SQL                                                                \
	"insert into bench.message (channel, name, text) "                     \
	"values ($1, $2, $3) returning id, time_ms"
#define MANY_SQL                                                               \
	"insert into bench.message (channel, name, text) "                     \
	"select * from unnest($1::text[], $2::text[], $3::text[]) "            \
	"returning id, time_ms"

enum column {
	CHANNEL = 0,
	NAME,
	TEXT,
	COLUMNS
};

struct post {
	struct span columns[COLUMNS];
	char id[24], time_ms[24];
	sem_t stored;
	struct post *next;
};

static const char *mode;
static struct buf page;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static struct post *inbox, **inbox_end = &inbox;

/* ---- storing ---- */

static PGconn *connect_postgres(void)
{
	PGconn *conn = PQconnectdb(getenv("POSTGRES"));
	PGresult *one = PQprepare(conn, "one", ONE_SQL, 0, NULL);
	PGresult *many = PQprepare(conn, "many", MANY_SQL, 0, NULL);

	if (PQresultStatus(one) != PGRES_COMMAND_OK ||
	    PQresultStatus(many) != PGRES_COMMAND_OK)
		fatalx("postgresql: %s", PQerrorMessage(conn));
	PQclear(one);
	PQclear(many);
	return conn;
}

static redisContext *connect_redis(void)
{
	redisContext *redis = redisConnectUnix(getenv("REDIS_SOCKET"));

	if (redis == NULL || redis->err != 0)
		fatalx("cannot connect to redis");
	return redis;
}

static void run(PGconn *conn, const char *statement, const char *const *values,
		struct post *const *posts, size_t count)
{
	PGresult *result =
		PQexecPrepared(conn, statement, COLUMNS, values, NULL, NULL, 0);
	size_t i;

	if (PQresultStatus(result) != PGRES_TUPLES_OK ||
	    (size_t)PQntuples(result) != count)
		fatalx("postgresql: %s", PQerrorMessage(conn));
	for (i = 0; i < count; i++) {
		snprintf(posts[i]->id, sizeof(posts[i]->id), "%s",
			 PQgetvalue(result, (int)i, 0));
		snprintf(posts[i]->time_ms, sizeof(posts[i]->time_ms), "%s",
			 PQgetvalue(result, (int)i, 1));
	}
	PQclear(result);
}

static void add_message(struct buf *buf, const struct post *post)
{
	buf_addf(buf,
		 "{\"id\":%s,\"name\":\"%.*s\",\"text\":\"%.*s\","
		 "\"time\":%s}",
		 post->id, (int)post->columns[NAME].len,
		 post->columns[NAME].ptr, (int)post->columns[TEXT].len,
		 post->columns[TEXT].ptr, post->time_ms);
}

static void publish(redisContext *redis, struct post *const *posts,
		    size_t count)
{
	struct buf message = BUF_INIT;
	void *reply;
	size_t i;

	for (i = 0; i < count; i++) {
		buf_clear(&message);
		add_message(&message, posts[i]);
		redisAppendCommand(redis, "PUBLISH bench:%b %b",
				   posts[i]->columns[CHANNEL].ptr,
				   posts[i]->columns[CHANNEL].len, message.data,
				   message.len);
	}
	for (i = 0; i < count; i++) {
		if (redisGetReply(redis, &reply) != REDIS_OK)
			fatalx("redis is gone");
		freeReplyObject(reply);
	}
	buf_release(&message);
}

static size_t take_posts(struct post **posts)
{
	size_t count = 0;

	pthread_mutex_lock(&lock);
	while (inbox == NULL)
		pthread_cond_wait(&arrived, &lock);
	for (; inbox != NULL && count < BATCH_MAX; inbox = inbox->next)
		posts[count++] = inbox;
	if (inbox == NULL)
		inbox_end = &inbox;
	pthread_mutex_unlock(&lock);
	return count;
}

static void *commit(void *arg)
{
	PGconn *conn = connect_postgres();
	redisContext *redis = connect_redis();
	struct buf columns[COLUMNS] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct post *posts[BATCH_MAX];

	(void)arg;
	for (;;) {
		size_t count = take_posts(posts), column, i;
		const char *values[COLUMNS];

		for (column = 0; column < COLUMNS; column++) {
			struct buf *array = &columns[column];

			buf_clear(array);
			for (i = 0; i < count; i++)
				buf_addf(array, "%c\"%.*s\"", i ? ',' : '{',
					 (int)posts[i]->columns[column].len,
					 posts[i]->columns[column].ptr);
			buf_add(array, "}", 2);
			values[column] = array->data;
		}
		run(conn, "many", values, posts, count);
		publish(redis, posts, count);
		for (i = 0; i < count; i++)
			sem_post(&posts[i]->stored);
	}
	return NULL;
}

static void store_by_committer(struct post *post)
{
	sem_init(&post->stored, 0, 0);
	pthread_mutex_lock(&lock);
	*inbox_end = post;
	inbox_end = &post->next;
	pthread_cond_signal(&arrived);
	pthread_mutex_unlock(&lock);
	sem_wait(&post->stored);
	sem_destroy(&post->stored);
}

static void store_directly(struct post *post)
{
	static _Thread_local PGconn *conn;
	static _Thread_local redisContext *redis;
	char columns[COLUMNS][BODY_MAX];
	const char *values[COLUMNS];
	size_t i;

	if (conn == NULL) {
		conn = connect_postgres();
		redis = connect_redis();
	}
	for (i = 0; i < COLUMNS; i++) {
		snprintf(columns[i], BODY_MAX, "%.*s",
			 (int)post->columns[i].len, post->columns[i].ptr);
		values[i] = columns[i];
	}
	run(conn, "one", values, &post, 1);
	publish(redis, &post, 1);
}

/* ---- requests ---- */

static struct span field(struct span body, const char *name)
{
	const char *at = memmem(body.ptr, body.len, name, strlen(name));
	const char *end;

	if (at == NULL)
		fatalx("the form has no %s", name);
	at += strlen(name);
	end = memchr(at, '&', (size_t)(body.ptr + body.len - at));
	return span_of(at, (size_t)((end ? end : body.ptr + body.len) - at));
}

static void answer_post(FCGX_Request *request, struct buf *out)
{
	char bytes[BODY_MAX];
	int len = FCGX_GetStr(bytes, BODY_MAX, request->in);
	struct span body = span_of(bytes, (size_t)len);
	struct post post = { .columns = { field(body, "channel="),
					  field(body, "name="),
					  field(body, "text=") } };

	if (strcmp(mode, "direct") == 0)
		store_directly(&post);
	else
		store_by_committer(&post);
	add_message(out, &post);
}

static void *serve(void *arg)
{
	struct buf out = BUF_INIT;
	FCGX_Request request;

	(void)arg;
	FCGX_InitRequest(&request, 0, 0);
	while (FCGX_Accept_r(&request) == 0) {
		buf_clear(&out);
		buf_add_str(&out, "Content-Type: application/json\r\n\r\n");
		if (strcmp(mode, "page") == 0)
			buf_add_span(&out, buf_span(&page));
		else
			answer_post(&request, &out);
		FCGX_PutStr(out.data, (int)out.len, request.out);
		FCGX_Finish_r(&request);
	}
	fatalx("cannot accept connections");
}

static void read_page(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t len = 1;

	if (file == NULL)
		fatal("cannot read '%s'", path);
	while (len > 0) {
		len = fread(buf_reserve(&page, BODY_MAX), 1, BODY_MAX, file);
		page.len += len;
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	long threads = atol(getenv("THREADS"));
	pthread_t thread;

	log_init("bench-fcgi", LOG_LEVEL_INFO);
	mode = argc > 1 ? argv[1] : "commit";
	if (argc > 2)
		read_page(argv[2]);
	if (FCGX_Init() != 0)
		fatalx("cannot start libfcgi");
	signal(SIGTERM, SIG_DFL);
	if (strcmp(mode, "commit") == 0)
		pthread_create(&thread, NULL, commit, NULL);
	while (threads-- > 1)
		pthread_create(&thread, NULL, serve, NULL);
	serve(NULL);
}
