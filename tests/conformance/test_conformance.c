/*
 * The tables beside this file, read case by case: each text whole, and in pieces of one, two and
 * seven bytes, for what is read must not depend on how it arrives.
 */
#include "../unit/unit.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "../feed.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "manifest/csv.h"
#include "manifest/json_strict.h"
#include "manifest/manifest.h"

#define GOOD_ROW "{\"url\":\"https://a.example/1.jpg\""

static const size_t pieces[] = {1 << 20, 1, 2, 7};

/* One case: its columns, unescaped. */
struct line {
	struct buf column[4];
	unsigned n;
};

static void
add_unescaped(struct buf *b, const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p != '\\') {
			buf_add_char(b, *p);
			continue;
		}
		switch (*++p) {
		case 'n':
			buf_add_char(b, '\n');
			break;
		case 'r':
			buf_add_char(b, '\r');
			break;
		case 't':
			buf_add_char(b, '\t');
			break;
		case 'x':
			buf_add_char(b, (char)strtol((char[]){p[1], p[2], 0}, NULL, 16));
			p += 2;
			break;
		default:
			buf_add_char(b, *p);
		}
	}
}

/* Calls each for every case of a table; returns how many there are. */
static unsigned
read_table(const char *path, void (*each)(struct line *l))
{
	FILE *in = fopen(path, "r");
	char *text = NULL, *p, *tab;
	struct line l = {0};
	size_t cap = 0;
	unsigned cases = 0, i;

	assert_non_null(in);
	while (getline(&text, &cap, in) > 0) {
		if (text[0] == '#')
			continue;
		text[strcspn(text, "\n")] = '\0';
		for (p = text, l.n = 0; p && l.n < 4; l.n++) {
			tab = strchr(p, '\t');
			buf_clear(&l.column[l.n]);
			buf_add_str(&l.column[l.n], "");
			add_unescaped(&l.column[l.n], p, tab ? tab : p + strlen(p));
			p = tab ? tab + 1 : NULL;
		}
		each(&l);
		cases++;
	}
	for (i = 0; i < 4; i++)
		buf_free(&l.column[i]);
	free(text);
	fclose(in);
	return cases;
}

/* ---- CSV ---- */

static void
read_csv(const struct buf *text, size_t piece, struct buf *out)
{
	int saved = feed_begin(text->data, text->len, piece);
	struct fault f = {0};
	struct source *s = source_open("-", -1, LIMIT_ROW_BYTES, &f);
	struct span window = {0};
	struct csv_reader *r;
	struct csv_row row;
	enum source_status status;
	size_t i, skip;

	while (window.n < 3 && source_more(s, true, &window, &f) == SOURCE_BYTES)
		continue;
	skip = window.n >= 3 && memcmp(window.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	r = csv_reader_new(s, window, skip, ',');
	buf_clear(out);
	while ((status = csv_reader_next(r, true, &row, &f)) == SOURCE_BYTES) {
		for (i = 0; !row.bad && i < row.n_cells; i++) {
			buf_add_str(out, i ? "|" : "");
			buf_add_span(out, row.cells[i]);
		}
		if (row.bad)
			buf_printf(out, "!%lld:%lld", (long long)row.bad_line,
				   (long long)row.bad_column);
		buf_add_char(out, ';');
	}
	if (status == SOURCE_END)
		buf_add_char(out, '.');
	else
		buf_printf(out, "fault %lld:%lld", (long long)f.line, (long long)f.column);
	csv_reader_free(r);
	source_free(s);
	feed_end(saved);
}

static void
csv_case(struct line *l)
{
	struct buf got = {0};
	size_t i;

	for (i = 0; i < COUNT_OF(pieces); i++) {
		read_csv(&l->column[0], pieces[i], &got);
		if (!span_is(buf_span(&got), l->column[1].data))
			fail_msg("%s, in pieces of %zu: got %s, expected %s", l->column[2].data,
				 pieces[i], got.data, l->column[1].data);
	}
	buf_free(&got);
}

static void
csv_as_the_table_says(void **state)
{
	(void)state;
	assert_true(read_table("tests/conformance/csv.table", csv_case) > 40);
}

/* ---- JSON ---- */

/* How many good rows a manifest gives; *ended: it was read to its end without a bad one. The last
 * good row's text goes to *kept. */
static unsigned
read_json(const struct buf *text, enum manifest_format format, size_t piece, bool *ended,
	  struct buf *kept)
{
	struct manifest_options o = {.format = format, .limit_bytes = -1};
	int saved = feed_begin(text->data, text->len, piece);
	struct fault f;
	struct manifest *m = manifest_open("-", &o, &f);
	enum manifest_status status = MANIFEST_BROKEN;
	struct manifest_row row;
	unsigned good = 0;

	*ended = true;
	while (m && (status = manifest_next(m, &row, &f)) == MANIFEST_ROW) {
		if (row.bad || row.url.n == 0) {
			*ended = false;
			continue;
		}
		good++;
		buf_clear(kept);
		buf_add_span(kept, row.json);
	}
	*ended &= status == MANIFEST_END;
	manifest_free(m);
	feed_end(saved);
	return good;
}

static void
check_json(const char *name, const char *how, const struct buf *text, enum manifest_format format,
	   bool good, struct span member)
{
	struct buf kept = {0};
	bool ended;
	unsigned rows;
	size_t i;

	for (i = 0; i < COUNT_OF(pieces); i++) {
		rows = read_json(text, format, pieces[i], &ended, &kept);
		if (good && (rows != 1 || !ended))
			fail_msg("%s, %s, in pieces of %zu: refused: %s", name, how, pieces[i],
				 text->data);
		if (good && !memmem(kept.data, kept.len, member.p, member.n))
			fail_msg("%s, %s: not kept byte for byte: %s", name, how, kept.data);
		if (!good && ended)
			fail_msg("%s, %s, in pieces of %zu: accepted: %s", name, how, pieces[i],
				 text->data);
	}
	buf_free(&kept);
}

static void
wrap(struct buf *out, const char *before, struct span text, const char *behind)
{
	buf_clear(out);
	buf_add_str(out, before);
	buf_add_span(out, text);
	buf_add_str(out, behind);
}

/* Whether there are no data at all: no JSON, but JSON Lines of no line. */
static bool
is_nothing(struct span text)
{
	if (text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0)
		text = (struct span){text.p + 3, text.n - 3};
	return span_skip_white(text, 0) == text.n;
}

static void
no_lines(const char *name, const struct buf *text)
{
	struct buf kept = {0};
	bool ended;
	size_t i;

	for (i = 0; i < COUNT_OF(pieces); i++)
		if (read_json(text, MANIFEST_NDJSON, pieces[i], &ended, &kept) > 0 || !ended)
			fail_msg("%s, in pieces of %zu: is no empty JSON Lines", name, pieces[i]);
	buf_free(&kept);
}

static void
json_case(struct line *l)
{
	struct span text = buf_span(&l->column[1]);
	const char *name = l->column[2].data;
	bool good = l->column[0].data[0] == 'y';
	struct buf whole = {0};
	size_t at;

	if (l->column[0].data[0] == 's') {
		wrap(&whole, "", text, "");
		check_json(name, "whole", &whole, MANIFEST_JSON, false, text);
		if (is_nothing(text))
			no_lines(name, &whole);
		else
			check_json(name, "a line", &whole, MANIFEST_NDJSON, false, text);
	} else {
		wrap(&whole, "[" GOOD_ROW ",\"x\":", text, "}]");
		check_json(name, "a member", &whole, MANIFEST_JSON, good, text);
		wrap(&whole, GOOD_ROW ",\"x\":", text, "}");
		if (!good || !memchr(text.p, '\n', text.n))
			check_json(name, "a member of a line", &whole, MANIFEST_NDJSON, good, text);
		wrap(&whole, "[", text, "]");
		if (!good)
			check_json(name, "an element", &whole, MANIFEST_JSON, false, text);
	}
	/* the strict judge agrees with yajl but for what it leaves to others */
	if (strncmp(name, "open:", 5) != 0 && memchr(text.p, '\\', text.n) == NULL &&
	    text_utf8_valid(text, NULL) && (json_strict(text, &at) == NULL) != good)
		fail_msg("%s: json_strict says otherwise", name);
	buf_free(&whole);
}

static void
json_as_the_table_says(void **state)
{
	(void)state;
	assert_true(read_table("tests/conformance/json.table", json_case) > 250);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_as_the_table_says),
		cmocka_unit_test(json_as_the_table_says),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
