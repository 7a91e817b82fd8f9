/*
 * Looking into one JSON text with yajl.
 *
 * Theory. The whole text goes to yajl in one call, so that no token is ever split (yajl rescans a
 * split string from its start). A stack of what each open container is follows the parse; a path
 * knows how many of its parts the containers that are open match, so that all paths are followed at
 * once. yajl lets pass: form feeds as blanks, an unfinished string behind the value, overlong UTF-8
 * and surrogates, lone surrogate escapes. All that is refused here. Where a text fails is found by
 * a second, strict reading (json_strict.c), for yajl stops only near it.
 */
#include "manifest/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <yajl/yajl_parse.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/encoding.h"
#include "manifest/json_strict.h"

#define FEW_KEYS 48 /* so many are compared one by one, more are sorted */

void
json_path_init(struct json_path *p, const char *path, bool whole)
{
	char *at, *dot;

	*p = (struct json_path){.names = mem_strdup(path)};
	for (at = p->names; at; at = dot) {
		dot = whole ? NULL : strchr(at, '.');
		if (dot)
			*dot++ = '\0';
		p->parts = mem_resize(p->parts, p->n_parts + 1, sizeof *p->parts);
		p->parts[p->n_parts++] = span_of(at);
	}
}

void
json_path_fini(struct json_path *p)
{
	free(p->names);
	free(p->parts);
	*p = (struct json_path){0};
}

/* A name that was met: its hash, and the offset of its last byte. */
struct seen_key {
	uint64_t hash;
	size_t at;
};

struct json_lookup {
	const struct json_path *paths;
	unsigned n;
	uint16_t may_begin[256]; /* by a name's first byte: which paths' first parts it may be, bits */
	/* of the parse that is going on, or was last */
	yajl_handle yajl;
	struct arena arena; /* yajl's memory */
	unsigned depth;
	bool led;           /* a path leads to the value that comes next */
	bool is_array[LIMIT_DEPTH + 1];
	int64_t item[LIMIT_DEPTH + 1]; /* index of the next item of an array */
	uint16_t live;                 /* paths whose first part matches the way here, bits */
	unsigned matched[JSON_PATHS];  /* leading parts of a path that the way here matches */
	bool loosely[JSON_PATHS];      /* the last of them but for case, blanks, '-' and '_' */
	bool loose[JSON_PATHS];        /* so was the value found that is kept */
	struct json_value top;
	size_t end; /* behind the value; 0: not seen */
	const char *wrong; /* the first that is wrong although it is JSON */
	size_t wrong_at;
	bool stopped;    /* the parse was ended for it */
	struct buf text; /* of the values found */
	size_t at[JSON_PATHS], len[JSON_PATHS];
	enum json_kind kind[JSON_PATHS];
	size_t top_at;
	struct seen_key *keys; /* the top-level names */
	size_t n_keys, cap_keys;
	/* for json_members */
	int (*on_member)(void *ctx, struct span key, struct json_value value);
	void *ctx;
	struct buf key;
};

/* Notes with which bytes a name that path i's first part matches may begin. */
static void
note_beginning(struct json_lookup *l, unsigned i)
{
	static const unsigned char fillers[] = {' ', '-', '_'};
	const struct json_path *p = &l->paths[i];
	unsigned char first;
	size_t k;

	if (p->n_parts == 0)
		return;
	first = p->parts[0].n > 0 ? (unsigned char)p->parts[0].p[0] : 0;
	l->may_begin[first] |= (uint16_t)(1u << i);
	for (k = 0; k < sizeof fillers && p->loose; k++)
		l->may_begin[fillers[k]] |= (uint16_t)(1u << i);
	if (p->loose && isalpha(first))
		l->may_begin[first ^ 32] |= (uint16_t)(1u << i);
}

struct json_lookup *
json_lookup_new(const struct json_path *paths, unsigned n)
{
	struct json_lookup *l = mem_calloc(1, sizeof *l);

	l->paths = paths;
	l->n = n;
	while (n-- > 0)
		note_beginning(l, n);
	return l;
}

void
json_lookup_free(struct json_lookup *l)
{
	if (!l)
		return;
	buf_free(&l->text);
	buf_free(&l->key);
	arena_free(&l->arena);
	free(l->keys);
	free(l);
}

/* Whether path i goes on in the container that is open; what it matched of it before is over. */
static bool
goes_on(struct json_lookup *l, unsigned i)
{
	if (l->matched[i] >= l->depth)
		l->matched[i] = l->depth - 1;
	return l->matched[i] == l->depth - 1 && l->paths[i].n_parts >= l->depth;
}

/* Follows the paths of a set (bits) that go on with this name or index. */
static void
follow(struct json_lookup *l, unsigned set, struct span name)
{
	for (; set != 0; set &= set - 1) {
		unsigned i = (unsigned)__builtin_ctz(set);
		struct span part;
		bool exact;

		if (!goes_on(l, i))
			continue;
		part = l->paths[i].parts[l->depth - 1];
		exact = span_equal(name, part);
		if (!exact && !(l->paths[i].loose && text_same_loosely(name, part)))
			continue;
		l->loosely[i] = !exact;
		l->matched[i] = l->depth;
		l->live |= (uint16_t)(1u << i);
		l->led |= l->paths[i].n_parts == l->depth;
	}
}

/* The way comes back to a depth: what paths matched further down is over. */
static void
forget_below(struct json_lookup *l, unsigned depth)
{
	unsigned set, i;

	for (set = l->live; set != 0; set &= set - 1) {
		i = (unsigned)__builtin_ctz(set);
		if (l->matched[i] > depth)
			l->matched[i] = depth;
	}
	if (depth == 0)
		l->live = 0;
}

/* The container that is open now, before its next value: which array index that has. */
static void
enter_item(struct json_lookup *l)
{
	char index[24];
	int n;

	if (l->depth == 0 || !l->is_array[l->depth])
		return;
	if (l->depth == 1)
		forget_below(l, 0);
	else if (l->live == 0)
		return;
	n = snprintf(index, sizeof index, "%lld", (long long)l->item[l->depth]++);
	follow(l, l->depth == 1 ? (1u << l->n) - 1 : l->live, (struct span){index, (size_t)n});
}

/* Offset of the last byte of the token that yajl is at. */
static size_t
here(const struct json_lookup *l)
{
	size_t used = yajl_get_bytes_consumed(l->yajl);

	return used > 0 ? used - 1 : 0;
}

/* Keeps the value that a path led to. A name that is the same exactly wins over one that is so only
 * loosely, as in a CSV header; two of a kind are one too many. */
static void
capture(struct json_lookup *l, unsigned i, enum json_kind kind, struct span text)
{
	if (l->kind[i] != JSON_ABSENT && l->loosely[i] && !l->loose[i])
		return;
	if (l->kind[i] != JSON_ABSENT && l->loosely[i] == l->loose[i] && !l->wrong) {
		l->wrong = "names the member that is needed twice";
		l->wrong_at = here(l);
	}
	l->loose[i] = l->loosely[i];
	l->kind[i] = kind;
	l->at[i] = l->text.len;
	l->len[i] = text.n;
	buf_add_span(&l->text, text);
}

/* A value begins, or is there whole. */
static int
on_value(struct json_lookup *l, enum json_kind kind, struct span text)
{
	unsigned i;

	enter_item(l);
	if (l->depth == 0) {
		l->top.kind = kind;
		l->top_at = l->text.len;
		l->top.text.n = text.n;
		buf_add_span(&l->text, text);
	}
	for (i = 0; i < l->n && l->led; i++)
		if (l->matched[i] == l->depth && l->paths[i].n_parts == l->depth)
			capture(l, i, kind, text);
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

static int
on_string(void *ctx, const unsigned char *p, size_t n)
{
	return scalar(ctx, JSON_STRING, (const char *)p, n);
}

static int
open_container(struct json_lookup *l, bool array)
{
	if (!on_value(l, array ? JSON_ARRAY : JSON_OBJECT, (struct span){0}))
		return 0;
	if (l->depth == LIMIT_DEPTH) {
		l->wrong = "is nested deeper than 100 levels";
		l->wrong_at = here(l);
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
	forget_below(l, l->depth);
	return after_value(l);
}

static void
remember_key(struct json_lookup *l, struct span key)
{
	if (l->n_keys == l->cap_keys) {
		l->cap_keys = l->cap_keys ? l->cap_keys * 2 : 64;
		l->keys = mem_resize(l->keys, l->cap_keys, sizeof *l->keys);
	}
	l->keys[l->n_keys++] = (struct seen_key){XXH3_64bits(key.p, key.n), here(l)};
}

static int
on_key(void *ctx, const unsigned char *text, size_t n)
{
	struct json_lookup *l = ctx;
	struct span key = {(const char *)text, n};

	if (l->depth == 1) {
		forget_below(l, 0);
		follow(l, l->may_begin[n > 0 ? text[0] : 0], key);
	} else {
		follow(l, l->live, key);
	}
	if (l->depth == 1) {
		remember_key(l, key);
		if (l->on_member) {
			buf_clear(&l->key);
			buf_add_span(&l->key, key);
		}
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

static int
compare_keys(const void *a, const void *b)
{
	const struct seen_key *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash > y->hash ? 1 : -1;
	return (x->at > y->at) - (x->at < y->at);
}

/* Whether two top-level names are the same; wrong_at gets the place of the second. */
static bool
has_twins(struct json_lookup *l)
{
	struct seen_key *k = l->keys;
	size_t i, j;

	if (l->n_keys <= FEW_KEYS) {
		for (i = 1; i < l->n_keys; i++) {
			for (j = 0; j < i; j++) {
				if (k[i].hash == k[j].hash) {
					l->wrong_at = k[i].at;
					return true;
				}
			}
		}
		return false;
	}
	qsort(k, l->n_keys, sizeof *k, compare_keys);
	for (i = 1; i < l->n_keys; i++) {
		if (k[i].hash == k[i - 1].hash) {
			l->wrong_at = k[i].at;
			return true;
		}
	}
	return false;
}

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

static bool
only_blanks_behind(struct span text, size_t from)
{
	for (; from < text.n; from++)
		if (text.p[from] != ' ' && text.p[from] != '\t' && text.p[from] != '\n' &&
		    text.p[from] != '\r')
			return false;
	return true;
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

	if (l->end > 0 && !only_blanks_behind(text, l->end))
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
	if (has_twins(l))
		return (struct json_wrong){"has two members of one name", l->wrong_at, false};
	return (struct json_wrong){0};
}

/* yajl's allocators: the arena takes everything back at once. */
static void *
parser_alloc(void *ctx, size_t n)
{
	return arena_alloc(ctx, n);
}

static void *
parser_resize(void *ctx, void *p, size_t n)
{
	return arena_resize(ctx, p, n);
}

static void
parser_free(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

static void
begin(struct json_lookup *l)
{
	yajl_alloc_funcs funcs = {parser_alloc, parser_resize, parser_free, &l->arena};

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
	buf_clear(&l->text);
	l->led = false;
	arena_reset(&l->arena);
	l->yajl = yajl_alloc(&callbacks, &funcs, l);
	if (!l->yajl)
		mem_exhausted();
}

struct json_wrong
json_lookup_run(struct json_lookup *l, struct span text, struct json_value *top)
{
	struct json_wrong w = beyond_yajl(text);

	begin(l);
	if (!w.text)
		w = parse(l, text);
	l->yajl = NULL; /* the arena has it */
	l->top.text.p = l->text.data ? l->text.data + l->top_at : NULL;
	*top = l->top;
	return w;
}

struct json_value
json_lookup_value(const struct json_lookup *l, unsigned i)
{
	struct json_value v = {l->kind[i], {NULL, 0}};

	if (v.kind == JSON_STRING || v.kind == JSON_NUMBER)
		v.text = (struct span){l->text.data + l->at[i], l->len[i]};
	return v;
}

int
json_members(struct span text, int (*on_member)(void *ctx, struct span key, struct json_value value),
	     void *ctx)
{
	struct json_lookup l = {.on_member = on_member, .ctx = ctx};
	int rc;

	begin(&l);
	rc = parse(&l, text).text || l.top.kind != JSON_OBJECT ? -1 : 0;
	arena_free(&l.arena);
	buf_free(&l.text);
	buf_free(&l.key);
	free(l.keys);
	return rc;
}
