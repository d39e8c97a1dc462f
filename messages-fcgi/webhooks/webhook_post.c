/* SPDX-License-Identifier: MIT
 *
 * libcurl with most of it off: http and https only, short timeouts, and no
 * redirects, which could send a signed body to another server.
 */
#include "messages-fcgi/webhooks/webhook_post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/version.h"

#define CONNECT_TIMEOUT_MS 3000L
/* Less than the lease on the turn: see webhook_stream. */
#define TIMEOUT_MS 10000L

struct webhook_post {
	const char *key;
	const atomic_bool *is_given_up;
	CURL *curl; /* keeps a connection */
	char *host;
};

/* Only the status of an answer is used. */
static size_t discard_body(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	(void)arg;
	return size * count;
}

/* Called by libcurl at least once a second. */
static int check_progress(void *arg, curl_off_t total, curl_off_t now,
			  curl_off_t up_total, curl_off_t up_now)
{
	const struct webhook_post *post = arg;

	(void)total, (void)now, (void)up_total, (void)up_now;
	return atomic_load(post->is_given_up) ? 1 : 0;
}

/* These calls fail only if the program is wrong or memory is out. */
static void require_ok(CURLcode code)
{
	if (code != CURLE_OK)
		fatalx("libcurl: %s", curl_easy_strerror(code));
}

static void set_options(CURL *curl, const char *url, struct webhook_post *post)
{
	require_ok(curl_easy_setopt(curl, CURLOPT_URL, url));
	require_ok(curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https"));
	require_ok(curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L));
	require_ok(curl_easy_setopt(curl, CURLOPT_POST, 1L));
	require_ok(curl_easy_setopt(curl, CURLOPT_USERAGENT,
				    "pushlog/" PUSHLOG_VERSION));
	require_ok(curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
				    CONNECT_TIMEOUT_MS));
	require_ok(curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS));
	require_ok(curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L));
	require_ok(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard_body));
	require_ok(curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L));
	require_ok(curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION,
				    check_progress));
	require_ok(curl_easy_setopt(curl, CURLOPT_XFERINFODATA, post));
}

/* The caller frees it. */
static char *host_of(const char *url)
{
	CURLU *parts = curl_url();
	char *part = NULL, *host;

	if (parts == NULL)
		fatalx("out of memory for libcurl");
	if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_HOST, &part, 0) != CURLUE_OK)
		host = xstrdup("?"); /* the POST reports the error */
	else
		host = xstrdup(part);
	curl_free(part);
	curl_url_cleanup(parts);
	return host;
}

struct webhook_post *webhook_post_new(const char *url, const char *key,
				      const atomic_bool *is_given_up)
{
	struct webhook_post *post = xcalloc(1, sizeof(*post));

	post->key = key;
	post->is_given_up = is_given_up;
	post->host = host_of(url);
	post->curl = curl_easy_init();
	if (post->curl == NULL)
		fatalx("cannot start libcurl");
	set_options(post->curl, url, post);
	return post;
}

void webhook_post_free(struct webhook_post *post)
{
	curl_easy_cleanup(post->curl);
	free(post->host);
	free(post);
}

const char *webhook_post_host(const struct webhook_post *post)
{
	return post->host;
}

static struct curl_slist *append_header(struct curl_slist *list,
					const char *name, struct span value)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: ", name);
	buf_add_span(&line, value);
	buf_add_char(&line, '\0');
	list = curl_slist_append(list, line.data);
	if (list == NULL)
		fatalx("out of memory for libcurl");
	buf_release(&line);
	return list;
}

/* The status counts even if the rest of the answer does not arrive. */
static int perform_post(CURL *curl, char *why)
{
	CURLcode code = curl_easy_perform(curl);
	long status = 0;

	require_ok(curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status));
	if (status >= 200 && status < 300)
		return 0;
	if (code == CURLE_OK)
		snprintf(why, WEBHOOK_POST_WHY_BYTES, "answered %ld", status);
	else
		snprintf(why, WEBHOOK_POST_WHY_BYTES, "%s",
			 curl_easy_strerror(code));
	return -1;
}

int webhook_post_send(struct webhook_post *post, struct span body,
		      struct span signature, char why[WEBHOOK_POST_WHY_BYTES])
{
	struct curl_slist *headers = NULL;
	int result;

	headers = append_header(headers, "Content-Type",
				span_str("application/json"));
	headers = append_header(headers, "X-Pusher-Key", span_str(post->key));
	headers = append_header(headers, "X-Pusher-Signature", signature);
	/* an empty value omits the header, so that libcurl does not ask first
	 * whether it may send the body */
	headers = curl_slist_append(headers, "Expect:");
	require_ok(curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, headers));
	require_ok(curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, body.ptr));
	require_ok(curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE,
				    (curl_off_t)body.len));
	result = perform_post(post->curl, why);
	require_ok(curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, NULL));
	curl_slist_free_all(headers);
	return result;
}
