/*
 * Theory. Three readers give records (csv.c), elements (json_reader.c) or lines (lines.c); this file
 * turns each into rows: finds the three values, applies options, and splits a field of several URLs
 * into rows that share the record. What makes a row unusable although the next one can be found is
 * said in row->bad; what makes everything behind it untrustworthy ends the reading.
 */
#include "manifest/manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/columns.h"
#include "manifest/csv.h"
#include "manifest/json.h"
#include "manifest/encoding.h"
#include "manifest/lines.h"
#include "manifest/members.h"
#include "manifest/sniff.h"

#define REASON_BYTES 128

struct manifest {
	struct manifest_options options;
	enum manifest_format format;
	char delimiter;
	struct source *source;
	struct csv_reader *csv;
	struct json_reader *json;
	struct lines lines; /* of a list */
	struct members *members;
	struct span *names; /* of the columns; owned copies */
	size_t n_names;
	struct columns columns;
	struct manifest_plan plan;
	bool has_first; /* the first element was read to see what it is */
	struct json_element first;
	struct span list_cell;
	char reason[REASON_BYTES];
	struct span rest; /* of a field of several URLs: what is not given yet */
	bool splitting;
	struct manifest_row row; /* that is being split */
	bool broken;
	struct fault fault; /* why, with broken */
};

static bool
is_json(const struct manifest *m)
{
	return m->format == MANIFEST_JSON || m->format == MANIFEST_NDJSON;
}

/* ---- opening ---- */

static void
keep_names(struct manifest *m, const struct span *names, size_t n)
{
	size_t i;

	m->names = mem_alloc(n * sizeof *m->names);
	m->n_names = n;
	for (i = 0; i < n; i++)
		m->names[i] = (struct span){mem_dup(names[i].p, names[i].n), names[i].n};
}

static int
open_csv(struct manifest *m, const struct sniffed *sniffed, struct fault *f)
{
	enum source_status status;
	struct csv_row header;

	m->csv = csv_reader_new(m->source, sniffed->window, sniffed->skip, sniffed->delimiter);
	status = csv_reader_next(m->csv, true, &header, f);
	if (status == SOURCE_END)
		return fault_set(f, 0, 0, "is empty: a manifest begins with a header");
	if (status != SOURCE_BYTES)
		return -1;
	if (header.bad)
		return fault_set(f, header.bad_line, header.bad_column, "the header %s", header.bad);
	if (header.n_cells > LIMIT_COLUMNS)
		return fault_set(f, header.line, 0, "has more than %u columns", LIMIT_COLUMNS);
	keep_names(m, header.cells, header.n_cells);
	if (columns_find(&m->columns, m->names, m->n_names, &m->options, f) < 0) {
		f->line = header.line;
		return -1;
	}
	m->plan.is_results = m->columns.is_results;
	m->plan.has_name = m->columns.name >= 0 || m->columns.lade_name >= 0;
	if (m->plan.is_results) {
		m->plan.plain_url = m->columns.lade_url < 0;
		m->plan.plain_type = m->columns.lade_type < 0;
		m->plan.plain_name = m->columns.lade_name < 0;
	} else {
		m->plan.plain_url = !m->options.map_url && !m->options.split_urls;
		m->plan.plain_type = m->columns.type >= 0 && !m->options.map_type &&
				     m->options.type == ASSET_NONE;
		m->plan.plain_name = !m->options.map_name;
	}
	return 0;
}

static int
open_json(struct manifest *m, const struct sniffed *sniffed, struct fault *f)
{
	const struct manifest_options *o = &m->options;
	enum source_status status;
	bool own;

	m->members = members_new(o);
	m->json = json_reader_new(m->source, sniffed->window, sniffed->skip,
				  m->format == MANIFEST_NDJSON, o->json_path);
	status = json_reader_next(m->json, true, &m->first, f);
	m->has_first = status == SOURCE_BYTES;
	if (status == SOURCE_BROKEN || (m->has_first && members_begin(m->members, &m->first, f) < 0))
		return -1;
	own = members_is_results(m->members) ||
	      (o->results && m->format == MANIFEST_NDJSON && !m->has_first);
	m->plan.is_results = own;
	m->plan.plain_url = own || (!o->map_url && !o->split_urls);
	m->plan.plain_type = own || (!o->map_type && o->type == ASSET_NONE);
	m->plan.plain_name = own || !o->map_name;
	m->plan.has_name = true;
	return 0;
}

static int
open_list(struct manifest *m, const struct sniffed *sniffed)
{
	static const struct span name = {"url", 3};

	lines_init(&m->lines, m->source, true, sniffed->window, sniffed->skip);
	keep_names(m, &name, 1);
	m->columns = (struct columns){0, -1, -1, -1, -1, -1, -1, false};
	m->plan.plain_url = !m->options.split_urls;
	m->plan.plain_name = true;
	return 0;
}

void
manifest_free(struct manifest *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->n_names; i++)
		free((char *)m->names[i].p);
	free(m->names);
	members_free(m->members);
	csv_reader_free(m->csv);
	json_reader_free(m->json);
	source_free(m->source);
	free(m);
}

static struct manifest *
open_limited(const char *path, const struct manifest_options *options, size_t limit_row,
	     struct fault *f)
{
	struct manifest *m = mem_calloc(1, sizeof *m);
	struct sniffed sniffed;
	int rc = -1;

	*f = (struct fault){0};
	m->options = *options;
	m->source = source_open(path, options->limit_bytes, limit_row, f);
	if (m->source && sniff(m->source, path, options, &sniffed, f) == 0) {
		m->format = sniffed.format;
		m->delimiter = sniffed.delimiter;
		rc = is_json(m)                       ? open_json(m, &sniffed, f)
		     : m->format == MANIFEST_LIST ? open_list(m, &sniffed)
						  : open_csv(m, &sniffed, f);
	}
	if (rc < 0) {
		manifest_free(m);
		return NULL;
	}
	return m;
}

/* Whether it can be opened once more, from its beginning. */
static bool
is_file(const char *path)
{
	struct stat st;

	return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Whether a file that cannot be opened may be a results file whose first record is too long for other
 * manifests. Looks at no more than such a record, a piece at a time. */
static bool
may_be_results(const char *path)
{
	static const char status[] = "\"lade_status\"";
	struct fault ignored;
	struct source *s = source_open(path, LIMIT_RECORD_BYTES, LIMIT_RECORD_BYTES, &ignored);
	struct span w;
	bool found = false;

	while (s && !found && source_more(s, true, &w, &ignored) == SOURCE_BYTES) {
		found = memmem(w.p, w.n, status, strlen(status)) != NULL;
		if (w.n > sizeof status)
			source_consume(s, w.n - sizeof status);
	}
	source_free(s);
	return found;
}

/* A results file has longer records than other manifests, and what it is only its beginning tells: in
 * JSON its first record, which may be such a one. */
struct manifest *
manifest_open(const char *path, const struct manifest_options *options, struct fault *f)
{
	size_t limit = options->limit_row ? options->limit_row : LIMIT_ROW_BYTES;
	struct manifest *m = open_limited(path, options, limit, f), *results;
	struct fault ignored;

	if (options->limit_row || (m && !m->plan.is_results) || !is_file(path) ||
	    (!m && !may_be_results(path)))
		return m;
	results = open_limited(path, options, LIMIT_RECORD_BYTES, &ignored);
	if (!results || !results->plan.is_results) {
		manifest_free(results);
		return m;
	}
	manifest_free(m);
	return results;
}

/* ---- rows ---- */

static const char *__attribute__((format(printf, 2, 3)))
reason(struct manifest *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(m->reason, sizeof m->reason, format, args);
	va_end(args);
	return m->reason;
}

static struct span
cell(const struct csv_row *r, int column)
{
	return column >= 0 && (size_t)column < r->n_cells ? r->cells[column] : span_none();
}

/* A results file's own column rules where there is one, even when it is empty: the plain column may
 * mean something else. */
static struct span
own_or_plain(const struct csv_row *r, int own, int plain)
{
	return cell(r, own >= 0 ? own : plain);
}

/* The type that a word, the option, or the URL's extension gives. */
static void
find_type(const struct manifest *m, struct manifest_row *row)
{
	if (row->type_word.n > 0)
		row->type = asset_type_parse(row->type_word);
	else if (m->options.type != ASSET_NONE)
		row->type = m->options.type;
	else
		row->type = asset_type_infer(row->url);
}

/* A record of another number of fields than the header: which of them is the url is a guess. */
static void
misfit(struct manifest *m, struct manifest_row *row, size_t n)
{
	if (!row->bad)
		row->bad = reason(m, "has %zu field%s, the header has %zu", n, n == 1 ? "" : "s",
				  m->n_names);
	row->garbled = true;
	row->url = row->type_word = row->name = row->version = span_none();
}

static enum source_status
next_csv(struct manifest *m, struct manifest_row *row, struct fault *f)
{
	struct csv_row r;
	enum source_status status = csv_reader_next(m->csv, false, &r, f);
	const struct columns *c = &m->columns;

	if (status != SOURCE_BYTES)
		return status;
	*row = (struct manifest_row){
		.line = r.line,
		.offset = r.offset,
		.end = r.end,
		.url = span_trim(own_or_plain(&r, c->lade_url, c->url)),
		.type_word = span_trim(own_or_plain(&r, c->lade_type, c->type)),
		.name = own_or_plain(&r, c->lade_name, c->name),
		.version = cell(&r, c->version),
		.cells = r.cells,
		.n_cells = r.n_cells,
		.bad = r.bad,
		.bad_line = r.bad_line,
		.bad_column = r.bad_column,
	};
	if (r.n_cells != m->n_names)
		misfit(m, row, r.n_cells);
	if (row->n_cells > LIMIT_COLUMNS)
		row->n_cells = LIMIT_COLUMNS;
	return SOURCE_BYTES;
}

static enum source_status
next_line(struct manifest *m, struct manifest_row *row, struct fault *f)
{
	enum source_status status;
	struct span line, whole;
	size_t bad;

	do {
		status = lines_next(&m->lines, false, &line, f);
		if (status != SOURCE_BYTES)
			return status;
		*row = (struct manifest_row){.line = m->lines.line,
					     .offset = m->lines.offset - (int64_t)line.n,
					     .end = m->lines.offset};
		while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
			line.n--;
		whole = line;
		line = span_trim(line);
	} while (line.n == 0 || line.p[0] == '#');
	m->list_cell = line;
	row->url = line;
	row->cells = &m->list_cell;
	row->n_cells = 1;
	if (!text_utf8_valid(whole, &bad)) {
		row->bad = encoding_fault(whole, bad);
		row->bad_line = row->line;
		row->bad_column = (int64_t)bad + 1;
	}
	return SOURCE_BYTES;
}

/* The line and column of an offset in an element. */
static void
locate(const struct json_element *e, size_t at, int64_t *line, int64_t *column)
{
	const char *p = e->text.p, *end = p + (at < e->text.n ? at : e->text.n), *lf;
	int64_t before = e->column;

	*line = e->line;
	while ((lf = memchr(p, '\n', (size_t)(end - p)))) {
		++*line;
		before = 1;
		p = lf + 1;
	}
	*column = before + (end - p);
}

static enum source_status
bad_element(struct manifest *m, struct manifest_row *row, const struct json_element *e,
	    const struct json_wrong *w, struct fault *f)
{
	locate(e, w->at, &row->bad_line, &row->bad_column);
	if (w->syntax && m->format == MANIFEST_JSON) {
		fault_set(f, row->bad_line, row->bad_column, "%s", w->text);
		return SOURCE_BROKEN;
	}
	row->json = w->syntax ? span_none() : e->text;
	row->bad = w->text;
	row->garbled = true;
	return SOURCE_BYTES;
}

static enum source_status
next_json(struct manifest *m, struct manifest_row *row, struct fault *f)
{
	enum source_status status = SOURCE_BYTES;
	struct json_element e;
	struct json_wrong w;

	if (m->has_first)
		e = m->first;
	else
		status = json_reader_next(m->json, false, &e, f);
	m->has_first = false;
	if (status == SOURCE_END && members_end(m->members, f) < 0)
		return SOURCE_BROKEN;
	if (status != SOURCE_BYTES)
		return status;
	*row = (struct manifest_row){
		.line = e.line, .offset = e.offset, .end = e.end, .json = e.text};
	w = members_read(m->members, e.text, row);
	if (members_is_mixed(m->members)) {
		fault_set(f, e.line, e.column,
			  "a member's name begins with lade_, as in a results file, but the first "
			  "element has no member lade_status");
		return SOURCE_BROKEN;
	}
	return w.text ? bad_element(m, row, &e, &w, f) : SOURCE_BYTES;
}

/* The next URL of the field that is being split; false: there is none. */
static bool
next_split(struct manifest *m, struct manifest_row *row)
{
	const char *separator = m->options.split_urls, *hit;
	size_t n = strlen(separator), skip;

	while (m->splitting) {
		struct span part = m->rest;

		hit = part.n >= n ? memmem(part.p, part.n, separator, n) : NULL;
		if (hit) {
			part.n = (size_t)(hit - part.p);
			m->rest.p += part.n + n;
			m->rest.n -= part.n + n;
		}
		m->splitting = hit != NULL;
		while (part.n > 0 && span_is_white(part.p[part.n - 1]))
			part.n--; /* the CR of a line end that parts them, too */
		skip = span_skip_white(part, 0);
		part = (struct span){part.p + skip, part.n - skip};
		if (part.n > 0) {
			*row = m->row;
			row->url = part;
			find_type(m, row);
			return true;
		}
	}
	return false;
}

static enum source_status
next_record(struct manifest *m, struct manifest_row *row, struct fault *f)
{
	if (is_json(m))
		return next_json(m, row, f);
	return m->format == MANIFEST_LIST ? next_line(m, row, f) : next_csv(m, row, f);
}

enum manifest_status
manifest_next(struct manifest *m, struct manifest_row *row, struct fault *f)
{
	if (m->broken) {
		*f = m->fault;
		return MANIFEST_BROKEN;
	}
	if (m->splitting && next_split(m, row))
		return MANIFEST_ROW;
	switch (next_record(m, row, f)) {
	case SOURCE_WAIT:
		return MANIFEST_WAIT;
	case SOURCE_END:
		return MANIFEST_END;
	case SOURCE_BROKEN:
		m->broken = true;
		m->fault = *f;
		return MANIFEST_BROKEN;
	case SOURCE_BYTES:
		break;
	}
	if (!row->bad && m->options.split_urls && row->url.n > 0) {
		m->row = *row;
		m->rest = row->url;
		m->splitting = true;
		if (next_split(m, row))
			return MANIFEST_ROW;
		row->url.n = 0; /* nothing but separators */
	}
	if (!row->bad && row->url.n == 0 && m->options.skip_empty)
		return MANIFEST_EMPTY;
	if (!row->garbled)
		find_type(m, row);
	return MANIFEST_ROW;
}

bool
manifest_unmet(const struct manifest *m, struct fault *f)
{
	return m->members && members_unmet(m->members, f);
}

enum manifest_format
manifest_format(const struct manifest *m)
{
	return m->format;
}

char
manifest_delimiter(const struct manifest *m)
{
	return m->delimiter;
}

bool
manifest_is_packed(const struct manifest *m)
{
	return source_is_packed(m->source);
}

bool
manifest_has_cr_ends(const struct manifest *m)
{
	return m->csv && csv_reader_has_cr_ends(m->csv);
}

const struct span *
manifest_columns(const struct manifest *m, size_t *n)
{
	*n = m->n_names;
	return m->names;
}

const struct manifest_plan *
manifest_plan(const struct manifest *m)
{
	return &m->plan;
}

int
manifest_fd(const struct manifest *m)
{
	return source_fd(m->source);
}

int64_t
manifest_line(const struct manifest *m)
{
	if (m->csv)
		return csv_reader_line(m->csv);
	return m->json ? json_reader_line(m->json) : m->lines.line;
}

int64_t
manifest_read_bytes(const struct manifest *m)
{
	if (source_is_packed(m->source))
		return source_read_bytes(m->source);
	if (m->csv)
		return csv_reader_offset(m->csv);
	return m->json ? json_reader_offset(m->json) : m->lines.offset;
}

int64_t
manifest_size_bytes(const struct manifest *m)
{
	return source_size_bytes(m->source);
}
