#include "answer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEEP_LEVELS 100000
#define HUGE_BYTES (2u << 20)
#define LONG_MESSAGE 5000

static void
reserve(struct answer *a, size_t n)
{
	if (a->len + n <= a->cap)
		return;
	while (a->cap < a->len + n)
		a->cap = a->cap ? a->cap * 2 : 512;
	a->data = realloc(a->data, a->cap);
	if (!a->data)
		exit(71);
}

static void
add(struct answer *a, const char *p, size_t n)
{
	reserve(a, n);
	memcpy(a->data + a->len, p, n);
	a->len += n;
}

static void
add_str(struct answer *a, const char *s)
{
	add(a, s, strlen(s));
}

static void __attribute__((format(printf, 2, 3)))
add_format(struct answer *a, const char *format, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	add(a, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

void
answer_clear(struct answer *a)
{
	a->len = a->pause_at = 0;
	a->close = false;
}

static bool
is_integer(const char *s)
{
	s += *s == '-';
	return *s && strspn(s, "0123456789") == strlen(s);
}

static void
add_code(struct answer *a, const char *code)
{
	if (is_integer(code))
		add_str(a, code);
	else if (*code == '"')
		add_str(a, code); /* quoted as it was written */
	else
		add_format(a, "\"%s\"", code);
}

static void
add_message(struct answer *a, const struct fault *f, struct text key)
{
	size_t i;

	switch (f->body) {
	case BODY_ESCAPE:
		add_str(a, "\"bell\\u0007 esc\\u001b[31m line\\nfeed \xE2\x80\xAE rtl\"");
		return;
	case BODY_FORMULA:
		add_str(a, "\"=HYPERLINK(\\\"http://x\\\")\"");
		return;
	case BODY_LONG:
		add_str(a, "\"");
		for (i = 0; i < LONG_MESSAGE; i++)
			add_str(a, "m");
		add_str(a, "\"");
		return;
	case BODY_NOKEY:
		add_str(a, "\"your key ");
		add(a, key.p, key.n);
		add_str(a, " is not known\"");
		return;
	default:
		break;
	}
	if (f->msg[0])
		add_format(a, "\"%s\"", f->msg);
	else
		add_str(a, strcmp(f->code, "0") == 0 ? "null" : "\"refused\"");
}

static void
add_data(struct answer *a, const struct fault *f, const char *id, const char *data)
{
	bool success = strcmp(f->code, "0") == 0 || strcmp(f->code, "\"0\"") == 0;

	if (data && success)
		add_str(a, data);
	else if (f->null_data || (!success && !f->id[0]))
		add_str(a, "null");
	else if (strcmp(f->id, "none") == 0)
		add_str(a, "{}");
	else if (strcmp(f->id, "null") == 0)
		add_str(a, "{\"assetId\":null}");
	else if (strcmp(f->id, "number") == 0)
		add_str(a, "{\"assetId\":42}");
	else
		add_format(a, "{\"assetId\":\"%s\"}", f->id[0] ? f->id : id);
}

static void
add_envelope(struct answer *a, const struct fault *f, const char *id, struct text key,
	     const char *data)
{
	add_str(a, "{\"code\":");
	add_code(a, f->code);
	if (f->body == BODY_DUPCODE)
		add_str(a, ",\"code\":0");
	add_str(a, ",\"msg\":");
	add_message(a, f, key);
	add_str(a, ",\"data\":");
	add_data(a, f, id, data);
	if (f->body != BODY_BROKEN)
		add_str(a, "}");
	if (f->body == BODY_TRAILING)
		add_str(a, " x");
	if (f->body == BODY_HUGE) {
		size_t n = a->len + HUGE_BYTES;

		reserve(a, HUGE_BYTES);
		memset(a->data + a->len, ' ', HUGE_BYTES);
		a->len = n;
	}
}

static void
add_body(struct answer *a, const struct fault *f, const char *id, struct text key,
	 const char *data)
{
	size_t i;

	switch (f->body) {
	case BODY_EMPTY:
		break;
	case BODY_HTML:
		add_str(a, "<html><body><h1>Bad Gateway</h1></body></html>");
		break;
	case BODY_DEEP:
		for (i = 0; i < DEEP_LEVELS; i++)
			add_str(a, "[");
		break;
	case BODY_JUNK:
		add(a, "\x00\x01\x02\xff\xfe junk", 10);
		break;
	case BODY_ARRAY:
		add_str(a, "[]");
		break;
	default:
		add_envelope(a, f, id, key, data);
		break;
	}
}

static void
add_retry_after(struct answer *a, const char *value)
{
	char date[64];
	time_t at;

	if (strncmp(value, "date", 4) != 0) {
		add_format(a, "Retry-After: %s\r\n", value);
		return;
	}
	at = time(NULL) + strtol(value + 4, NULL, 10);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&at));
	add_format(a, "Retry-After: %s\r\n", date);
}

static void
add_head(struct answer *a, const struct fault *f, size_t body_n, const char *head, size_t head_n)
{
	const char *equals = strchr(f->header, '=');

	if (f->early)
		add_format(a, "HTTP/1.1 103 Early Hints\r\nRetry-After: %ld\r\n\r\n", f->early);
	add_format(a, "HTTP/1.%d %d %s\r\nContent-Type: application/json\r\n", f->http10 ? 0 : 1,
		   f->status, f->status == 200 ? "OK" : "As Asked");
	if (f->chunked)
		add_str(a, "Transfer-Encoding: chunked\r\n");
	else if (!f->nolength && !f->http10)
		add_format(a, "Content-Length: %zu\r\n", body_n);
	if (f->retry_after[0])
		add_retry_after(a, f->retry_after);
	if (f->location[0])
		add_format(a, "Location: %s\r\n", f->location);
	if (equals)
		add_format(a, "%.*s: %s\r\n", (int)(equals - f->header), f->header, equals + 1);
	add(a, head, head_n);
	add_str(a, "\r\n");
}

static void
cut_short(struct answer *a, const struct fault *f, size_t head_end)
{
	size_t at = a->len;

	if (f->cut == CUT_AT)
		at = f->cut_at;
	else if (f->cut == CUT_HEADER)
		at = head_end / 2;
	else if (f->cut == CUT_BODY)
		at = head_end + (a->len - head_end) / 2;
	if (f->cut != CUT_NONE) {
		a->len = at < a->len ? at : a->len;
		a->close = true;
	}
}

void
answer_compose(struct answer *a, const struct fault *f, const char *id, struct text key,
	       const char *head, size_t head_n, const char *data)
{
	static struct answer body;
	size_t head_end;

	answer_clear(a);
	if (f->junkhttp) {
		add_str(a, "SSH-2.0-OpenSSH_9.2\r\n");
		a->close = true;
		return;
	}
	answer_clear(&body);
	add_body(&body, f, id, key, data);
	add_head(a, f, body.len, head, head_n);
	head_end = a->len;
	if (f->chunked)
		add_format(a, "%zx\r\n", body.len);
	add(a, body.data ? body.data : "", body.len);
	if (f->chunked)
		add_str(a, "\r\n0\r\n\r\n");
	a->close = f->nolength || f->http10;
	cut_short(a, f, head_end);
	if (f->pause_ms)
		a->pause_at = a->len / 2;
}

bool
answer_creates(const struct fault *f)
{
	bool code0 = strcmp(f->code, "0") == 0 || strcmp(f->code, "\"0\"") == 0;
	bool whole = f->cut == CUT_NONE && !f->drop && !f->hang && !f->junkhttp;

	return f->create || (whole && code0 && f->status / 100 == 2 && !f->null_data &&
			     strcmp(f->id, "none") != 0 && strcmp(f->id, "null") != 0 &&
			     f->body != BODY_EMPTY && f->body != BODY_HTML && f->body != BODY_BROKEN &&
			     f->body != BODY_DEEP && f->body != BODY_JUNK && f->body != BODY_ARRAY);
}
