#include "ledger/record.h"

#include <assert.h>
#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "manifest/json.h"

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

static const char *const status_words[RECORD_STATUSES] = {
	[RECORD_UPLOADED] = "uploaded", [RECORD_DUPLICATE] = "duplicate",
	[RECORD_FAILED] = "failed",     [RECORD_IN_DOUBT] = "in_doubt",
	[RECORD_INVALID] = "invalid",
};

static const char *const class_words[ERROR_CLASSES] = {
	[CLASS_NONE] = "",
	[CLASS_REJECTED] = "rejected",
	[CLASS_UNAVAILABLE] = "unavailable",
	[CLASS_NO_ANSWER] = "no_answer",
	[CLASS_BAD_ANSWER] = "bad_answer",
	[CLASS_INVALID_ROW] = "invalid_row",
};

const char *
column_name(enum column c)
{
	return column_names[c];
}

enum column
column_of(struct span name)
{
	int c = 0;

	while (c < COLUMNS && !span_is(name, column_names[c]))
		c++;
	return (enum column)c;
}

const char *
record_status_word(enum record_status s)
{
	return status_words[s];
}

const char *
error_class_word(enum error_class c)
{
	return class_words[c];
}

void
record_init(struct record *r)
{
	memset(r, 0, sizeof *r);
	r->sent_wall_ms = r->finished_wall_ms = r->duration_ms = -1;
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

size_t
layout_add_lade(struct layout *l, unsigned mask)
{
	size_t added = 0;
	int c;

	for (c = 0; c < COLUMNS; c++) {
		if (mask & ~l->lade & 1u << c) {
			layout_add(l, span_of(column_names[c]));
			added++;
		}
	}
	return added;
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

size_t
layout_match(struct layout *l, const struct span *names, size_t n, int **from)
{
	size_t i, added = 0;
	int k, *map = mem_alloc((l->n_carried + n + 1) * sizeof *map);

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
			added++;
		}
		map[k] = (int)i;
	}
	return added;
}

void
layout_cell(const struct layout *l, struct buf *out, struct span cell)
{
	const char *p = cell.p, *end, *quote;
	size_t i;

	for (i = 0; i < cell.n; i++)
		if (p[i] == l->delimiter || p[i] == '"' || p[i] == '\n' || p[i] == '\r')
			break;
	if (i == cell.n) {
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

/* The value of one of lade's columns as text; scratch holds what has to be written out. */
static struct span
value_of(const struct record *r, enum column c, struct buf *scratch, bool *is_number)
{
	char stamp[CLOCK_STAMP_BYTES];
	int64_t number = -1, wall = -1;

	*is_number = false;
	switch (c) {
	case COLUMN_ASSET_TYPE:
		return r->asset_type;
	case COLUMN_URL:
		return r->url;
	case COLUMN_NAME:
		return r->name;
	case COLUMN_STATUS:
		return span_of(status_words[r->status]);
	case COLUMN_ASSET_ID:
		return r->asset_id;
	case COLUMN_PREVIOUS_ASSET_ID:
		return r->previous_asset_id;
	case COLUMN_REVIEW_STATUS:
		return r->review_status;
	case COLUMN_CODE:
		return r->code;
	case COLUMN_MESSAGE:
		return r->message;
	case COLUMN_ERROR_CLASS:
		return span_of(class_words[r->error_class]);
	case COLUMN_MANIFEST:
		return r->manifest;
	case COLUMN_HTTP_STATUS:
		number = r->http_status ? r->http_status : -1;
		break;
	case COLUMN_ATTEMPTS:
		number = r->attempts;
		break;
	case COLUMN_DURATION_MS:
		number = r->duration_ms;
		break;
	case COLUMN_LINE:
		number = r->line;
		break;
	case COLUMN_SENT_AT:
		wall = r->sent_wall_ms;
		break;
	case COLUMN_FINISHED_AT:
		wall = r->finished_wall_ms;
		break;
	case COLUMNS:
		break;
	}
	buf_clear(scratch);
	if (wall >= 0)
		buf_add(scratch, stamp, clock_stamp(wall, stamp));
	if (number >= 0) {
		*is_number = true;
		buf_add_int(scratch, number);
	}
	return buf_span(scratch);
}

/* The next cell that carry.h packed, or an empty one. */
static struct span
next_carried(struct span *carried)
{
	struct span cell = {0};
	uint32_t n;

	if (carried->n < sizeof n)
		return cell;
	memcpy(&n, carried->p, sizeof n);
	cell = (struct span){carried->p + sizeof n, n};
	carried->p += sizeof n + n;
	carried->n -= sizeof n + n;
	return cell;
}

static void
write_csv(const struct layout *l, struct buf *out, struct span carried, const struct record *r,
	  struct buf *scratch)
{
	bool is_number;
	size_t i;

	for (i = 0; i < l->n_columns; i++) {
		enum column c = l->columns[i].column;

		if (i > 0)
			buf_add_char(out, l->delimiter);
		layout_cell(l, out,
			    c == COLUMN_CARRIED ? next_carried(&carried)
						: value_of(r, c, scratch, &is_number));
	}
}

static void
put_escaped(void *ctx, const char *text, size_t n)
{
	buf_add(ctx, text, n);
}

/* A JSON string, escaped by yajl. */
static void
write_string(struct buf *out, struct span s)
{
	yajl_gen gen = yajl_gen_alloc(NULL);

	if (!gen)
		mem_exhausted();
	yajl_gen_config(gen, yajl_gen_print_callback, put_escaped, out);
	if (yajl_gen_string(gen, (const unsigned char *)s.p, s.n) != yajl_gen_status_ok)
		abort();
	yajl_gen_free(gen);
}

/*
 * Whether the record has this member: those of the row's meaning only where the row has no such
 * member itself, the others as the layout says. An empty value is null, so that every record has
 * the same members.
 */
static bool
has_member(const struct layout *l, enum column c, const struct record *r)
{
	if (c == COLUMN_ASSET_TYPE)
		return r->asset_type.p != NULL;
	if (c == COLUMN_URL)
		return r->url.p != NULL;
	if (c == COLUMN_NAME)
		return r->name.p != NULL;
	return l->lade & 1u << c;
}

static void
write_ndjson(const struct layout *l, struct buf *out, struct span carried, const struct record *r,
	     struct buf *scratch)
{
	bool is_number, first = carried.n == 0;
	int c;

	buf_add_char(out, '{');
	buf_add_span(out, carried);
	for (c = 0; c < COLUMNS; c++) {
		struct span value;

		if (!has_member(l, (enum column)c, r))
			continue;
		value = value_of(r, (enum column)c, scratch, &is_number);
		buf_add_str(out, first ? "\"" : ",\"");
		buf_add_str(out, column_names[c]);
		buf_add_str(out, "\":");
		if (value.n == 0)
			buf_add_str(out, "null");
		else if (is_number)
			buf_add_span(out, value);
		else
			write_string(out, value);
		first = false;
	}
	buf_add_char(out, '}');
}

void
record_write(const struct layout *l, struct buf *out, struct span carried, const struct record *r)
{
	struct buf scratch = {0};

	if (l->format == RECORD_CSV)
		write_csv(l, out, carried, r, &scratch);
	else
		write_ndjson(l, out, carried, r, &scratch);
	buf_add_char(out, '\n');
	buf_free(&scratch);
}

void
record_values_free(struct record_values *v)
{
	buf_free(&v->text);
}

/* What the two readers share: values go into v->text, their places are turned into spans later. */
struct reading {
	const struct layout *layout;
	struct record_values *v;
	size_t column; /* of CSV */
	size_t at[COLUMNS], n[COLUMNS];
};

static void
keep_value(struct reading *r, enum column c, struct span value)
{
	if (c == COLUMN_CARRIED)
		return;
	r->at[c] = r->v->text.len;
	r->n[c] = value.n;
	buf_add_span(&r->v->text, value);
}

static void
on_csv_cell(void *text, size_t n, void *ctx)
{
	struct reading *r = ctx;

	if (r->column < r->layout->n_columns)
		keep_value(r, r->layout->columns[r->column].column, (struct span){text, n});
	r->column++;
}

static int
keep_spaces(unsigned char c)
{
	(void)c;
	return 0;
}

static int
read_csv(struct reading *r, struct span text)
{
	struct csv_parser parser;
	int rc = -1;

	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		mem_exhausted();
	csv_set_delim(&parser, (unsigned char)r->layout->delimiter);
	csv_set_space_func(&parser, keep_spaces);
	if (csv_parse(&parser, text.p, text.n, on_csv_cell, NULL, r) == text.n &&
	    csv_fini(&parser, on_csv_cell, NULL, r) == 0)
		rc = r->column == r->layout->n_columns ? 0 : -1;
	csv_free(&parser);
	return rc;
}

static int
on_json_member(void *ctx, struct span key, struct json_value value)
{
	struct reading *r = ctx;

	if (value.kind == JSON_STRING || value.kind == JSON_NUMBER)
		keep_value(r, column_of(key), value.text);
	return 1;
}

int
record_parse(const struct layout *l, struct span text, struct record_values *v)
{
	struct reading r = {.layout = l, .v = v};
	int c, rc;

	buf_clear(&v->text);
	if (l->format == RECORD_CSV)
		rc = read_csv(&r, text);
	else
		rc = json_members(text, on_json_member, &r);
	for (c = 0; c < COLUMNS; c++)
		v->value[c] = (struct span){v->text.data ? v->text.data + r.at[c] : NULL, r.n[c]};
	return rc;
}

enum known
record_known(struct span status, struct span error_class)
{
	if (span_is(status, "uploaded") || span_is(status, "duplicate"))
		return KNOWN_ASSET;
	if (span_is(status, "failed"))
		return span_is(error_class, "unavailable") ? KNOWN_UNAVAILABLE : KNOWN_REJECTED;
	if (span_is(status, "in_doubt"))
		return span_is(error_class, "bad_answer") ? KNOWN_BAD_ANSWER : KNOWN_NO_ANSWER;
	if (span_is(status, "invalid"))
		return KNOWN_INVALID;
	return KNOWN_PENDING;
}
