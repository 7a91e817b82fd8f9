/*
 * Finding the elements of a JSON manifest.
 *
 * Theory. The punctuation between elements, and the members around the array, are this file's own:
 * a step for each. Where a value ends is the cursor's to say (json_cursor.c), whether it is JSON is
 * yajl's, in one call over its whole text (json.c). A member that is passed over and too long for
 * that is gone through by the same steps, each value in it being looked at so.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/json.h"
#include "manifest/json_cursor.h"
#include "manifest/json_shape.h"
#include "manifest/lines.h"

/* Where the reader is. */
enum place {
	AT_START,      /* before the top value */
	AT_MEMBER,     /* in an enveloping object, before a name or its end */
	AT_NAME,       /* behind a comma in it: a name */
	AT_VALUE,      /* behind a name and its colon */
	AT_AFTER,      /* behind a member's value: a comma or the object's end */
	AT_FIRST,      /* behind the array's bracket: an element or its end */
	AT_ELEMENT,    /* behind a comma in the array: an element */
	AT_SEPARATOR,  /* behind an element: a comma or the array's end */
	AT_END,        /* behind the top value: nothing but blanks */
};

struct json_reader {
	bool is_lines;
	struct lines lines; /* for an element a line; else: */
	struct json_cursor cursor;
	enum place place;
	struct json_path path;     /* where the array is; no parts: the first one */
	unsigned passing;          /* containers that are open and passed over: too long to be
				    * looked at whole, they are read value by value */
	bool passing_array[LIMIT_DEPTH]; /* of each */
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

	r->is_lines = lines;
	lines_init(&r->lines, s, false, window, skip);
	json_cursor_init(&r->cursor, s, window, skip);
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
	return r->is_lines ? r->lines.line : r->cursor.line;
}

int64_t
json_reader_offset(const struct json_reader *r)
{
	return r->is_lines ? r->lines.offset : r->cursor.offset;
}

static enum source_status
broken(const struct json_reader *r, const char *what, struct fault *f)
{
	return json_cursor_broken(&r->cursor, what, f);
}

static enum source_status
check_value(struct json_reader *r, struct span text, struct json_value *top, struct fault *f)
{
	struct json_wrong w = json_lookup_run(r->check, text, top);

	if (!w.text)
		return SOURCE_BYTES;
	fault_set(f, r->cursor.line, json_cursor_column(&r->cursor, w.at), "%s",
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
			return broken(r, "a member's name is missing here", f);
		status = json_cursor_value(&r->cursor, block, &text, f);
		if (status == SOURCE_BYTES)
			status = check_value(r, text, &top, f);
		if (status != SOURCE_BYTES)
			return status;
		buf_add_span(&r->name, top.text);
		buf_add_char(&r->name, ':'); /* so that an empty name is not "no name yet" */
		json_cursor_advance(&r->cursor, text.n);
		status = json_cursor_peek(&r->cursor, block, &c, f);
		if (status != SOURCE_BYTES)
			return status == SOURCE_END ? broken(r, "the file ends inside an object", f)
						    : status;
	}
	if (c != ':')
		return broken(r, "a colon is missing here", f);
	json_cursor_advance(&r->cursor, 1);
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

/* What the array at the cursor holds: looks behind its bracket. */
static enum source_status
look_inside(struct json_reader *r, bool block, enum json_items *items, struct fault *f)
{
	enum source_status status;

	while ((*items = json_items(json_cursor_rest(&r->cursor))) == ITEMS_UNKNOWN) {
		status = json_cursor_more(&r->cursor, block, f);
		if (status == SOURCE_END)
			return broken(r, "the file ends inside an array", f);
		if (status != SOURCE_BYTES)
			return status;
	}
	return SOURCE_BYTES;
}

static enum source_status
second_array(struct json_reader *r, struct fault *f)
{
	struct buf shown = {0};

	r->name.len--;
	text_escape(&shown, buf_span(&r->name), 60);
	fault_set(f, r->cursor.line, json_cursor_column(&r->cursor, 0),
		  r->path.n_parts > 0 ? "\"%s\", which --json-path names, comes a second time"
				      : "a second array of objects, \"%s\": name the one that is "
					"meant with --json-path",
		  shown.data ? shown.data : "");
	buf_free(&shown);
	return SOURCE_BROKEN;
}

/* The place behind a value that was passed over. */
static enum place
behind_value(const struct json_reader *r)
{
	return r->passing > 0 && r->passing_array[r->passing - 1] ? AT_SEPARATOR : AT_AFTER;
}

/* Goes into a container that is passed over. */
static enum source_status
pass_into(struct json_reader *r, char c, struct fault *f)
{
	if (r->passing == LIMIT_DEPTH)
		return broken(r, "is nested deeper than 100 levels", f);
	json_cursor_enter(&r->cursor);
	r->passing_array[r->passing++] = c == '[';
	r->place = c == '[' ? AT_FIRST : AT_MEMBER;
	return SOURCE_BYTES;
}

/* A value, which c begins, that is no part of the manifest. */
static enum source_status
pass_over(struct json_reader *r, bool block, char c, struct fault *f)
{
	enum source_status status;
	struct json_value top;
	struct span text;

	status = json_cursor_value(&r->cursor, block, &text, f);
	if (status == SOURCE_BROKEN && (c == '[' || c == '{') && json_cursor_is_full(&r->cursor))
		return pass_into(r, c, f);
	if (status == SOURCE_BYTES)
		status = check_value(r, text, &top, f);
	if (status != SOURCE_BYTES)
		return status;
	json_cursor_advance(&r->cursor, text.n);
	r->place = behind_value(r);
	return SOURCE_BYTES;
}

/* Goes into the array that is the manifest, whose first byte is c. */
static enum source_status
enter_array(struct json_reader *r, char c, struct fault *f)
{
	if (r->found)
		return second_array(r, f);
	if (c != '[')
		return broken(r, "what --json-path names is no array", f);
	json_cursor_advance(&r->cursor, 1);
	r->found = true;
	r->place = AT_FIRST;
	return SOURCE_BYTES;
}

static enum source_status
read_member_value(struct json_reader *r, bool block, char c, struct fault *f)
{
	enum source_status status = SOURCE_BYTES;
	enum json_items items = ITEMS_OTHER;
	int way = r->passing > 0 ? -1 : on_path(r);

	if (way == 1 && r->path.n_parts > 0)
		items = ITEMS_ROWS; /* if it is an array, it is the one */
	else if (way == 1 && c == '[')
		status = look_inside(r, block, &items, f);
	if (status != SOURCE_BYTES)
		return status;
	if (items == ITEMS_ROWS) {
		status = enter_array(r, c, f);
	} else if (way == 0 && c == '{' && !r->found) {
		json_cursor_advance(&r->cursor, 1);
		r->level++;
		r->place = AT_MEMBER;
	} else {
		r->empty_arrays += items == ITEMS_NONE;
		status = pass_over(r, block, c, f);
	}
	if (status == SOURCE_BYTES)
		buf_clear(&r->name);
	return status;
}

/* Behind the bracket c that closes a container. */
static enum source_status
close_container(struct json_reader *r, char c)
{
	json_cursor_advance(&r->cursor, 1);
	if (r->passing > 0) {
		r->passing--;
		r->place = behind_value(r);
		return SOURCE_BYTES;
	}
	r->level -= c == '}';
	r->place = r->level > 0 ? AT_AFTER : AT_END;
	return SOURCE_BYTES;
}

/* Everything around the elements: one step, at the byte c. */
static enum source_status
step(struct json_reader *r, bool block, char c, struct fault *f)
{
	switch (r->place) {
	case AT_START:
		if (c != '[' && c != '{')
			return broken(r, "a JSON manifest is an array, or an object that holds one", f);
		if (c == '[' && r->path.n_parts > 0)
			return broken(r, "is an array: --json-path names a member of an object", f);
		json_cursor_advance(&r->cursor, 1);
		r->level = c == '{';
		r->place = c == '{' ? AT_MEMBER : AT_FIRST;
		r->found = c == '[';
		return SOURCE_BYTES;
	case AT_MEMBER:
		if (c == '}' && r->name.len == 0)
			return close_container(r, c);
		return read_name(r, block, c, f);
	case AT_NAME:
		if (c == '}' && r->name.len == 0)
			return broken(r, "a comma before the end of the object", f);
		return read_name(r, block, c, f);
	case AT_VALUE:
		return read_member_value(r, block, c, f);
	case AT_AFTER:
		if (c == '}')
			return close_container(r, c);
		if (c != ',')
			return broken(r, "a comma or the object's end is missing here", f);
		json_cursor_advance(&r->cursor, 1);
		r->place = AT_NAME;
		return SOURCE_BYTES;
	case AT_FIRST:
		if (c == ',')
			return broken(r, "a comma before the first element", f);
		return close_container(r, c);
	case AT_ELEMENT:
		return broken(r, c == ']' ? "a comma before the end of the array"
					  : "an element is missing here", f);
	case AT_SEPARATOR:
		if (c == ']')
			return close_container(r, c);
		if (c != ',')
			return broken(r, "a comma or the array's end is missing here", f);
		json_cursor_advance(&r->cursor, 1);
		r->place = AT_ELEMENT;
		return SOURCE_BYTES;
	case AT_END:
		break;
	}
	if (!r->found && c == '{')
		return broken(r, "a second object: JSON Lines has one on each line (jq -c writes it)", f);
	return broken(r, "text behind the end of the manifest", f);
}

static enum source_status
at_end(struct json_reader *r, struct fault *f)
{
	if (r->place != AT_END)
		return broken(r, "the file ends before the manifest does", f);
	if (r->found || (r->path.n_parts == 0 && r->empty_arrays == 1))
		return SOURCE_END;
	return broken(r,
		      r->path.n_parts > 0 ? "no member is where --json-path says"
		      : r->empty_arrays > 1
			      ? "several empty arrays: name the one that is meant with --json-path"
			      : "no array of objects in it (--json-path names one)",
		      f);
}

static enum source_status
next_of_array(struct json_reader *r, bool block, struct json_element *e, struct fault *f)
{
	enum source_status status;
	char c;

	for (;;) {
		status = json_cursor_peek(&r->cursor, block, &c, f);
		if (status == SOURCE_END)
			return at_end(r, f);
		if (status != SOURCE_BYTES)
			return status;
		if ((r->place != AT_FIRST && r->place != AT_ELEMENT) || c == ']' || c == ',')
			status = step(r, block, c, f);
		else if (r->passing > 0)
			status = pass_over(r, block, c, f);
		else
			break;
		if (status != SOURCE_BYTES)
			return status;
	}
	status = json_cursor_value(&r->cursor, block, &e->text, f);
	if (status != SOURCE_BYTES)
		return status;
	if (e->text.n == 0)
		return broken(r, "an element is missing here", f);
	e->line = r->cursor.line;
	e->column = json_cursor_column(&r->cursor, 0);
	e->offset = r->cursor.offset;
	json_cursor_advance(&r->cursor, e->text.n);
	e->end = r->cursor.offset;
	r->place = AT_SEPARATOR;
	return SOURCE_BYTES;
}

static enum source_status
next_of_lines(struct json_reader *r, bool block, struct json_element *e, struct fault *f)
{
	enum source_status status;
	struct span line;

	do {
		status = lines_next(&r->lines, block, &line, f);
		if (status != SOURCE_BYTES)
			return status;
	} while (span_skip_white(line, 0) == line.n);
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
