/*
 * Theory. One yajl pass over the whole body (bounded by LIMIT_REPLY_BYTES) that keeps four members:
 * `code` and `msg` at depth 1, `data.assetId` and `data.status` at depth 2. yajl takes an
 * unfinished string behind the value for success, so the bytes behind the object are looked at
 * here.
 */
#include "api/reply.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/diag.h"
#include "base/json_text.h"
#include "base/text.h"

#define EXCERPT_BYTES 80 /* of a body that is no envelope, for lade_message */
#define LONGEST_RETRY_AFTER_MS (INT64_C(366) * 86400 * 1000)

/* Which member the next value belongs to. */
enum member { MEMBER_OTHER, MEMBER_CODE, MEMBER_MSG, MEMBER_DATA, MEMBER_ID, MEMBER_STATUS };

struct parser {
	yajl_handle yajl;
	struct reply *reply;
	struct buf msg;
	unsigned depth;	    /* open containers */
	bool top_is_object; /* depth 1 is an object */
	bool in_data;	    /* depth 2 is the member data of the top object */
	enum member member;
	unsigned codes, ids; /* how many of each were seen */
	bool bad_code;
	size_t end; /* offset behind the top value; 0: still open */
};

static bool
is_id_char(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

static void
take_id(struct parser *p, struct span value)
{
	struct reply *r = p->reply;
	size_t i;

	p->ids++;
	if (value.n == 0)
		return;
	r->id = ID_INVALID;
	r->asset_id[0] = '\0'; /* of two, neither */
	if (value.n > LIMIT_ASSET_ID_BYTES || p->ids > 1)
		return;
	for (i = 0; i < value.n; i++)
		if (!is_id_char(value.p[i]))
			return;
	memcpy(r->asset_id, value.p, value.n);
	r->asset_id[value.n] = '\0';
	r->id = ID_VALID;
}

/* Of two statuses neither is believed. */
static void
take_status(struct parser *p, struct span value)
{
	struct reply *r = p->reply;

	if (r->review != REVIEW_WORD_ABSENT)
		r->review = REVIEW_WORD_OTHER;
	else if (span_is(value, "Processing"))
		r->review = REVIEW_WORD_PROCESSING;
	else if (span_is(value, "Active"))
		r->review = REVIEW_WORD_ACTIVE;
	else if (span_is(value, "Failed"))
		r->review = REVIEW_WORD_FAILED;
	else
		r->review = REVIEW_WORD_OTHER;
	if (r->review == REVIEW_WORD_OTHER)
		reply_message(&r->status, value);
}

/* A code that is a word is shown and recorded as any text of a server is: fit for both. */
static void
take_word(struct parser *p, struct span value)
{
	struct reply *r = p->reply;
	struct buf fit = {0}, cut = {0};

	r->code_kind = CODE_WORD;
	reply_message(&fit, value);
	text_escape(&cut, buf_span(&fit), REPLY_CODE_BYTES);
	memcpy(r->code_text, cut.data, cut.len + 1);
	buf_free(&fit);
	buf_free(&cut);
}

/* A code is an integer, or a string, which may hold one. */
static void
take_code(struct parser *p, struct span value)
{
	struct reply *r = p->reply;
	size_t i = value.n > 0 && value.p[0] == '-', digits = value.n - i;
	int64_t number = 0;

	p->codes++;
	if (value.n == 0 || value.n > REPLY_CODE_BYTES || memchr(value.p, '\0', value.n)) {
		p->bad_code = true;
		return;
	}
	while (i < value.n && digits <= 18 && isdigit((unsigned char)value.p[i]))
		number = number * 10 + (value.p[i++] - '0');
	if (i < value.n || digits == 0) {
		take_word(p, value);
		return;
	}
	memcpy(r->code_text, value.p, value.n);
	r->code_text[value.n] = '\0';
	r->code = value.p[0] == '-' ? -number : number;
	r->code_kind = CODE_NUMBER;
}

/* A value ended; the next needs a key of its own. */
static int
after_value(struct parser *p)
{
	p->member = MEMBER_OTHER;
	if (p->depth == 0)
		p->end = yajl_get_bytes_consumed(p->yajl);
	return 1;
}

static int
on_string(void *ctx, const unsigned char *text, size_t n)
{
	struct parser *p = ctx;
	struct span value = {(const char *)text, n};

	if (p->member == MEMBER_CODE)
		take_code(p, value);
	else if (p->member == MEMBER_ID)
		take_id(p, value);
	else if (p->member == MEMBER_STATUS)
		take_status(p, value);
	else if (p->member == MEMBER_MSG && p->msg.len == 0)
		buf_add_span(&p->msg, value);
	return after_value(p);
}

static int
on_number(void *ctx, const char *text, size_t n)
{
	struct parser *p = ctx;
	struct span value = {text, n};

	if (p->member == MEMBER_CODE) {
		take_code(p, value);
		p->bad_code |= p->reply->code_kind != CODE_NUMBER; /* 1.5, 1e3, or beyond reason */
	} else if (p->member == MEMBER_ID) {
		take_id(p, span_of("?")); /* a number is no id, and must not read as absent */
	} else if (p->member == MEMBER_STATUS) {
		take_status(p, value);
	}
	return after_value(p);
}

static int
on_null(void *ctx)
{
	struct parser *p = ctx;

	p->bad_code |= p->member == MEMBER_CODE;
	return after_value(p);
}

static int
on_boolean(void *ctx, int value)
{
	(void)value;
	return on_number(ctx, "?", 1);
}

static int
open_container(struct parser *p, bool object)
{
	if (p->member == MEMBER_CODE)
		p->bad_code = true;
	if (p->member == MEMBER_ID)
		take_id(p, span_of("?"));
	if (p->member == MEMBER_STATUS)
		take_status(p, span_of("?"));
	if (p->depth == 0)
		p->top_is_object = object;
	if (p->depth == 1)
		p->in_data = object && p->member == MEMBER_DATA;
	p->member = MEMBER_OTHER;
	return ++p->depth <= LIMIT_DEPTH;
}

static int
on_map_start(void *ctx)
{
	return open_container(ctx, true);
}

static int
on_array_start(void *ctx)
{
	return open_container(ctx, false);
}

static int
on_end(void *ctx)
{
	struct parser *p = ctx;

	if (--p->depth == 1)
		p->in_data = false;
	return after_value(p);
}

static int
on_key(void *ctx, const unsigned char *text, size_t n)
{
	struct parser *p = ctx;
	struct span key = {(const char *)text, n};

	p->member = MEMBER_OTHER;
	if (p->depth == 1 && span_is(key, "code"))
		p->member = MEMBER_CODE;
	else if (p->depth == 1 && span_is(key, "msg"))
		p->member = MEMBER_MSG;
	else if (p->depth == 1 && span_is(key, "data"))
		p->member = MEMBER_DATA;
	else if (p->depth == 2 && p->in_data && span_is(key, "assetId"))
		p->member = MEMBER_ID;
	else if (p->depth == 2 && p->in_data && span_is(key, "status"))
		p->member = MEMBER_STATUS;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_map_start,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array_start,
	.yajl_end_array = on_end,
};

/* Whether the whole body was one JSON object with one readable code. */
static bool
is_envelope(struct parser *p, struct span body)
{
	yajl_status status = yajl_parse(p->yajl, (const unsigned char *)body.p, body.n);
	size_t i;

	if (status == yajl_status_ok)
		status = yajl_complete_parse(p->yajl);
	if (status != yajl_status_ok || !p->top_is_object || p->end == 0)
		return false;
	for (i = p->end; i < body.n; i++)
		if (!strchr(" \t\r\n", body.p[i]) || body.p[i] == '\0')
			return false;
	return p->codes == 1 && !p->bad_code;
}

void
reply_message(struct buf *out, struct span text)
{
	struct buf raw = {0};

	buf_clear(out);
	if (text.n == 0)
		return;
	buf_add_span(&raw, text);
	diag_mask(&raw); /* before the cut: half a key is a secret too */
	if (raw.len > 0 && strchr("=+-@", raw.data[0]) && raw.data[0] != '\0')
		buf_add_char(out, ' ');
	text_escape(out, buf_span(&raw), LIMIT_MESSAGE_BYTES);
	buf_free(&raw);
}

void
reply_parse(struct reply *r, struct span body)
{
	yajl_alloc_funcs arena = json_arena(&r->arena);
	struct parser p = {.reply = r};

	r->code_kind = CODE_ABSENT;
	r->code = 0;
	r->code_text[0] = '\0';
	r->id = ID_ABSENT;
	r->asset_id[0] = '\0';
	r->review = REVIEW_WORD_ABSENT;
	buf_clear(&r->status);
	arena_reset(&r->arena);
	p.yajl = yajl_alloc(&callbacks, &arena, &p);
	if (body.n > 0 && is_envelope(&p, body)) {
		reply_message(&r->message, buf_span(&p.msg));
	} else {
		struct buf text = {0};

		r->code_kind = CODE_ABSENT;
		r->code_text[0] = '\0';
		buf_add_str(&text, body.n ? "no envelope in the answer: " : "an empty answer");
		/* all of it, for it is masked before the excerpt is cut */
		buf_add_span(&text, body);
		reply_message(&r->message, buf_span(&text));
		if (r->message.len > EXCERPT_BYTES) {
			buf_clear(&text);
			text_escape(&text, buf_span(&r->message), EXCERPT_BYTES);
			buf_clear(&r->message);
			buf_add_span(&r->message, buf_span(&text));
		}
		buf_free(&text);
	}
	buf_free(&p.msg);
}

void
reply_free(struct reply *r)
{
	buf_free(&r->status);
	buf_free(&r->message);
	arena_free(&r->arena);
}

int64_t
reply_retry_after_ms(const char *value, int64_t wall_ms)
{
	int64_t seconds = 0, ms;
	const char *p = value;
	time_t date;

	if (!value)
		return -1;
	if (isdigit((unsigned char)*p)) {
		for (; isdigit((unsigned char)*p); p++)
			if (seconds < LONGEST_RETRY_AFTER_MS / 1000)
				seconds = seconds * 10 + (*p - '0');
		while (*p == ' ' || *p == '\t')
			p++;
		if (*p != '\0')
			return -1;
		ms = seconds > LONGEST_RETRY_AFTER_MS / 1000 ? LONGEST_RETRY_AFTER_MS
							     : seconds * 1000;
	} else {
		date = isalpha((unsigned char)*p) ? curl_getdate(value, NULL) : (time_t)-1;
		if (date == (time_t)-1)
			return -1;
		/* a date of any year is a date: no overflow */
		if ((int64_t)date - wall_ms / 1000 > LONGEST_RETRY_AFTER_MS / 1000)
			ms = LONGEST_RETRY_AFTER_MS;
		else
			ms = (int64_t)date < 0 ? -1 : (int64_t)date * 1000 - wall_ms;
	}
	return ms > 0 ? ms : -1;
}
