#include "ledger/layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "manifest/csv_scan.h"

static const char *const column_names[COLUMNS] = {
	[COLUMN_ASSET_TYPE] = "lade_assetType",
	[COLUMN_URL] = "lade_url",
	[COLUMN_NAME] = "lade_name",
	[COLUMN_STATUS] = "lade_status",
	[COLUMN_ASSET_ID] = "lade_assetId",
	[COLUMN_PREVIOUS_ASSET_ID] = "lade_previousAssetId",
	[COLUMN_REVIEW_STATUS] = "lade_reviewStatus",
	[COLUMN_HTTP_STATUS] = "lade_httpStatus",
	[COLUMN_CODE] = "lade_code",
	[COLUMN_MESSAGE] = "lade_message",
	[COLUMN_ERROR_CLASS] = "lade_errorClass",
	[COLUMN_ATTEMPTS] = "lade_attempts",
	[COLUMN_SENT_AT] = "lade_sentAt",
	[COLUMN_FINISHED_AT] = "lade_finishedAt",
	[COLUMN_DURATION_MS] = "lade_durationMs",
	[COLUMN_MANIFEST] = "lade_manifest",
	[COLUMN_LINE] = "lade_line",
};

/* Which columns of a manifest say what a row means, and lade's own for the same. */
static const struct {
	const char *plain;
	enum column own;
} meanings[] = {{"assetType", COLUMN_ASSET_TYPE}, {"url", COLUMN_URL}, {"name", COLUMN_NAME}};

#define MEANINGS (sizeof meanings / sizeof *meanings)

const char *
column_name(enum column c)
{
	return column_names[c];
}

enum column
column_of(struct span name)
{
	int c = 0;

	if (name.n < 5 || memcmp(name.p, "lade_", 5) != 0)
		return COLUMN_CARRIED; /* of most rows nearly all */
	while (c < COLUMNS && !span_is(name, column_names[c]))
		c++;
	return (enum column)c;
}

void
layout_init(struct layout *l, enum record_format format, char delimiter)
{
	*l = (struct layout){.format = format, .delimiter = delimiter};
}

void
layout_fini(struct layout *l)
{
	size_t i;

	for (i = 0; i < l->n_columns; i++)
		free(l->columns[i].name);
	free(l->columns);
	l->columns = NULL;
	l->n_columns = 0;
}

void
layout_add(struct layout *l, struct span name)
{
	enum column c = column_of(name);

	if (c != COLUMN_CARRIED)
		l->lade |= 1u << c;
	if (l->format != RECORD_CSV)
		return;
	l->columns = mem_resize(l->columns, l->n_columns + 1, sizeof *l->columns);
	l->columns[l->n_columns++] = (struct layout_column){c, mem_dup(name.p, name.n)};
	l->n_carried += c == COLUMN_CARRIED;
}

void
layout_add_lade(struct layout *l, unsigned mask)
{
	int c;

	for (c = 0; c < COLUMNS; c++)
		if (mask & ~l->lade & 1u << c)
			layout_add(l, span_of(column_names[c]));
}

/* The k-th carried column, behind the given place in l->columns, that has this name; -1: none. */
static int
find_unmatched(const struct layout *l, struct span name, const int *from)
{
	size_t i, k = 0;

	for (i = 0; i < l->n_columns; i++) {
		if (l->columns[i].column != COLUMN_CARRIED)
			continue;
		if (from[k] < 0 && span_is(name, l->columns[i].name))
			return (int)k;
		k++;
	}
	return -1;
}

void
layout_match(struct layout *l, const struct span *names, size_t n, int **from)
{
	size_t i;
	int k, *map;

	assert(l->format == RECORD_CSV);
	map = mem_alloc((l->n_carried + n + 1) * sizeof *map);

	*from = map;
	for (i = 0; i < l->n_carried + n; i++)
		map[i] = -1;
	for (i = 0; i < n; i++) {
		if (column_of(names[i]) != COLUMN_CARRIED)
			continue;
		k = find_unmatched(l, names[i], map);
		if (k < 0) {
			layout_add(l, names[i]);
			k = (int)l->n_carried - 1;
		}
		map[k] = (int)i;
	}
}

static size_t
count_columns_like(const struct layout *l, const char *plain)
{
	size_t i, n = 0;

	for (i = 0; i < l->n_columns; i++)
		n += text_same_loosely(span_of(l->columns[i].name), span_of(plain));
	return n;
}

static size_t
count_names_like(const struct span *names, size_t n, const char *plain)
{
	size_t i, like = 0;

	for (i = 0; i < n; i++)
		like += text_same_loosely(names[i], span_of(plain));
	return like;
}

unsigned
layout_unite(struct layout *l, const struct span *names, size_t n)
{
	size_t before[MEANINGS], theirs, after, i;
	unsigned unclear = 0;
	int *from;

	for (i = 0; i < MEANINGS; i++)
		before[i] = count_columns_like(l, meanings[i].plain);
	layout_match(l, names, n, &from);
	free(from);
	for (i = 0; i < MEANINGS; i++) {
		theirs = count_names_like(names, n, meanings[i].plain);
		after = count_columns_like(l, meanings[i].plain);
		if ((before[i] > 0 && after > before[i]) || (theirs > 0 && after > theirs))
			unclear |= 1u << meanings[i].own;
	}
	return unclear;
}

void
layout_cell(const struct layout *l, struct buf *out, struct span cell)
{
	const char *p = cell.p, *end, *quote;

	if (csv_is_plain(cell, l->delimiter)) {
		buf_add_span(out, cell);
		return;
	}
	buf_add_char(out, '"');
	end = p + cell.n;
	while ((quote = memchr(p, '"', (size_t)(end - p)))) {
		buf_add(out, p, (size_t)(quote + 1 - p));
		buf_add_char(out, '"');
		p = quote + 1;
	}
	buf_add(out, p, (size_t)(end - p));
	buf_add_char(out, '"');
}

void
layout_header(const struct layout *l, struct buf *out)
{
	size_t i;

	for (i = 0; i < l->n_columns; i++) {
		if (i > 0)
			buf_add_char(out, l->delimiter);
		layout_cell(l, out, span_of(l->columns[i].name));
	}
	if (l->format == RECORD_CSV)
		buf_add_char(out, '\n');
}
