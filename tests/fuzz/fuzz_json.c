/*
 * JSON: yajl and the strict judge must agree on what is JSON, whole manifests must be read alike
 * however they arrive, and none may be read to its end that is no JSON.
 */
#include <string.h>

#include "../feed.h"
#include "base/buf.h"
#include "base/text.h"
#include "fuzz.h"
#include "manifest/json.h"
#include "manifest/json_strict.h"
#include "manifest/manifest.h"

/* Members as bytes: name, kind, and of a string or number its text. */
static void
add_member(struct buf *out, struct span name, enum json_kind kind, struct span value)
{
	buf_add(out, &name.n, sizeof name.n);
	buf_add_span(out, name);
	buf_add(out, &kind, sizeof kind);
	if (kind == JSON_STRING || kind == JSON_NUMBER)
		buf_add_span(out, value);
}

static int
on_walked(void *ctx, struct span name, enum json_kind kind, struct span value, bool escaped)
{
	if (escaped)
		return 0;
	add_member(ctx, name, kind, value);
	return 1;
}

static int
on_member(void *ctx, struct span name, struct json_value value)
{
	add_member(ctx, name, value.kind, value.text);
	return 1;
}

/* An object that can be walked is one to yajl too, with the same members. */
static void
walk_agrees(struct span text)
{
	struct buf a = {0}, b = {0};
	bool odd;

	if (json_walk(text, on_walked, &a, &odd)) {
		MUST(odd || (text_utf8_valid(text, NULL) && json_lone_surrogate(text) == text.n));
		MUST(odd || !memchr(text.p, '\\', text.n));
	}
	buf_clear(&a);
	if (text_utf8_valid(text, NULL) && json_walk(text, on_walked, &a, &odd)) {
		/* of two members of one name both are given, and -1 is returned */
		json_members(text, on_member, &b);
		MUST(a.len == b.len &&
		     memcmp(a.data ? a.data : "", b.data ? b.data : "", a.len) == 0);
	}
	buf_free(&a);
	buf_free(&b);
}

static void
judges_agree(struct span text)
{
	struct json_lookup *l = json_lookup_new(NULL, 0);
	struct json_value top;
	size_t at;
	const char *strict = json_strict(text, &at);
	struct json_wrong w = json_lookup_run(l, text, &top);

	MUST(at <= text.n && w.at <= text.n);
	MUST(w.text || !strict);
	MUST(strict || !w.syntax);
	MUST(!w.syntax || at == w.at);
	json_lookup_free(l);
}

static void
add_row(struct buf *out, const struct manifest_row *row, int64_t *before)
{
	MUST(row->offset >= *before && row->end >= row->offset);
	*before = row->offset; /* rows of one record share it */
	MUST(row->bad || text_utf8_valid(row->url, NULL));
	MUST(row->bad || !row->json.n || text_utf8_valid(row->json, NULL));
	buf_printf(out, "%lld:%d:", (long long)row->line, row->bad != NULL);
	buf_add_span(out, row->url);
	buf_add_char(out, '\n');
	buf_add_span(out, row->name);
	buf_add_span(out, row->json);
}

/* Reads a manifest; what it gave is added to out, its fault too. Whether its end was reached, and
 * no row of it was bad. */
static bool
read_manifest(struct span text, size_t piece, const struct manifest_options *o, struct buf *out)
{
	int saved = feed_begin(text.p, text.n, piece);
	enum manifest_status status = MANIFEST_BROKEN;
	struct manifest_row row;
	struct fault f = {0};
	struct manifest *m = manifest_open("-", o, &f);
	int64_t before = 0;
	bool good = true;

	while (m && (status = manifest_next(m, &row, &f)) != MANIFEST_END &&
	       status != MANIFEST_BROKEN) {
		MUST(status != MANIFEST_WAIT);
		if (status == MANIFEST_ROW) {
			good &= row.bad == NULL;
			add_row(out, &row, &before);
		}
	}
	if (status == MANIFEST_BROKEN) {
		MUST(f.text[0] != '\0' && text_utf8_valid(span_of(f.text), NULL));
		MUST(m == NULL || manifest_next(m, &row, &f) == MANIFEST_BROKEN);
		buf_printf(out, "%lld:%lld:%s", (long long)f.line, (long long)f.column, f.text);
	}
	manifest_free(m);
	feed_end(saved);
	return good && status == MANIFEST_END;
}

/* A byte of options, a byte for the size of the pieces, and the manifest. */
static bool
read_both_ways(const uint8_t *data, size_t size, struct manifest_options o)
{
	struct span text = {(const char *)data + 2, size - 2};
	struct buf a = {0}, b = {0};
	bool good;

	o.limit_bytes = -1;
	o.map_url = data[0] & 1 ? "a.0.b" : NULL;
	o.skip_empty = data[0] & 2;
	o.split_urls = data[0] & 4 ? "," : NULL;
	if (o.format == MANIFEST_JSON)
		o.json_path = data[0] & 8 ? "x.y" : NULL;
	good = read_manifest(text, SIZE_MAX, &o, &a);
	MUST(read_manifest(text, 1u + data[1], &o, &b) == good);
	MUST(a.len == b.len && memcmp(a.data ? a.data : "", b.data ? b.data : "", a.len) == 0);
	buf_free(&a);
	buf_free(&b);
	return good;
}

void
fuzz_json(const uint8_t *data, size_t size)
{
	struct span text;
	size_t at;
	bool good;

	if (size < 2)
		return;
	text = (struct span){(const char *)data + 2, size - 2};
	judges_agree(text);
	walk_agrees(text);
	good = read_both_ways(data, size, (struct manifest_options){.format = MANIFEST_JSON});
	if (text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0)
		text = (struct span){text.p + 3, text.n - 3};
	MUST(!good || (json_strict(text, &at) == NULL && text_utf8_valid(text, NULL)) ||
	     text.n > 100); /* the envelope may add to the depth that an element has */
}

#define PATHS 4

/* What a lookup says of an element, as bytes. */
static void
add_lookup(struct buf *out, struct json_lookup *l, struct span text)
{
	struct json_value top, v;
	struct json_wrong w = json_lookup_run(l, text, &top);
	unsigned i;

	buf_printf(out, "%s %zu %d %d.", w.text ? w.text : "", w.at, w.syntax, (int)top.kind);
	for (i = 0; i < PATHS && !w.text; i++) {
		v = json_lookup_value(l, i);
		buf_printf(out, "%d:", (int)v.kind);
		buf_add_span(out, v.text);
	}
	buf_add_char(out, '\n');
}

/* What a lookup knows of earlier elements changes nothing. */
static void
memory_agrees(struct span text)
{
	struct json_path paths[PATHS];
	struct json_lookup *old, *fresh;
	struct buf a = {0}, b = {0};
	const char *lf, *end = text.p + text.n;
	unsigned i;

	json_path_init(&paths[0], "url", false);
	json_path_init(&paths[1], "a.0.b", false);
	json_path_init(&paths[2], "name", false);
	json_path_init(&paths[3], "a", false);
	paths[0].loose = paths[2].loose = true;
	old = json_lookup_new(paths, PATHS);
	for (; text.n > 0; text.p = lf + 1) {
		lf = memchr(text.p, '\n', (size_t)(end - text.p));
		lf = lf ? lf : end;
		text.n = (size_t)(lf - text.p);
		fresh = json_lookup_new(paths, PATHS);
		add_lookup(&a, old, text);
		add_lookup(&b, fresh, text);
		json_lookup_free(fresh);
		MUST(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
		if (lf == end)
			break;
		text.n = (size_t)(end - lf - 1);
	}
	json_lookup_free(old);
	for (i = 0; i < PATHS; i++)
		json_path_fini(&paths[i]);
	buf_free(&a);
	buf_free(&b);
}

void
fuzz_ndjson(const uint8_t *data, size_t size)
{
	if (size < 2)
		return;
	memory_agrees((struct span){(const char *)data + 2, size - 2});
	read_both_ways(data, size, (struct manifest_options){.format = MANIFEST_NDJSON});
}

void
fuzz_manifest(const uint8_t *data, size_t size)
{
	static const enum manifest_format formats[] = {MANIFEST_AUTO, MANIFEST_AUTO, MANIFEST_CSV,
						       MANIFEST_LIST};

	if (size >= 2)
		read_both_ways(data, size,
			       (struct manifest_options){.format = formats[data[0] >> 6]});
}
