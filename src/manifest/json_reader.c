/*
 * Finding the elements of a JSON manifest.
 *
 * Theory. yajl cannot be paused, so where an element ends is found by a scanner that knows strings,
 * escapes and brackets only (json_scan.c); whether the element is JSON is yajl's to say, in one call over
 * its whole text (json.c). The punctuation between elements, and the members around the array, are
 * this file's own. A scan that meets the window's end is resumed where it stopped, so each byte is
 * looked at once.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/json.h"
#include "manifest/json_scan.h"
#include "manifest/json_strict.h"
#include "manifest/lines.h"

/* Where the reader is. */
enum place {
	AT_START,      /* before the top value */
	AT_MEMBER,     /* in an enveloping object, before a name or its end */
	AT_VALUE,      /* behind a name and its colon */
	AT_AFTER,      /* behind a member's value: a comma or the object's end */
	AT_FIRST,      /* behind the array's bracket: an element or its end */
	AT_ELEMENT,    /* behind a comma in the array: an element */
	AT_SEPARATOR,  /* behind an element: a comma or the array's end */
	AT_END,        /* behind the top value: nothing but blanks */
};

struct json_reader {
	struct lines lines; /* for an element a line */
	bool is_lines;
	struct source *source;
	struct span window;
	size_t at;      /* next byte in the window */
	int64_t offset; /* of window[at] in the file */
	int64_t line;   /* of window[at] */
	int64_t column_base; /* offset of that line's first byte */
	bool ended;
	enum place place;
	struct json_scan scan;
	struct json_path path;     /* where the array is; no parts: the first one */
	unsigned level;            /* objects that are open: the top, and those along path */
	bool found;                /* the array was found */
	unsigned empty_arrays;     /* that were passed over: one alone is an empty manifest */
	struct buf name;           /* of the member that is being read */
	struct json_lookup *check; /* for values that are passed over */
};

struct json_reader *
json_reader_new(struct source *s, struct span window, size_t skip, bool lines, const char *path)
{
	struct json_reader *r = mem_calloc(1, sizeof *r);

	r->source = s;
	r->is_lines = lines;
	r->window = window;
	r->line = 1;
	r->at = skip;
	r->offset = r->column_base = (int64_t)skip;
	lines_init(&r->lines, s, false, window, skip);
	r->check = json_lookup_new(NULL, 0);
	if (path)
		json_path_init(&r->path, path, false);
	return r;
}

void
json_reader_free(struct json_reader *r)
{
	if (!r)
		return;
	json_path_fini(&r->path);
	json_lookup_free(r->check);
	buf_free(&r->name);
	free(r);
}

int64_t
json_reader_line(const struct json_reader *r)
{
	return r->is_lines ? r->lines.line : r->line;
}

int64_t
json_reader_offset(const struct json_reader *r)
{
	return r->is_lines ? r->lines.offset : r->offset;
}

static enum source_status
broken(struct json_reader *r, struct fault *f, const char *what)
{
	fault_set(f, r->line, r->offset - r->column_base + 1, "%s", what);
	return SOURCE_BROKEN;
}

/* Moves over n bytes of the window, counting lines. */
static void
advance(struct json_reader *r, size_t n)
{
	const char *p = r->window.p + r->at, *end = p + n, *lf;

	if (n == 0)
		return;
	while ((lf = memchr(p, '\n', (size_t)(end - p)))) {
		r->line++;
		p = lf + 1;
		r->column_base = r->offset + (p - (r->window.p + r->at));
	}
	r->at += n;
	r->offset += (int64_t)n;
}

/*
 * A value that does not end, within its cap or the file: perhaps because of a mistake in it (a
 * quotation mark too few makes strings of all that follows). If there is one, it is named; else what.
 */
static enum source_status
endless(struct json_reader *r, const char *what, struct fault *f)
{
	struct span text = {r->window.p + r->at, r->window.n - r->at};
	const char *wrong, *p = text.p, *lf;
	size_t at;

	if (text.n > LIMIT_ROW_BYTES)
		text.n = LIMIT_ROW_BYTES;
	wrong = json_strict(text, &at);
	if (!wrong || at >= text.n)
		return broken(r, f, what);
	fault_set(f, r->line, r->offset - r->column_base + 1, "%s", wrong);
	while ((lf = memchr(p, '\n', (size_t)(text.p + at - p)))) {
		f->line++;
		f->column = 1;
		p = lf + 1;
	}
	f->column += text.p + at - p;
	return SOURCE_BROKEN;
}

static enum source_status
more(struct json_reader *r, bool block, struct fault *f)
{
	enum source_status status;

	if (r->ended)
		return SOURCE_END;
	if (r->window.n - r->at > LIMIT_ROW_BYTES)
		return endless(r, "an element that begins here is longer than 4 MiB", f);
	source_consume(r->source, r->at);
	r->at = 0;
	status = source_more(r->source, block, &r->window, f);
	r->ended = status == SOURCE_END;
	return status;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next byte that is no blank; SOURCE_END when there is none. */
static enum source_status
peek(struct json_reader *r, bool block, char *c, struct fault *f)
{
	enum source_status status = SOURCE_BYTES;

	while (status == SOURCE_BYTES) {
		size_t n = r->at;

		while (n < r->window.n && is_blank(r->window.p[n]))
			n++;
		advance(r, n - r->at);
		if (r->at < r->window.n) {
			*c = r->window.p[r->at];
			return SOURCE_BYTES;
		}
		status = more(r, block, f);
	}
	return status;
}

/* The whole value at r->at; it is consumed, its bytes stay valid until the next call. */
static enum source_status
take_value(struct json_reader *r, bool block, struct span *out, struct fault *f)
{
	enum source_status status;

	while (!json_scan_value(&r->scan, (struct span){r->window.p + r->at, r->window.n - r->at})) {
		status = more(r, block, f);
		if (status == SOURCE_END && r->scan.pos > 0 && r->scan.depth == 0 &&
		    !r->scan.in_string)
			break; /* a number at the end of the file */
		if (status == SOURCE_END)
			return endless(r, "the file ends inside the element that begins here", f);
		if (status != SOURCE_BYTES)
			return status;
	}
	if (r->scan.pos > LIMIT_ROW_BYTES)
		return endless(r, "an element that begins here is longer than 4 MiB", f);
	*out = (struct span){r->window.p + r->at, r->scan.pos};
	r->scan = (struct json_scan){0};
	return SOURCE_BYTES;
}

static enum source_status
check_value(struct json_reader *r, struct span text, struct json_value *top, struct fault *f)
{
	struct json_wrong w = json_lookup_run(r->check, text, top);

	if (!w.text)
		return SOURCE_BYTES;
	fault_set(f, r->line, r->offset - r->column_base + (int64_t)w.at + 1, "%s",
		  text.n ? w.text : "a value is missing here");
	return SOURCE_BROKEN;
}

/* A member's name and its colon. */
static enum source_status
read_name(struct json_reader *r, bool block, char c, struct fault *f)
{
	enum source_status status;
	struct json_value top;
	struct span text;

	if (r->name.len == 0) {
		if (c != '"')
			return broken(r, f, "a member's name is missing here");
		status = take_value(r, block, &text, f);
		if (status == SOURCE_BYTES)
			status = check_value(r, text, &top, f);
		if (status != SOURCE_BYTES)
			return status;
		buf_add_span(&r->name, top.text);
		buf_add_char(&r->name, ':'); /* so that an empty name is not "no name yet" */
		advance(r, text.n);
		status = peek(r, block, &c, f);
		if (status != SOURCE_BYTES)
			return status == SOURCE_END ? broken(r, f, "the file ends inside an object")
						    : status;
	}
	if (c != ':')
		return broken(r, f, "a colon is missing here");
	advance(r, 1);
	r->place = AT_VALUE;
	return SOURCE_BYTES;
}

/* Whether the member that was named leads to the array: 1 it is it, 0 it is on the way, -1 no. */
static int
on_path(const struct json_reader *r)
{
	struct span name = {r->name.data, r->name.len - 1};

	if (r->path.n_parts == 0)
		return r->level == 1 ? 1 : -1;
	if (r->level > r->path.n_parts || !span_equal(name, r->path.parts[r->level - 1]))
		return -1;
	return r->level == r->path.n_parts ? 1 : 0;
}

#define URL_BEGINS 9 /* bytes of a quotation mark and "https://" */

/* What an array holds, told by its first item. */
enum items { ITEMS_OTHER, ITEMS_ROWS, ITEMS_NONE };

/* What the array at r->at holds: looks behind its bracket. Strings are rows if they are URLs. */
static enum source_status
look_inside(struct json_reader *r, bool block, enum items *items, struct fault *f)
{
	enum source_status status = SOURCE_BYTES;
	size_t n = r->at + 1;
	const char *p;

	for (;;) {
		while (n < r->window.n && is_blank(r->window.p[n]))
			n++;
		if (n < r->window.n && (r->window.p[n] != '"' || r->window.n - n >= URL_BEGINS))
			break;
		n -= r->at;
		status = more(r, block, f);
		if (status == SOURCE_END)
			return broken(r, f, "the file ends inside an array");
		if (status != SOURCE_BYTES)
			return status;
		n += r->at;
	}
	p = r->window.p + n;
	*items = *p == ']' ? ITEMS_NONE
		 : *p == '{' || (*p == '"' && (strncasecmp(p + 1, "https://", 8) == 0 ||
					       strncasecmp(p + 1, "http://", 7) == 0))
			 ? ITEMS_ROWS
			 : ITEMS_OTHER;
	return SOURCE_BYTES;
}

static enum source_status
second_array(struct json_reader *r, struct fault *f)
{
	struct buf shown = {0};

	r->name.len--;
	text_escape(&shown, buf_span(&r->name), 60);
	fault_set(f, r->line, r->offset - r->column_base + 1,
		  r->path.n_parts > 0 ? "\"%s\", which --json-path names, comes a second time"
				      : "a second array of objects, \"%s\": name the one that is "
					"meant with --json-path",
		  shown.data ? shown.data : "");
	buf_free(&shown);
	return SOURCE_BROKEN;
}

/* A value that is no part of the manifest. */
static enum source_status
pass_over(struct json_reader *r, bool block, struct fault *f)
{
	enum source_status status;
	struct json_value top;
	struct span text;

	status = take_value(r, block, &text, f);
	if (status == SOURCE_BYTES)
		status = check_value(r, text, &top, f);
	if (status != SOURCE_BYTES)
		return status;
	advance(r, text.n);
	r->place = AT_AFTER;
	return SOURCE_BYTES;
}

static enum source_status
read_member_value(struct json_reader *r, bool block, char c, struct fault *f)
{
	int way = on_path(r);
	bool named = r->path.n_parts > 0;
	enum items items = ITEMS_OTHER;
	enum source_status status = SOURCE_BYTES;

	if (way == 1 && c == '[' && !named)
		status = look_inside(r, block, &items, f);
	if (status != SOURCE_BYTES)
		return status;
	if (r->found && (items == ITEMS_ROWS || (named && way == 1)))
		return second_array(r, f);
	if (named && way == 1 && c != '[')
		return broken(r, f, "what --json-path names is no array");
	if (way == 1 && c == '[' && (items == ITEMS_ROWS || named)) {
		advance(r, 1);
		r->found = true;
		r->place = AT_FIRST;
	} else if (!r->found && way == 0 && c == '{') {
		advance(r, 1);
		r->level++;
		r->place = AT_MEMBER;
	} else {
		r->empty_arrays += items == ITEMS_NONE;
		status = pass_over(r, block, f);
	}
	if (status == SOURCE_BYTES)
		buf_clear(&r->name);
	return status;
}

static enum source_status
close_object(struct json_reader *r)
{
	advance(r, 1);
	r->level--;
	r->place = r->level > 0 ? AT_AFTER : AT_END;
	return SOURCE_BYTES;
}

/* Everything around the elements: one step. */
static enum source_status
step(struct json_reader *r, bool block, char c, struct fault *f)
{
	switch (r->place) {
	case AT_START:
		if (c != '[' && c != '{')
			return broken(r, f, "a JSON manifest is an array, or an object that holds one");
		advance(r, 1);
		r->level = c == '{';
		r->place = c == '{' ? AT_MEMBER : AT_FIRST;
		r->found = c == '[';
		return SOURCE_BYTES;
	case AT_MEMBER:
		if (c == '}' && r->name.len == 0)
			return close_object(r);
		return read_name(r, block, c, f);
	case AT_VALUE:
		return read_member_value(r, block, c, f);
	case AT_AFTER:
		if (c == '}')
			return close_object(r);
		if (c != ',')
			return broken(r, f, "a comma or the object's end is missing here");
		advance(r, 1);
		r->place = AT_MEMBER;
		return SOURCE_BYTES;
	case AT_SEPARATOR:
	case AT_FIRST:
		if (c != ']' && c != ',')
			return broken(r, f, "a comma or the array's end is missing here");
		advance(r, 1);
		r->place = c == ',' ? AT_ELEMENT : r->level > 0 ? AT_AFTER : AT_END;
		return SOURCE_BYTES;
	case AT_ELEMENT:
	case AT_END:
		break;
	}
	if (!r->found && c == '{')
		return broken(r, f, "a second object: JSON Lines has one on each line (jq -c writes it)");
	return broken(r, f, "text behind the end of the manifest");
}

static enum source_status
at_end(struct json_reader *r, struct fault *f)
{
	if (r->place != AT_END)
		return broken(r, f, "the file ends before the manifest does");
	if (r->found || (r->path.n_parts == 0 && r->empty_arrays == 1))
		return SOURCE_END;
	return broken(r, f, r->path.n_parts > 0 ? "no member is where --json-path says"
			    : r->empty_arrays > 1
				    ? "several empty arrays: name the one that is meant with --json-path"
				    : "no array of objects in it (--json-path names one)");
}

static enum source_status
next_of_array(struct json_reader *r, bool block, struct json_element *e, struct fault *f)
{
	enum source_status status;
	char c;

	for (;;) {
		status = peek(r, block, &c, f);
		if (status == SOURCE_END)
			return at_end(r, f);
		if (status != SOURCE_BYTES)
			return status;
		if ((r->place == AT_FIRST && c != ']' && c != ',') ||
		    (r->place == AT_ELEMENT && c != ']' && c != ','))
			break;
		if (r->place == AT_FIRST && c == ',')
			return broken(r, f, "a comma before the first element");
		if (r->place == AT_ELEMENT)
			return broken(r, f, c == ']' ? "a comma before the end of the array"
						     : "an element is missing here");
		status = step(r, block, c, f);
		if (status != SOURCE_BYTES)
			return status;
	}
	status = take_value(r, block, &e->text, f);
	if (status != SOURCE_BYTES)
		return status;
	if (e->text.n == 0)
		return broken(r, f, "an element is missing here");
	e->line = r->line;
	e->column = r->offset - r->column_base + 1;
	e->offset = r->offset;
	advance(r, e->text.n);
	e->end = r->offset;
	r->place = AT_SEPARATOR;
	return SOURCE_BYTES;
}

static enum source_status
next_of_lines(struct json_reader *r, bool block, struct json_element *e, struct fault *f)
{
	enum source_status status;
	struct span line;
	size_t i;

	for (;;) {
		status = lines_next(&r->lines, block, &line, f);
		if (status != SOURCE_BYTES)
			return status;
		for (i = 0; i < line.n && is_blank(line.p[i]);)
			i++;
		if (i < line.n)
			break;
	}
	e->text = line;
	while (e->text.p[e->text.n - 1] == '\n' || e->text.p[e->text.n - 1] == '\r')
		e->text.n--;
	e->line = r->lines.line;
	e->column = 1;
	e->end = r->lines.offset;
	e->offset = e->end - (int64_t)line.n;
	return SOURCE_BYTES;
}

enum source_status
json_reader_next(struct json_reader *r, bool block, struct json_element *e, struct fault *f)
{
	return r->is_lines ? next_of_lines(r, block, e, f) : next_of_array(r, block, e, f);
}
