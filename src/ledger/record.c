#include "ledger/record.h"

#include <csv.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/mem.h"
#include "manifest/csv_scan.h"
#include "manifest/json.h"

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

/* lade's part of a record as text: what is written out lies in here, the rest is the caller's. */
struct texts {
	struct span value[COLUMNS];
	char scratch[COLUMNS][CLOCK_STAMP_BYTES];
};

static void
put_number(struct texts *t, enum column c, int64_t number) /* not negative */
{
	char *end = t->scratch[c] + sizeof t->scratch[c], *p = end;

	do
		*--p = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	t->value[c] = (struct span){p, (size_t)(end - p)};
}

static void
put_stamp(struct texts *t, enum column c, int64_t wall_ms)
{
	if (wall_ms >= 0)
		t->value[c] = (struct span){t->scratch[c], clock_stamp(wall_ms, t->scratch[c])};
}

static void
put_texts(const struct record *r, struct texts *t)
{
	memset(t->value, 0, sizeof t->value);
	t->value[COLUMN_ASSET_TYPE] = r->asset_type;
	t->value[COLUMN_URL] = r->url;
	t->value[COLUMN_NAME] = r->name;
	t->value[COLUMN_STATUS] = span_of(status_words[r->status]);
	t->value[COLUMN_ASSET_ID] = r->asset_id;
	t->value[COLUMN_PREVIOUS_ASSET_ID] = r->previous_asset_id;
	t->value[COLUMN_REVIEW_STATUS] = r->review_status;
	t->value[COLUMN_CODE] = r->code;
	t->value[COLUMN_MESSAGE] = r->message;
	t->value[COLUMN_ERROR_CLASS] = span_of(class_words[r->error_class]);
	t->value[COLUMN_MANIFEST] = r->manifest;
	put_number(t, COLUMN_ATTEMPTS, r->attempts);
	put_number(t, COLUMN_LINE, r->line);
	put_stamp(t, COLUMN_SENT_AT, r->sent_wall_ms);
	put_stamp(t, COLUMN_FINISHED_AT, r->finished_wall_ms);
	if (r->http_status != 0)
		put_number(t, COLUMN_HTTP_STATUS, r->http_status);
	if (r->duration_ms >= 0)
		put_number(t, COLUMN_DURATION_MS, r->duration_ms);
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
write_csv(const struct layout *l, struct buf *out, struct span carried, const struct span *values)
{
	size_t i;

	for (i = 0; i < l->n_columns; i++) {
		enum column c = l->columns[i].column;

		if (i > 0)
			buf_add_char(out, l->delimiter);
		layout_cell(l, out, c == COLUMN_CARRIED ? next_carried(&carried) : values[c]);
	}
}

/*
 * Whether the record has this member: those of the row's meaning only where the row has no such
 * member itself, the others as the layout says. An empty value is null, so that every record has
 * the same members.
 */
static bool
has_member(const struct layout *l, enum column c, const struct span *values)
{
	if (c == COLUMN_ASSET_TYPE || c == COLUMN_URL || c == COLUMN_NAME)
		return values[c].p != NULL;
	/* a record of a run that had them keeps these two */
	if ((c == COLUMN_MANIFEST || c == COLUMN_PREVIOUS_ASSET_ID) && values[c].n > 0)
		return true;
	return l->lade & 1u << c;
}

/* Whether a value is written as a number: a person may have made a word of it. */
static bool
is_number(enum column c, struct span value)
{
	size_t i;

	if (c != COLUMN_HTTP_STATUS && c != COLUMN_ATTEMPTS && c != COLUMN_DURATION_MS &&
	    c != COLUMN_LINE)
		return false;
	for (i = 0; i < value.n; i++)
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
	return value.n == 1 || value.p[0] != '0'; /* JSON has no 007 */
}

static void
write_ndjson(const struct layout *l, struct buf *out, struct span carried, const struct span *values)
{
	bool first = carried.n == 0;
	int c;

	buf_add_char(out, '{');
	buf_add_span(out, carried);
	for (c = 0; c < COLUMNS; c++) {
		if (!has_member(l, (enum column)c, values))
			continue;
		buf_add_str(out, first ? "\"" : ",\"");
		buf_add_str(out, column_name(c));
		buf_add_str(out, "\":");
		if (values[c].n == 0)
			buf_add_str(out, "null");
		else if (is_number((enum column)c, values[c]))
			buf_add_span(out, values[c]);
		else
			json_string(out, values[c]);
		first = false;
	}
	buf_add_char(out, '}');
}

void
record_write_values(const struct layout *l, struct buf *out, struct span carried,
		    const struct span *values)
{
	if (l->format == RECORD_CSV)
		write_csv(l, out, carried, values);
	else
		write_ndjson(l, out, carried, values);
	buf_add_char(out, '\n');
}

void
record_write(const struct layout *l, struct buf *out, struct span carried, const struct record *r)
{
	struct texts t;

	put_texts(r, &t);
	record_write_values(l, out, carried, t.value);
}

/* In CSV a line end inside quotes is part of a cell: an odd number of quotes lies before it. */
size_t
record_length(struct span text, enum record_format format)
{
	const char *from = text.p, *end = text.p + text.n, *line_end, *quote;
	size_t quotes = 0;

	while ((line_end = memchr(from, '\n', (size_t)(end - from)))) {
		for (quote = from; format == RECORD_CSV &&
				   (quote = memchr(quote, '"', (size_t)(line_end - quote)));
		     quote++)
			quotes++;
		if (quotes % 2 == 0)
			return (size_t)(line_end + 1 - text.p);
		from = line_end + 1;
	}
	return 0;
}

void
record_values_free(struct record_values *v)
{
	buf_free(&v->text);
	free(v->carried);
	v->carried = NULL;
}

/* What the two readers share: values go into v->text, their places are turned into spans later. */
struct reading {
	const struct layout *layout;
	struct record_values *v;
	size_t column; /* of CSV */
	size_t n_carried;
	size_t at[COLUMNS];
	unsigned seen; /* bit per enum column: the record has it */
};

static size_t
keep(struct reading *r, struct span value)
{
	size_t at = r->v->text.len;

	buf_add_span(&r->v->text, value);
	return at;
}

static void
keep_value(struct reading *r, enum column c, struct span value)
{
	r->seen |= 1u << c;
	r->at[c] = keep(r, value);
	r->v->value[c].n = value.n;
}

static void
on_csv_cell(void *text, size_t n, void *ctx)
{
	struct reading *r = ctx;
	struct span value = {text, n};
	enum column c;

	if (r->column < r->layout->n_columns) {
		c = r->layout->columns[r->column].column;
		if (c == COLUMN_CARRIED) /* for now the offset stands in for the pointer */
			r->v->carried[r->n_carried++] =
				(struct span){(const char *)(uintptr_t)keep(r, value), n};
		else
			keep_value(r, c, value);
	}
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
	enum column c = column_of(key);

	if (c == COLUMN_CARRIED)
		return 1;
	keep_value(r, c,
		   value.kind == JSON_STRING || value.kind == JSON_NUMBER ? value.text : span_none());
	return 1;
}

int
record_parse(const struct layout *l, struct span text, struct record_values *v)
{
	struct reading r = {.layout = l, .v = v};
	size_t i;
	int c, rc;

	buf_clear(&v->text);
	buf_reserve(&v->text, 0);
	memset(v->value, 0, sizeof v->value);
	if (l->format == RECORD_CSV) {
		v->carried = mem_resize(v->carried, l->n_carried + 1, sizeof *v->carried);
		rc = read_csv(&r, text);
	} else {
		rc = json_members(text, on_json_member, &r);
	}
	for (c = 0; c < COLUMNS; c++)
		if (r.seen & 1u << c)
			v->value[c].p = v->text.data + r.at[c];
	for (i = 0; i < r.n_carried; i++)
		v->carried[i].p = v->text.data + (uintptr_t)v->carried[i].p;
	v->n_carried = r.n_carried;
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

bool
record_is_asset_id(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '-' && s.p[i] != '_' &&
		    s.p[i] != '.') /* isalnum: in C and C.UTF-8 of ASCII alone */
			return false;
	return s.n > 0 && s.n <= LIMIT_ASSET_ID_BYTES;
}
