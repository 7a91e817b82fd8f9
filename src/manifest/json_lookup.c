/*
 * Theory. A path knows how many of its parts the containers that are open match, so that all paths
 * are followed at once; those that match anything are a set of bits, and by a name's first byte a
 * table tells which paths can begin with it, so that most names cost nothing. Nearly all elements of
 * a manifest have the same names in the same order: where each led is kept, and used again as long as
 * they are the same.
 */
#include "manifest/json_lookup.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"
#include "base/text.h"

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
	buf_free(&l->names);
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
void
lookup_follow(struct json_lookup *l, unsigned set, struct span name)
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
		l->loosely = (uint16_t)((l->loosely & ~(1u << i)) | (unsigned)!exact << i);
		l->matched[i] = l->depth;
		l->live |= (uint16_t)(1u << i);
		l->led |= l->paths[i].n_parts == l->depth;
	}
}

/* The way comes back to a depth: what paths matched further down is over. */
void
lookup_forget_below(struct json_lookup *l, unsigned depth)
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
void
lookup_enter_item(struct json_lookup *l)
{
	char index[24];
	int n;

	if (l->depth == 0 || !l->is_array[l->depth])
		return;
	if (l->depth == 1)
		lookup_forget_below(l, 0);
	else if (l->live == 0)
		return;
	n = snprintf(index, sizeof index, "%lld", (long long)l->item[l->depth]++);
	lookup_follow(l, l->depth == 1 ? (1u << l->n) - 1 : l->live,
		      (struct span){index, (size_t)n});
}

/* Offset of the last byte of the token that is being read. */
size_t
lookup_here(const struct json_lookup *l)
{
	size_t used = l->yajl ? yajl_get_bytes_consumed(l->yajl) : l->walked;

	return used > 0 ? used - 1 : 0;
}

/* Keeps the value that a path led to. A name that is the same exactly wins over one that is so only
 * loosely, as in a CSV header; two of a kind are one too many. */
void
lookup_capture(struct json_lookup *l, unsigned i, enum json_kind kind, struct span text)
{
	bool loosely = l->loosely >> i & 1;

	if (l->kind[i] != JSON_ABSENT && loosely && !l->loose[i])
		return;
	if (l->kind[i] != JSON_ABSENT && loosely == l->loose[i] && !l->wrong) {
		l->wrong = "names the member that is needed twice";
		l->wrong_at = lookup_here(l);
	}
	l->loose[i] = loosely;
	l->kind[i] = kind;
	l->at[i] = l->text.len;
	l->len[i] = text.n;
	buf_add_span(&l->text, text);
}

/* Whether the name is the known one at its place. */
static bool
is_known(const struct json_lookup *l, struct span name)
{
	const struct known_key *k = &l->keys[l->n_keys];

	return l->n_keys < l->n_known && k->name_n == name.n &&
	       (name.n == 0 || memcmp(l->names.data + k->name_at, name.p, name.n) == 0);
}

/* Where a known name leads. */
static void
recall(struct json_lookup *l, const struct known_key *k)
{
	unsigned set;

	l->live = k->live;
	l->loosely = k->loosely;
	l->led = k->led;
	for (set = l->live; set != 0; set &= set - 1)
		l->matched[__builtin_ctz(set)] = 1;
}

/* Finds out where a name leads, and knows it from now on; what was known behind it is over. */
static void
learn(struct json_lookup *l, struct known_key *k, struct span name)
{
	size_t first = name.n > 0 ? (unsigned char)name.p[0] : 0;

	l->names.len = l->n_keys > 0 ? k[-1].name_at + k[-1].name_n : 0;
	l->led = false;
	lookup_follow(l, l->may_begin[first], name);
	*k = (struct known_key){.name_at = l->names.len,
				.name_n = name.n,
				.hash = XXH3_64bits(name.p, name.n),
				.live = l->live,
				.loosely = l->loosely,
				.led = l->led};
	buf_add_span(&l->names, name);
	l->met_lade |= name.n > 5 && memcmp(name.p, "lade_", 5) == 0;
	l->n_known = l->n_keys + 1;
	if (l->n_distinct > l->n_keys)
		l->n_distinct = l->n_keys;
}

void
lookup_name(struct json_lookup *l, struct span name)
{
	struct known_key *k;

	if (l->n_keys == l->cap_keys) {
		l->cap_keys = l->cap_keys ? l->cap_keys * 2 : 64;
		l->keys = mem_resize(l->keys, l->cap_keys, sizeof *l->keys);
	}
	k = &l->keys[l->n_keys];
	lookup_forget_below(l, 0);
	if (is_known(l, name))
		recall(l, k);
	else
		learn(l, k, name);
	k->at = lookup_here(l);
	l->n_keys++;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct known_key *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash > y->hash ? 1 : -1;
	return (x->at > y->at) - (x->at < y->at);
}

/* The second of two names that are the same, among few; NULL: there is none. */
static const struct known_key *
twin_of_few(const struct known_key *k, size_t n)
{
	size_t i, j;

	for (i = 1; i < n; i++)
		for (j = 0; j < i; j++)
			if (k[i].hash == k[j].hash)
				return &k[i];
	return NULL;
}

static const struct known_key *
twin_of_many(struct json_lookup *l)
{
	struct known_key *k = l->keys;
	size_t i;

	l->n_known = 0; /* their order is lost */
	qsort(k, l->n_keys, sizeof *k, compare_keys);
	for (i = 1; i < l->n_keys; i++)
		if (k[i].hash == k[i - 1].hash)
			return &k[i];
	return NULL;
}

/* Whether two top-level names are the same; wrong_at gets the place of the second. */
bool
lookup_has_twins(struct json_lookup *l)
{
	const struct known_key *twin;

	if (l->n_keys <= l->n_distinct)
		return false;
	twin = l->n_keys <= FEW_KEYS ? twin_of_few(l->keys, l->n_keys) : twin_of_many(l);
	if (twin)
		l->wrong_at = twin->at;
	else
		l->n_distinct = l->n_known < l->n_keys ? l->n_known : l->n_keys;
	return twin != NULL;
}

bool
json_lookup_met_lade(const struct json_lookup *l)
{
	return l->met_lade;
}

struct json_value
json_lookup_value(const struct json_lookup *l, unsigned i)
{
	struct json_value v = {l->kind[i], {NULL, 0}};

	if (v.kind == JSON_STRING || v.kind == JSON_NUMBER)
		v.text = (struct span){l->text.data + l->at[i], l->len[i]};
	return v;
}
