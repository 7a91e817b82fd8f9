/*
 * Theory. yajl cannot be paused, so where a value ends is found by a scanner that knows strings,
 * escapes and brackets only (json_scan.c). A scan that meets the window's end is resumed where it
 * stopped, so each byte is looked at once.
 */
#include "manifest/json_cursor.h"

#include <stdio.h>
#include <string.h>

#include "manifest/json_strict.h"

void
json_cursor_init(struct json_cursor *c, struct source *s, struct span window, size_t skip)
{
	*c = (struct json_cursor){
		.source = s,
		.limit = source_limit_row(s),
		.window = window,
		.at = skip,
		.offset = (int64_t)skip,
		.line = 1,
		.line_offset = (int64_t)skip,
	};
}

void
json_cursor_advance(struct json_cursor *c, size_t n)
{
	const char *start = c->window.p + c->at, *p = start, *lf;

	if (n == 0)
		return;
	while ((lf = memchr(p, '\n', (size_t)(start + n - p)))) {
		c->line++;
		p = lf + 1;
		c->line_offset = c->offset + (p - start);
	}
	c->at += n;
	c->offset += (int64_t)n;
}

enum source_status
json_cursor_broken(const struct json_cursor *c, const char *what, struct fault *f)
{
	fault_set(f, c->line, json_cursor_column(c, 0), "%s", what);
	return SOURCE_BROKEN;
}

/*
 * A value that does not end, within its cap or the file: perhaps because of a mistake in it (a
 * quotation mark too few makes strings of all that follows). If there is one, it is named; else what.
 */
static enum source_status
endless(const struct json_cursor *c, const char *what, struct fault *f)
{
	struct span text = json_cursor_rest(c);
	struct json_cursor mistake = *c;
	const char *wrong;
	size_t at;

	if (text.n > c->limit)
		text.n = c->limit;
	wrong = json_strict(text, &at);
	if (!wrong || at >= text.n)
		return json_cursor_broken(c, what, f);
	json_cursor_advance(&mistake, at);
	return json_cursor_broken(&mistake, wrong, f);
}

static enum source_status
too_long(const struct json_cursor *c, struct fault *f)
{
	char what[64];

	snprintf(what, sizeof what, "an element that begins here is longer than %zu MiB",
		 c->limit >> 20);
	return endless(c, what, f);
}

bool
json_cursor_is_full(const struct json_cursor *c)
{
	return c->window.n - c->at > c->limit;
}

void
json_cursor_enter(struct json_cursor *c)
{
	c->scan = (struct json_scan){0};
	json_cursor_advance(c, 1);
}

enum source_status
json_cursor_more(struct json_cursor *c, bool block, struct fault *f)
{
	enum source_status status;

	if (c->ended)
		return SOURCE_END;
	if (json_cursor_is_full(c))
		return too_long(c, f);
	source_consume(c->source, c->at);
	c->at = 0;
	status = source_more(c->source, block, &c->window, f);
	c->ended = status == SOURCE_END;
	return status;
}

enum source_status
json_cursor_peek(struct json_cursor *c, bool block, char *next, struct fault *f)
{
	enum source_status status = SOURCE_BYTES;

	while (status == SOURCE_BYTES) {
		json_cursor_advance(c, span_skip_white(json_cursor_rest(c), 0));
		if (c->at < c->window.n) {
			*next = c->window.p[c->at];
			return SOURCE_BYTES;
		}
		status = json_cursor_more(c, block, f);
	}
	return status;
}

enum source_status
json_cursor_value(struct json_cursor *c, bool block, struct span *out, struct fault *f)
{
	enum source_status status;

	while (!json_scan_value(&c->scan, json_cursor_rest(c))) {
		status = json_cursor_more(c, block, f);
		if (status == SOURCE_END && c->scan.pos > 0 && c->scan.depth == 0 &&
		    !c->scan.in_string)
			break; /* a number at the end of the file */
		if (status == SOURCE_END)
			return endless(c, "the file ends inside the element that begins here", f);
		if (status != SOURCE_BYTES)
			return status;
	}
	if (c->scan.pos > c->limit)
		return too_long(c, f);
	*out = (struct span){c->window.p + c->at, c->scan.pos};
	c->scan = (struct json_scan){0};
	return SOURCE_BYTES;
}
