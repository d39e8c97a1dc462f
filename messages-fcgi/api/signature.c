/* SPDX-License-Identifier: MIT
 *
 * The signature of version 1.0. Errors have the texts of the hosted service,
 * which developers look up.
 */
#include "messages-fcgi/api/signature.h"

#include <time.h>

#include "common/base/crypto.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define VERSION "1.0"
#define SIGNATURE "auth_signature"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int compare_names(struct span a, struct span b)
{
	size_t i;

	for (i = 0; i < a.len && i < b.len; i++) {
		unsigned char x = (unsigned char)lower(a.ptr[i]);
		unsigned char y = (unsigned char)lower(b.ptr[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.len > b.len) - (a.len < b.len);
}

/* The parameter of this name in whatever case; absent if there is none. */
static struct span find_query_field(const struct form *query, const char *name)
{
	size_t i;

	for (i = 0; i < query->count; i++)
		if (compare_names(query->fields[i].name, span_str(name)) == 0)
			return query->fields[i].value;
	return span_of(NULL, 0);
}

/* Puts the fields, few as they are, in the order of their names. */
static void sort(const struct form *query,
		 const struct form_field *sorted[FORM_FIELDS_MAX])
{
	size_t i, at;

	for (i = 0; i < query->count; i++) {
		const struct form_field *field = &query->fields[i];

		for (at = i; at > 0 && compare_names(sorted[at - 1]->name,
						     field->name) > 0;
		     at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = field;
	}
}

void signature_add_text(struct buf *buf,
			const struct signature_request *request)
{
	const struct form_field *sorted[FORM_FIELDS_MAX];
	bool is_first = true;
	size_t i, k;

	sort(request->query, sorted);
	buf_add_span(buf, request->method);
	buf_add_char(buf, '\n');
	buf_add_span(buf, request->path);
	buf_add_char(buf, '\n');
	for (i = 0; i < request->query->count; i++) {
		struct span name = sorted[i]->name;

		if (compare_names(name, span_str(SIGNATURE)) == 0)
			continue;
		if (!is_first)
			buf_add_char(buf, '&');
		is_first = false;
		for (k = 0; k < name.len; k++)
			buf_add_char(buf, lower(name.ptr[k]));
		buf_add_char(buf, '=');
		buf_add_span(buf, sorted[i]->value);
	}
}

/* A repeated parameter is an error: its value would be ambiguous. */
static int check_once(const struct form *query, struct api_error *error)
{
	const struct form_field *sorted[FORM_FIELDS_MAX];
	size_t i;

	sort(query, sorted);
	for (i = 1; i < query->count; i++)
		if (compare_names(sorted[i - 1]->name, sorted[i]->name) == 0)
			return api_error_set(error, 400,
					     "A parameter is given twice");
	return 0;
}

static int check_version(const struct form *query, struct api_error *error)
{
	struct span version = find_query_field(query, "auth_version");

	if (version.ptr == NULL)
		return api_error_set(error, 401, "Version required");
	if (!span_is(version, VERSION))
		return api_error_set(error, 401, "Version not supported");
	return 0;
}

/* Adds "(2026-11-23T12:34:56Z)", or the number if its year has not four digits.
 */
static void add_time(struct buf *buf, int64_t s)
{
	time_t seconds = (time_t)s;
	char text[32];
	struct tm tm;

	buf_add_char(buf, '(');
	if (gmtime_r(&seconds, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		buf_add_str(buf, text);
	else
		buf_add_int(buf, s);
	buf_add_char(buf, ')');
}

static int check_timestamp(const struct signature_request *request,
			   struct api_error *error)
{
	struct span timestamp =
		find_query_field(request->query, "auth_timestamp");
	int64_t s, age;

	if (timestamp.ptr == NULL)
		return api_error_set(error, 401, "Timestamp required");
	if (text_parse_int(timestamp, &s) == -1)
		return api_error_set(error, 401, "Timestamp is not a number");
	if (!__builtin_sub_overflow(request->now_s, s, &age) &&
	    age < SIGNATURE_GRACE_S && age > -SIGNATURE_GRACE_S)
		return 0;
	api_error_set(error, 401, "Timestamp expired: Given timestamp ");
	add_time(&error->text, s);
	buf_addf(&error->text, " not within %ds of server time ",
		 SIGNATURE_GRACE_S);
	add_time(&error->text, request->now_s);
	return -1;
}

static bool is_signature(const struct app *app, struct span text,
			 struct span given)
{
	uint8_t hmac[CRYPTO_SHA256_BYTES];
	struct buf wanted = BUF_INIT;
	bool result;

	crypto_hmac_sha256(span_str(app->secret), text, hmac);
	crypto_add_hex(&wanted, hmac, sizeof(hmac));
	result = crypto_equal(buf_span(&wanted), given);
	buf_release(&wanted);
	return result;
}

/* A library that escapes a path itself signs it without the escapes. If its
 * caller escapes the path, the library signs the escapes, too. */
static bool is_signature_as_sent(const struct app *app,
				 const struct signature_request *request,
				 struct span given)
{
	struct signature_request sent = *request;
	struct buf text = BUF_INIT;
	bool result;

	if (request->sent_path.len == 0)
		return false;
	sent.path = request->sent_path;
	signature_add_text(&text, &sent);
	result = is_signature(app, buf_span(&text), given);
	buf_release(&text);
	return result;
}

static int check_signature(const struct app *app,
			   const struct signature_request *request,
			   struct api_error *error)
{
	struct span given = find_query_field(request->query, SIGNATURE);
	struct buf text = BUF_INIT;
	int result = 0;

	signature_add_text(&text, request);
	if (!text_is_utf8(buf_span(&text)) || !text_is_utf8(given)) {
		result = api_error_set(error, 400, "The query is not UTF-8");
	} else if (given.ptr == NULL) {
		result = api_error_set(error, 401, "Signature required");
	} else if (!is_signature(app, buf_span(&text), given) &&
		   !is_signature_as_sent(app, request, given)) {
		result =
			api_error_set(error, 401,
				      "Invalid signature: you should have sent "
				      "HmacSHA256Hex(");
		json_add_string(&error->text, buf_span(&text));
		buf_add_str(&error->text, ", your_secret_key), but you sent ");
		json_add_string(&error->text, given);
	}
	buf_release(&text);
	return result;
}

/* body_md5 is signed; the body must match it. */
static int check_body_md5(const struct signature_request *request,
			  struct api_error *error)
{
	struct span given = find_query_field(request->query, "body_md5");
	uint8_t md5[CRYPTO_MD5_BYTES];
	struct buf wanted = BUF_INIT;
	int result = 0;

	if (request->body.len == 0)
		return 0;
	if (given.ptr == NULL)
		return api_error_set(error, 401, "body_md5 required");
	crypto_md5(request->body, md5);
	crypto_add_hex(&wanted, md5, sizeof(md5));
	if (!crypto_equal(buf_span(&wanted), given)) {
		result = api_error_set(error, 401,
				       "Invalid body_md5: you should have sent "
				       "MD5Hex(body), which is ");
		json_add_string(&error->text, buf_span(&wanted));
		buf_add_str(&error->text, ", but you sent ");
		json_add_string(&error->text, given);
	}
	buf_release(&wanted);
	return result;
}

int signature_check(const struct app *app,
		    const struct signature_request *request,
		    struct api_error *error)
{
	if (check_once(request->query, error) == -1)
		return -1;
	if (!span_is(find_query_field(request->query, "auth_key"), app->key))
		return api_error_set(error, 401, "Unknown auth_key");
	if (check_version(request->query, error) == -1 ||
	    check_timestamp(request, error) == -1 ||
	    check_signature(app, request, error) == -1)
		return -1;
	return check_body_md5(request, error);
}
