/*
 * Looking into one JSON text with yajl.
 *
 * Theory. An object without anything odd is walked in one pass (json_strict.c). All else, and all
 * that is wrong, is yajl's; fuzzing compares the two. The whole text goes to yajl in one call, so that no token is ever split (yajl rescans a
 * split string from its start). A stack of what each open container is follows the parse; a path
 * knows how many of its parts the containers that are open match, so that all paths are followed at
 * once. yajl lets pass: form feeds as blanks, an unfinished string behind the value, overlong UTF-8
 * and surrogates, lone surrogate escapes. All that is refused here. Where a text fails is found by
 * a second, strict reading (json_strict.c), for yajl stops only near it.
 */
#include "manifest/json.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/encoding.h"
#include "manifest/json_lookup.h"
#include "manifest/json_strict.h"

/* A value begins, or is there whole. */
static int
on_value(struct json_lookup *l, enum json_kind kind, struct span text)
{
	unsigned i;

	lookup_enter_item(l);
	if (l->depth == 0) {
		l->top.kind = kind;
		l->top_at = l->text.len;
		l->top.text.n = text.n;
		buf_add_span(&l->text, text);
	}
	for (i = 0; i < l->n && l->led; i++)
		if (l->matched[i] == l->depth && l->paths[i].n_parts == l->depth)
			lookup_capture(l, i, kind, text);
	l->led = false;
	if (l->on_member && l->depth == 1 && !l->is_array[1])
		return l->on_member(l->ctx, buf_span(&l->key), (struct json_value){kind, text});
	return 1;
}

static int
after_value(struct json_lookup *l)
{
	if (l->depth == 0)
		l->end = yajl_get_bytes_consumed(l->yajl);
	return 1;
}

static int
scalar(struct json_lookup *l, enum json_kind kind, const char *p, size_t n)
{
	return on_value(l, kind, (struct span){p, n}) && after_value(l);
}

static int
on_null(void *ctx)
{
	return scalar(ctx, JSON_NULL, NULL, 0);
}

static int
on_boolean(void *ctx, int value)
{
	(void)value;
	return scalar(ctx, JSON_BOOLEAN, NULL, 0);
}

static int
on_number(void *ctx, const char *p, size_t n)
{
	return scalar(ctx, JSON_NUMBER, p, n);
}

/* libcsv's cap on a field holds for a string too. */
static void
check_length(struct json_lookup *l, size_t n)
{
	if (n <= LIMIT_FIELD_BYTES || l->wrong)
		return;
	l->wrong = "has a string of more than 1 MiB";
	l->wrong_at = lookup_here(l);
}

static int
on_string(void *ctx, const unsigned char *p, size_t n)
{
	check_length(ctx, n);
	return scalar(ctx, JSON_STRING, (const char *)p, n);
}

static int
open_container(struct json_lookup *l, bool array)
{
	if (!on_value(l, array ? JSON_ARRAY : JSON_OBJECT, (struct span){0}))
		return 0;
	if (l->depth == LIMIT_DEPTH) {
		l->wrong = "is nested deeper than 100 levels";
		l->wrong_at = lookup_here(l);
		l->stopped = true;
		return 0;
	}
	l->depth++;
	l->is_array[l->depth] = array;
	l->item[l->depth] = 0;
	return 1;
}

static int
on_map_start(void *ctx)
{
	return open_container(ctx, false);
}

static int
on_array_start(void *ctx)
{
	return open_container(ctx, true);
}

static int
on_end(void *ctx)
{
	struct json_lookup *l = ctx;

	l->depth--;
	lookup_forget_below(l, l->depth);
	return after_value(l);
}

static int
on_key(void *ctx, const unsigned char *text, size_t n)
{
	struct json_lookup *l = ctx;
	struct span key = {(const char *)text, n};

	check_length(l, n);
	if (l->depth > 1) {
		lookup_follow(l, l->live, key);
		return 1;
	}
	lookup_name(l, key);
	if (l->on_member) {
		buf_clear(&l->key);
		buf_add_span(&l->key, key);
	}
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

/* What yajl would let pass, and so is looked for before. */
static struct json_wrong
beyond_yajl(struct span text)
{
	struct json_wrong w = {0};

	if (!text_utf8_valid(text, &w.at)) {
		w.text = encoding_fault(text, w.at);
		return w;
	}
	if (memchr(text.p, '\f', text.n) || memchr(text.p, '\v', text.n)) {
		/* blanks to yajl, nothing to JSON */
		w.text = json_strict(text, &w.at);
		w.syntax = true;
		return w;
	}
	w.at = json_lone_surrogate(text);
	if (w.at < text.n)
		w.text = "holds half a character as an escape (a lone surrogate)";
	return w;
}

/* Why yajl refused a text: it stops near the place, a strict reading at it. */
static struct json_wrong
no_json(struct span text, size_t near)
{
	struct json_wrong w = {.syntax = true};

	w.text = json_strict(text, &w.at);
	return w.text ? w : (struct json_wrong){"is not valid JSON", near > 0 ? near - 1 : 0, true};
}

static struct json_wrong
parse(struct json_lookup *l, struct span text)
{
	yajl_status status = yajl_parse(l->yajl, (const unsigned char *)text.p, text.n);
	size_t used = yajl_get_bytes_consumed(l->yajl);

	if (l->end > 0 && span_skip_white(text, l->end) < text.n)
		return no_json(text, l->end + 1);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(l->yajl);
	if (l->stopped)
		return (struct json_wrong){l->wrong, l->wrong_at, false};
	if (status != yajl_status_ok)
		return no_json(text, used);
	if (l->top.kind == JSON_ABSENT)
		return (struct json_wrong){"is empty", 0, true};
	if (l->wrong)
		return (struct json_wrong){l->wrong, l->wrong_at, false};
	if (lookup_has_twins(l))
		return (struct json_wrong){"has two members of one name", l->wrong_at, false};
	return (struct json_wrong){0};
}

static void
begin(struct json_lookup *l)
{
	l->yajl = NULL;
	l->depth = 0;
	l->live = 0;
	memset(l->matched, 0, sizeof l->matched);
	memset(l->kind, 0, sizeof l->kind);
	l->top = (struct json_value){0};
	l->end = 0;
	l->wrong = NULL;
	l->wrong_at = 0;
	l->stopped = false;
	l->n_keys = 0;
	l->led = false;
	buf_clear(&l->text);
}

static void
begin_yajl(struct json_lookup *l)
{
	yajl_alloc_funcs funcs = json_arena(&l->arena);

	begin(l);
	arena_reset(&l->arena);
	l->yajl = yajl_alloc(&callbacks, &funcs, l);
	if (!l->yajl)
		mem_exhausted();
}

/* Whether a path leads on into a value that is walked over, or needs one decoded: yajl's work. */
static bool
needs_yajl(const struct json_lookup *l, enum json_kind kind, bool escaped)
{
	unsigned set;

	if (escaped && l->led)
		return true;
	if (kind != JSON_OBJECT && kind != JSON_ARRAY)
		return false;
	for (set = l->live; set != 0; set &= set - 1)
		if (l->paths[__builtin_ctz(set)].n_parts > 1)
			return true;
	return false;
}

/* A member of an object that is walked. */
static int
on_walked(void *ctx, struct span name, enum json_kind kind, struct span value, bool escaped)
{
	struct json_lookup *l = ctx;
	unsigned set, i;

	l->walked = (size_t)(name.p + name.n + 1 - l->walk_start);
	lookup_name(l, name);
	if (l->live == 0)
		return 1;
	if (needs_yajl(l, kind, escaped))
		return 0;
	if (value.p)
		l->walked = (size_t)(value.p + value.n + (kind == JSON_STRING) - l->walk_start);
	for (set = l->led ? l->live : 0; set != 0; set &= set - 1) {
		i = (unsigned)__builtin_ctz(set);
		if (l->paths[i].n_parts == 1)
			lookup_capture(l, i, kind, value);
	}
	l->led = false;
	return 1;
}

/* Most elements are small plain objects, whose members one pass finds; *w: what is wrong with it all
 * the same. false: yajl has to read it. */
static bool
walk(struct json_lookup *l, struct span text, struct json_wrong *w)
{
	bool odd;

	begin(l);
	l->walk_start = text.p;
	l->depth = 1;
	if (text.n > LIMIT_FIELD_BYTES || !json_walk(text, on_walked, l, &odd))
		return false;
	if (odd && (!text_utf8_valid(text, NULL) || json_lone_surrogate(text) < text.n))
		return false;
	l->top.kind = JSON_OBJECT;
	if (l->wrong)
		*w = (struct json_wrong){l->wrong, l->wrong_at, false};
	else if (lookup_has_twins(l))
		*w = (struct json_wrong){"has two members of one name", l->wrong_at, false};
	return true;
}

/* Follows the paths in a text whose bytes are wrong, but whose structure may be read all the same. */
static void
parse_loosely(struct json_lookup *l, struct span text)
{
	yajl_config(l->yajl, yajl_dont_validate_strings, 1);
	yajl_parse(l->yajl, (const unsigned char *)text.p, text.n);
}

struct json_wrong
json_lookup_run(struct json_lookup *l, struct span text, struct json_value *top)
{
	struct json_wrong w = {0};

	if (!walk(l, text, &w)) {
		w = beyond_yajl(text);
		begin_yajl(l);
		if (!w.text)
			w = parse(l, text);
		else if (!w.syntax)
			parse_loosely(l, text);
		l->yajl = NULL; /* the arena has it */
	}
	l->top.text.p = l->text.data ? l->text.data + l->top_at : NULL;
	*top = l->top;
	return w;
}

int
json_members(struct span text, int (*on_member)(void *ctx, struct span key, struct json_value value),
	     void *ctx)
{
	struct json_lookup l = {.on_member = on_member, .ctx = ctx};
	int rc;

	begin_yajl(&l);
	rc = parse(&l, text).text || l.top.kind != JSON_OBJECT ? -1 : 0;
	arena_free(&l.arena);
	buf_free(&l.text);
	buf_free(&l.key);
	buf_free(&l.names);
	free(l.keys);
	return rc;
}
