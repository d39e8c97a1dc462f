/* SPDX-License-Identifier: MIT
 *
 * messages-fcgi/api/signature: the published example, each of its parts changed
 * in turn, and the text of each error.
 */
#include "messages-fcgi/api/signature.h"

#include "common/base/crypto.h"
#include "tests/unit/unit.h"

#define NOW 1353088179
#define SIGNATURE                                                              \
	"da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
#define MD5 "ec365a775a4cd0599faeb73354201b6f"
#define QUERY                                                                  \
	"auth_key=278d425bdf160c739803&auth_timestamp=1353088179"              \
	"&auth_version=1.0&body_md5=" MD5
#define BODY                                                                   \
	"{\"name\":\"foo\",\"channels\":[\"project-3\"],"                      \
	"\"data\":\"{\\\"some\\\":\\\"data\\\"}\"}"

static char key[] = "278d425bdf160c739803", secret[] = "7ad3773142a6692b25b8";
static const struct app app = { .key = key, .secret = secret };

static struct signature_request request_of(const char *body, int64_t now_s)
{
	return (struct signature_request){ .method = SPAN("POST"),
					   .path = SPAN("/apps/3/events"),
					   .body = span_str(body),
					   .now_s = now_s };
}

/* want NULL: it is good. */
static void expect_of(struct signature_request request, const char *query,
		      int status, const char *want)
{
	struct form form = FORM_INIT;
	struct api_error error = { .status = 0 };
	const char *why;

	assert_int_equal(form_parse_urlencoded(&form, span_str(query), &why),
			 0);
	request.query = &form;
	assert_int_equal(signature_check(&app, &request, &error),
			 want ? -1 : 0);
	assert_int_equal(error.status, want ? status : 0);
	if (want != NULL)
		assert_span(buf_span(&error.text), span_str(want));
	form_release(&form);
	api_error_release(&error);
}

TEST(a_path_is_signed_decoded_or_as_it_was_sent)
{
	static const char *const paths[] = { "/apps/3/users/a b",
					     "/apps/3/users/a%20b" };
	const char *query = "auth_key=278d425bdf160c739803"
			    "&auth_timestamp=1353088179&auth_version=1.0";
	struct signature_request request = request_of("", NOW);
	size_t i;

	for (i = 0; i < 2; i++) {
		struct buf text = BUF_INIT;
		uint8_t hmac[CRYPTO_SHA256_BYTES];

		buf_addf(&text, "POST\n%s\n%s", paths[i], query);
		crypto_hmac_sha256(span_str(secret), buf_span(&text), hmac);
		buf_clear(&text);
		buf_addf(&text, "%s&auth_signature=", query);
		crypto_add_hex(&text, hmac, sizeof(hmac));
		buf_add_char(&text, '\0');
		request.path = span_str(paths[0]);
		request.sent_path = span_str(paths[1]);
		expect_of(request, text.data, 0, NULL);
		buf_release(&text);
	}
}

static void expect(const char *query, int status, const char *want)
{
	expect_of(request_of(BODY, NOW), query, status, want);
}

static void expect_good(const char *query)
{
	expect(query, 0, NULL);
}

TEST(the_published_example_is_good)
{
	expect_good(QUERY "&auth_signature=" SIGNATURE);
}

TEST(order_and_case_of_the_names_do_not_matter)
{
	expect_good("auth_signature=" SIGNATURE "&body_md5=" MD5
		    "&auth_version=1.0&auth_timestamp=1353088179"
		    "&auth_key=278d425bdf160c739803");
	expect_good("AUTH_Signature=" SIGNATURE "&Body_MD5=" MD5
		    "&auth_version=1.0&Auth_Timestamp=1353088179"
		    "&auth_key=278d425bdf160c739803");
}

TEST(values_are_signed_decoded)
{
	struct form form = FORM_INIT;
	struct signature_request request = request_of("", NOW);
	struct buf buf = BUF_INIT;
	const char *why;

	assert_int_equal(form_parse_urlencoded(
				 &form,
				 SPAN("info=a%2Cb&Filter=x%3D1&auth_signature"
				      "=0&bare"),
				 &why),
			 0);
	request.query = &form;
	signature_add_text(&buf, &request);
	assert_buf(&buf, "POST\n/apps/3/events\nbare=&filter=x=1&info=a,b");
	buf_release(&buf);
	form_release(&form);
}

TEST(a_missing_key_or_another_app_s_key_is_unknown)
{
	expect("auth_key=other&auth_version=1.0", 401, "Unknown auth_key");
	expect("", 401, "Unknown auth_key");
	expect("auth_key=278d425bdf160c73980", 401, "Unknown auth_key");
}

TEST(the_version_is_1_0)
{
	expect("auth_key=278d425bdf160c739803", 401, "Version required");
	expect("auth_key=278d425bdf160c739803&auth_version=1.1", 401,
	       "Version not supported");
}

TEST(a_timestamp_is_good_for_less_than_600_seconds_either_way)
{
	static const char good[] = QUERY "&auth_signature=" SIGNATURE;

	expect_of(request_of(BODY, NOW + 599), good, 0, NULL);
	expect_of(request_of(BODY, NOW - 599), good, 0, NULL);
	expect_of(request_of(BODY, NOW + 600), good, 401,
		  "Timestamp expired: Given timestamp (2012-11-16T17:49:39Z) "
		  "not within 600s of server time (2012-11-16T17:59:39Z)");
	expect_of(request_of(BODY, NOW - 600), good, 401,
		  "Timestamp expired: Given timestamp (2012-11-16T17:49:39Z) "
		  "not within 600s of server time (2012-11-16T17:39:39Z)");
}

#define UP_TO_TIME "auth_key=278d425bdf160c739803&auth_version=1.0"

TEST(a_timestamp_is_a_number)
{
	expect(UP_TO_TIME, 401, "Timestamp required");
	expect(UP_TO_TIME "&auth_timestamp=now", 401,
	       "Timestamp is not a number");
	expect(UP_TO_TIME "&auth_timestamp=-9223372036854775808", 401,
	       "Timestamp expired: Given timestamp (-9223372036854775808) not "
	       "within 600s of server time (2012-11-16T17:49:39Z)");
}

TEST(the_signature_must_be_there)
{
	expect(QUERY, 401, "Signature required");
}

TEST(the_error_for_a_wrong_signature_has_the_text_to_sign)
{
	expect(QUERY "&auth_signature=abc", 401,
	       "Invalid signature: you should have sent HmacSHA256Hex(\"POST\\n"
	       "/apps/3/events\\n" QUERY "\", your_secret_key), but you sent "
	       "\"abc\"");
}

TEST(every_flipped_character_of_the_signature_is_refused)
{
	char query[] = QUERY "&auth_signature=" SIGNATURE;
	char *signature = query + sizeof(QUERY "&auth_signature=") - 1;
	struct form form = FORM_INIT;
	struct signature_request request = request_of(BODY, NOW);
	struct api_error error = { .status = 0 };
	const char *why;

	for (; *signature != '\0'; signature++) {
		*signature ^= 1;
		form_release(&form);
		assert_int_equal(
			form_parse_urlencoded(&form, span_str(query), &why), 0);
		request.query = &form;
		assert_int_equal(signature_check(&app, &request, &error), -1);
		assert_int_equal(error.status, 401);
		*signature ^= 1;
	}
	form_release(&form);
	api_error_release(&error);
}

TEST(a_changed_body_method_or_path_is_refused)
{
	static const char good[] = QUERY "&auth_signature=" SIGNATURE;
	struct signature_request request = request_of("{}", NOW);
	struct api_error error = { .status = 0 };
	struct form form = FORM_INIT;
	const char *why;

	expect_of(request, good, 401,
		  "Invalid body_md5: you should have sent MD5Hex(body), which "
		  "is \"99914b932bd37a50b983c5e7c90ae93b\", but you sent "
		  "\"" MD5 "\"");
	assert_int_equal(form_parse_urlencoded(&form, SPAN(good), &why), 0);
	request = request_of(BODY, NOW);
	request.query = &form;
	request.method = SPAN("GET");
	assert_int_equal(signature_check(&app, &request, &error), -1);
	request = request_of(BODY, NOW);
	request.query = &form;
	request.path = SPAN("/apps/4/events");
	assert_int_equal(signature_check(&app, &request, &error), -1);
	form_release(&form);
	api_error_release(&error);
}

/* Made by the published key and secret, without body_md5. */
TEST(only_a_request_with_a_body_needs_body_md5)
{
	static const char query[] =
		UP_TO_TIME "&auth_timestamp=1353088179&auth_signature="
			   "bd87f0e377a0f79369a6dba4edac213cf971168cf276731def6"
			   "96543986be0dc";

	expect_of(request_of("", NOW), query, 0, NULL);
	expect_of(request_of("{}", NOW), query, 401, "body_md5 required");
}

TEST(a_parameter_counts_once)
{
	expect(QUERY "&auth_signature=" SIGNATURE "&Auth_Key=x", 400,
	       "A parameter is given twice");
	expect(QUERY "&auth_signature=" SIGNATURE "&auth_signature=x", 400,
	       "A parameter is given twice");
}

TEST(a_query_is_utf_8)
{
	expect(QUERY "&x=%ff&auth_signature=" SIGNATURE, 400,
	       "The query is not UTF-8");
	expect(QUERY "&auth_signature=%ff", 400, "The query is not UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_signed_decoded_or_as_it_was_sent),
		cmocka_unit_test(the_published_example_is_good),
		cmocka_unit_test(order_and_case_of_the_names_do_not_matter),
		cmocka_unit_test(values_are_signed_decoded),
		cmocka_unit_test(a_missing_key_or_another_app_s_key_is_unknown),
		cmocka_unit_test(the_version_is_1_0),
		cmocka_unit_test(
			a_timestamp_is_good_for_less_than_600_seconds_either_way),
		cmocka_unit_test(a_timestamp_is_a_number),
		cmocka_unit_test(the_signature_must_be_there),
		cmocka_unit_test(
			the_error_for_a_wrong_signature_has_the_text_to_sign),
		cmocka_unit_test(
			every_flipped_character_of_the_signature_is_refused),
		cmocka_unit_test(a_changed_body_method_or_path_is_refused),
		cmocka_unit_test(only_a_request_with_a_body_needs_body_md5),
		cmocka_unit_test(a_parameter_counts_once),
		cmocka_unit_test(a_query_is_utf_8),
	};

	return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
