#include "unit.h"

#include <stdio.h>

#include "api/reply.h"
#include "api/request.h"
#include "base/diag.h"

struct envelope {
	const char *body;
	enum code_kind kind;
	int64_t code;
	enum id_kind id;
	const char *message;
};

static const struct envelope envelopes[] = {
	{"{\"code\":0,\"msg\":null,\"data\":{\"assetId\":\"asset-1\"}}", CODE_NUMBER, 0, ID_VALID, ""},
	{" {\"x\":[{\"code\":5}],\"data\":{\"assetId\":\"A.b_c-9\"},\"code\":\"0\"}\r\n", CODE_NUMBER, 0, ID_VALID, ""},
	{"{\"code\":1001,\"msg\":\"\xE7\xB4\xA0\xE6\x9D\x90\",\"data\":null}", CODE_NUMBER, 1001, ID_ABSENT, "\xE7\xB4\xA0\xE6\x9D\x90"},
	{"{\"code\":-1}", CODE_NUMBER, -1, ID_ABSENT, ""},
	{"{\"code\":\"InvalidUrl\"}", CODE_WORD, 0, ID_ABSENT, ""},
	{"{\"code\":\"\"}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":1.5}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":0e0}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":null}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":true}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":[0]}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":{\"code\":0}}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":0,\"code\":0}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":99999999999999999999}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"data\":{\"code\":0}}", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"[{\"code\":0}]", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":0} x", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":0} \"abc", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"{\"code\":0", CODE_ABSENT, 0, ID_ABSENT, NULL},
	{"", CODE_ABSENT, 0, ID_ABSENT, "an empty answer"},
	{"<html>", CODE_ABSENT, 0, ID_ABSENT, "no envelope in the answer: <html>"},
	{"{\"code\":0,\"data\":{\"assetId\":\"\"}}", CODE_NUMBER, 0, ID_ABSENT, ""},
	{"{\"code\":0,\"data\":{\"assetId\":null}}", CODE_NUMBER, 0, ID_ABSENT, ""},
	{"{\"code\":0,\"data\":{\"assetId\":5}}", CODE_NUMBER, 0, ID_INVALID, ""},
	{"{\"code\":0,\"data\":{\"assetId\":{}}}", CODE_NUMBER, 0, ID_INVALID, ""},
	{"{\"code\":0,\"data\":{\"assetId\":false}}", CODE_NUMBER, 0, ID_INVALID, ""},
	{"{\"code\":0,\"data\":{\"assetId\":\"a b\"}}", CODE_NUMBER, 0, ID_INVALID, ""},
	{"{\"code\":0,\"data\":{\"assetId\":\"a\\u0000b\"}}", CODE_NUMBER, 0, ID_INVALID, ""},
	{"{\"code\":0,\"data\":{\"assetId\":\"a\",\"assetId\":\"b\"}}", CODE_NUMBER, 0, ID_INVALID, ""},
	{"{\"code\":0,\"data\":{\"x\":{\"assetId\":\"a\"}}}", CODE_NUMBER, 0, ID_ABSENT, ""},
	{"{\"code\":0,\"data\":[{\"assetId\":\"a\"}]}", CODE_NUMBER, 0, ID_ABSENT, ""},
	{"{\"code\":0,\"other\":{\"assetId\":\"a\"}}", CODE_NUMBER, 0, ID_ABSENT, ""},
	{"{\"code\":7,\"msg\":\"a\\u001b\\nb\"}", CODE_NUMBER, 7, ID_ABSENT, "a\\x1b\\nb"},
	{"{\"code\":7,\"msg\":\"=1+1\"}", CODE_NUMBER, 7, ID_ABSENT, " =1+1"},
	{"{\"code\":7,\"msg\":\"the key sk-secret here\"}", CODE_NUMBER, 7, ID_ABSENT, "the key [key] here"},
};

static void
each_envelope(void **state)
{
	struct reply r = {0};
	size_t i;

	(void)state;
	diag_set_secret("sk-secret");
	for (i = 0; i < COUNT_OF(envelopes); i++) {
		const struct envelope *e = &envelopes[i];

		reply_parse(&r, span_of(e->body));
		if (r.code_kind != e->kind || r.code != e->code || r.id != e->id)
			fail_msg("%s: kind %d, code %lld, id %d", e->body, r.code_kind,
				 (long long)r.code, r.id);
		if (e->message && !span_is(buf_span(&r.message), e->message))
			fail_msg("%s: message %s", e->body, r.message.data);
	}
	diag_set_secret(NULL);
	reply_free(&r);
}

static void
an_id_at_its_limit_and_one_past(void **state)
{
	char body[256];
	struct reply r = {0};
	int n;

	(void)state;
	for (n = 128; n <= 129; n++) {
		snprintf(body, sizeof body, "{\"code\":0,\"data\":{\"assetId\":\"%0*d\"}}", n, 1);
		reply_parse(&r, span_of(body));
		assert_int_equal(r.id, n == 128 ? ID_VALID : ID_INVALID);
	}
	reply_free(&r);
}

static void
messages_are_cut_between_characters_and_masked_first(void **state)
{
	char text[1200];
	struct buf out = {0};

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text + 498, "\xE7\xB4\xA0", 3);
	text[600] = '\0';
	reply_message(&out, span_of(text));
	assert_int_equal(out.len, 498);
	memset(text, 'a', sizeof text);
	memcpy(text + 494, "sk-secret", 9);
	text[600] = '\0';
	diag_set_secret("sk-secret");
	reply_message(&out, span_of(text));
	diag_set_secret(NULL);
	assert_null(strstr(out.data, "sk-"));
	buf_free(&out);
}

/* An answer without an envelope is shown in part; no part of a key is, however long or frequent. */
static void
excerpts_are_masked_before_they_are_cut(void **state)
{
	static char secret[LIMIT_KEY_BYTES + 1], body[2 * LIMIT_KEY_BYTES];
	static const size_t lengths[] = {9, 45, 460, 480, 1000, LIMIT_KEY_BYTES};
	struct reply r = {.id = ID_ABSENT};
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT_OF(lengths); i++) {
		memset(secret, 'S', lengths[i]);
		secret[lengths[i]] = '\0';
		diag_set_secret(secret);
		for (n = 0; n < 30; n++) {
			memset(body, '.', n);
			memset(body + n, 'S', lengths[i]);
			strcpy(body + n + lengths[i], "<html>");
			reply_parse(&r, span_of(body));
			assert_null(strchr(r.message.data, 'S'));
		}
		/* one after the other */
		for (n = 0; n + lengths[i] < sizeof body; n += lengths[i])
			memset(body + n, 'S', lengths[i]);
		body[n] = '\0';
		reply_parse(&r, span_of(body));
		assert_null(strchr(r.message.data, 'S'));
	}
	diag_set_secret(NULL);
	reply_free(&r);
}

static void
retry_after(void **state)
{
	static const struct {
		const char *value;
		int64_t ms;
	} cases[] = {
		{"1", 1000}, {"120 ", 120000}, {"0", -1}, {"-5", -1}, {"1.5", -1}, {"", -1}, {"soon", -1},
		{"99999999999999999999", INT64_C(366) * 86400000},
		{"Mon, 30 Mar 2026 14:22:08 GMT", 9877}, {"Mon, 30 Mar 2026 14:21:00 GMT", -1},
		{"Monday, 30-Mar-26 14:22:08 GMT", 9877}, {"Mon Mar 30 14:22:08 2026", 9877},
		{"1e3", -1}, {"5, 6", -1}, {NULL, -1},
		{"Mon, 30 Mar 599999999 14:22:08 GMT", INT64_C(366) * 86400000},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++)
		if (reply_retry_after_ms(cases[i].value, 1774880518123) != cases[i].ms)
			fail_msg("%s: %lld", cases[i].value,
				 (long long)reply_retry_after_ms(cases[i].value, 1774880518123));
}

static void
bodies(void **state)
{
	struct buf b = {0};
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		buf_clear(&b);
		request_body(&b, "Image", span_of("https://a/\"\\"), span_of("\xC3\xA9\n"));
		assert_string_equal(b.data, "{\"assetType\":\"Image\",\"url\":\"https://a/\\\"\\\\\","
					    "\"name\":\"\xC3\xA9\\n\"}");
	}
	buf_clear(&b);
	request_body(&b, "Video", span_of("u"), span_none());
	assert_string_equal(b.data, "{\"assetType\":\"Video\",\"url\":\"u\"}");
	buf_free(&b);
}

static enum review_word
word_of(struct reply *r, const char *body)
{
	reply_parse(r, span_of(body));
	return r->review;
}

static void
a_review_status_is_one_of_three_words_or_an_error(void **state)
{
	struct reply r = {.id = ID_ABSENT};

	(void)state;
	assert_int_equal(word_of(&r, "{\"code\":0,\"data\":{\"status\":\"Active\"}}"),
			 REVIEW_WORD_ACTIVE);
	assert_int_equal(word_of(&r, "{\"code\":0,\"data\":{\"status\":\"Failed\"}}"),
			 REVIEW_WORD_FAILED);
	assert_int_equal(word_of(&r, "{\"code\":0,\"data\":{\"status\":\"Processing\"}}"),
			 REVIEW_WORD_PROCESSING);
	assert_int_equal(word_of(&r, "{\"code\":0,\"status\":\"Active\",\"data\":{}}"),
			 REVIEW_WORD_ABSENT);
	assert_int_equal(word_of(&r, "{\"code\":0,\"data\":{\"x\":{\"status\":\"Active\"}}}"),
			 REVIEW_WORD_ABSENT);
	assert_int_equal(word_of(&r, "{\"code\":0,\"data\":{\"status\":\"active\"}}"),
			 REVIEW_WORD_OTHER);
	assert_string_equal(r.status.data, "active");
	assert_int_equal(word_of(&r, "{\"code\":0,\"data\":{\"status\":\"\\u001b[2J\"}}"),
			 REVIEW_WORD_OTHER);
	assert_string_equal(r.status.data, "\\x1b[2J");
	assert_int_equal(word_of(&r, "{\"code\":0,\"data\":{\"status\":2}}"), REVIEW_WORD_OTHER);
	assert_int_equal(word_of(&r, "{\"code\":0,\"data\":{\"status\":[\"Active\"]}}"),
			 REVIEW_WORD_OTHER);
	assert_int_equal(word_of(&r, "{\"code\":0,\"data\":{\"status\":\"Active\",\"status\":\"Active\"}}"),
			 REVIEW_WORD_OTHER);
	reply_free(&r);
}

static const char *
code_of(struct reply *r, const char *body)
{
	reply_parse(r, span_of(body));
	return r->code_text;
}

static void
a_code_that_is_a_word_is_fit_to_be_shown_and_recorded(void **state)
{
	struct reply r = {.id = ID_ABSENT};
	char body[256];
	size_t n;

	(void)state;
	diag_set_secret("sk-secret-1");
	assert_string_equal(code_of(&r, "{\"code\":\"InvalidUrl\"}"), "InvalidUrl");
	assert_string_equal(code_of(&r, "{\"code\":\"-1\"}"), "-1");
	assert_int_equal(r.code_kind, CODE_NUMBER);
	assert_string_equal(code_of(&r, "{\"code\":\"\\u001b[31m\\n\"}"), "\\x1b[31m\\n");
	assert_int_equal(r.code_kind, CODE_WORD);
	assert_string_equal(code_of(&r, "{\"code\":\"=1+1\"}"), " =1+1");
	assert_string_equal(code_of(&r, "{\"code\":\"x sk-secret-1\"}"), "x [key]");
	strcpy(body, "{\"code\":\"");
	n = strlen(body);
	memset(body + n, 0x7F, REPLY_CODE_BYTES); /* each becomes four */
	strcpy(body + n + REPLY_CODE_BYTES, "\"}");
	assert_in_range(strlen(code_of(&r, body)), 1, REPLY_CODE_BYTES);
	diag_set_secret(NULL);
	reply_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_that_is_a_word_is_fit_to_be_shown_and_recorded),
		cmocka_unit_test(a_review_status_is_one_of_three_words_or_an_error),
		cmocka_unit_test(each_envelope),
		cmocka_unit_test(an_id_at_its_limit_and_one_past),
		cmocka_unit_test(messages_are_cut_between_characters_and_masked_first),
		cmocka_unit_test(excerpts_are_masked_before_they_are_cut),
		cmocka_unit_test(retry_after),
		cmocka_unit_test(bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
