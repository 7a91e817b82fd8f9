/*
 * Theory. libcsv's callbacks cannot stop it, so it is fed one physical line a call: a line ends at
 * most one record. Its state tells whether a record goes on in the next line, so line numbers,
 * places in the file and caps cost nothing. With CSV_STRICT a misplaced quote is an error at its
 * byte; what follows then cannot be trusted, so reading stops.
 *
 * A record of one line without a fault needs no parser: it is parted where it lies, several times as
 * fast, and one without quotation marks in a single pass (csv_scan.h); records of several lines and
 * all faults are libcsv's. Fuzzing compares the two
 * (tests/fuzz/fuzz_csv.c). libcsv reuses its field buffer, so its cells are copied into one of ours;
 * their spans are made when the record is complete, for the buffer may move until then.
 */
#include "manifest/csv.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/csv_scan.h"
#include "manifest/encoding.h"
#include "manifest/lines.h"

#define PARSER_BLOCK_BYTES 65536 /* by which libcsv's field buffer grows */
/* libcsv's pstate (csv.c): no record begun; inside a field; behind a quote that may close it */
#define STATE_NO_ROW 0
#define STATE_FIELD 2

struct csv_reader {
	struct lines lines;
	struct csv_parser parser;
	struct buf text;     /* the cells' bytes, one behind the other */
	size_t *ends;        /* of each cell in text */
	struct span *cells;
	size_t n_cells, cap_cells;
	bool row_ended, open; /* open: a record is begun and its end not seen */
	char delimiter;
	bool cr_ends;         /* a record ended on a CR alone */
	bool plain;           /* the record is one line that was read without libcsv: cells lie in it */
	bool quoted;          /* the line before ended inside quotation marks, which ... */
	int64_t quote_line, quote_column; /* ... opened here */
	char too_long[48];    /* what is said of a field over its cap */
	struct csv_row row;
};

static int
keep_spaces(unsigned char c)
{
	(void)c;
	return 0;
}

struct csv_reader *
csv_reader_new(struct source *s, struct span window, size_t skip, char delimiter)
{
	struct csv_reader *r = mem_calloc(1, sizeof *r);

	lines_init(&r->lines, s, true, window, skip);
	if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		mem_exhausted();
	r->delimiter = delimiter;
	csv_set_delim(&r->parser, (unsigned char)delimiter);
	csv_set_space_func(&r->parser, keep_spaces);
	csv_set_blk_size(&r->parser, PARSER_BLOCK_BYTES);
	return r;
}

void
csv_reader_free(struct csv_reader *r)
{
	if (!r)
		return;
	csv_free(&r->parser);
	buf_free(&r->text);
	free(r->ends);
	free(r->cells);
	free(r);
}

bool
csv_reader_has_cr_ends(const struct csv_reader *r)
{
	return r->cr_ends;
}

int64_t
csv_reader_line(const struct csv_reader *r)
{
	return r->lines.line;
}

int64_t
csv_reader_offset(const struct csv_reader *r)
{
	return r->lines.offset;
}

/* Counts a cell of n bytes; false: it is one too many to be kept. */
static bool
count_cell(struct csv_reader *r, size_t n)
{
	if (r->n_cells++ >= LIMIT_COLUMNS)
		return false;
	if (n > LIMIT_FIELD_BYTES && !r->row.bad) {
		snprintf(r->too_long, sizeof r->too_long, "has more than 1 MiB in field %zu",
			 r->n_cells);
		r->row.bad = r->too_long;
		r->row.bad_line = r->lines.line;
	}
	if (r->n_cells > r->cap_cells) {
		r->cap_cells = r->cap_cells ? r->cap_cells * 2 : 64;
		r->ends = mem_resize(r->ends, r->cap_cells, sizeof *r->ends);
		r->cells = mem_resize(r->cells, r->cap_cells, sizeof *r->cells);
	}
	return true;
}

static void
on_cell(void *text, size_t n, void *ctx)
{
	struct csv_reader *r = ctx;

	if (!count_cell(r, n))
		return;
	buf_add(&r->text, text, n);
	r->ends[r->n_cells - 1] = r->text.len;
}

static void
on_row(int end, void *ctx)
{
	struct csv_reader *r = ctx;

	(void)end;
	r->row_ended = true;
}

/* What is wrong with the bytes of a line although the record's end is certain. */
static void
check_bytes(struct csv_reader *r, struct span line)
{
	const char *nul = memchr(line.p, '\0', line.n);
	size_t bad;

	if (r->row.bad)
		return;
	if (nul) {
		r->row.bad = "holds a NUL byte";
		bad = (size_t)(nul - line.p);
	} else if (!text_utf8_valid(line, &bad)) {
		r->row.bad = encoding_fault(line, bad);
	} else {
		return;
	}
	r->row.bad_line = r->lines.line;
	r->row.bad_column = (int64_t)bad + 1;
}

/* Keeps the place of the quotation mark that a line leaves open, for the case that nothing closes
 * it. In what libcsv accepts, marks open and close in turn, and a double one inside is text. */
static void
note_open_quote(struct csv_reader *r, struct span line)
{
	bool quoted = r->quoted;
	const char *p = line.p, *end = line.p + line.n;

	r->quoted = r->parser.quoted && r->parser.pstate == STATE_FIELD;
	if (!r->quoted)
		return;
	for (; (p = memchr(p, '"', (size_t)(end - p))); p++) {
		if (quoted && p + 1 < end && p[1] == '"') {
			p++;
			continue;
		}
		quoted = !quoted;
		if (quoted) {
			r->quote_line = r->lines.line;
			r->quote_column = p - line.p + 1;
		}
	}
}

static enum source_status
broken_quoting(const struct csv_reader *r, size_t at, struct fault *f)
{
	fault_set(f, r->lines.line, (int64_t)at + 1,
		  r->parser.pstate == STATE_FIELD
			  ? "a quotation mark inside a field that does not begin with one"
			  : "text behind a closing quotation mark");
	return SOURCE_BROKEN;
}

static enum source_status
unterminated(const struct csv_reader *r, struct fault *f)
{
	fault_set(f, r->quote_line, r->quote_column, "the quotation mark that opens here is never closed");
	return SOURCE_BROKEN;
}

static enum source_status
too_long(const struct csv_reader *r, struct fault *f)
{
	fault_set(f, r->row.line, 0, "the record that begins here is longer than %zu MiB",
		  r->lines.limit >> 20);
	if (r->quoted)
		fault_set(f, r->quote_line, r->quote_column,
			  "more than %zu MiB behind the quotation mark that opens here: perhaps it is "
			  "never closed", r->lines.limit >> 20);
	return SOURCE_BROKEN;
}

static void
begin_row(struct csv_reader *r, struct span line)
{
	r->row = (struct csv_row){.line = r->lines.line,
				  .offset = r->lines.offset - (int64_t)line.n};
	r->open = true;
	r->quoted = r->plain = false;
	r->n_cells = 0;
	buf_clear(&r->text);
}

static void
add_cell(struct csv_reader *r, const char *p, const char *end)
{
	if (count_cell(r, (size_t)(end - p)))
		r->cells[r->n_cells - 1] = (struct span){p, (size_t)(end - p)};
}

/* A line without quotation marks is a record, parted at its delimiters. */
static void
split_plain(struct csv_reader *r, const char *p, const char *end)
{
	const char *hit;

	while ((hit = memchr(p, r->delimiter, (size_t)(end - p)))) {
		add_cell(r, p, hit);
		p = hit + 1;
	}
	add_cell(r, p, end);
}

/* A cell in quotation marks at p; returns behind its closing one. NULL: nothing closes it here. */
static const char *
split_quoted(struct csv_reader *r, const char *p, const char *end)
{
	size_t from = r->text.len;
	const char *start = ++p, *quote;

	while ((quote = memchr(p, '"', (size_t)(end - p))) && quote + 1 < end && quote[1] == '"') {
		buf_add(&r->text, start, (size_t)(quote + 1 - start));
		start = p = quote + 2;
	}
	if (!quote)
		return NULL;
	if (r->text.len == from) {
		add_cell(r, start, quote);
	} else {
		buf_add(&r->text, start, (size_t)(quote - start));
		add_cell(r, r->text.data + from, r->text.data + r->text.len);
	}
	return quote + 1;
}

/* A line with quotation marks that is a whole record. false: it is none, or has a fault: libcsv's. */
static bool
split_marked(struct csv_reader *r, const char *p, const char *end)
{
	const char *stop;

	buf_reserve(&r->text, (size_t)(end - p)); /* so that it does not move under the cells */
	for (;; p = stop + 1) {
		if (p < end && *p == '"') {
			stop = split_quoted(r, p, end);
			if (!stop || (stop < end && *stop != r->delimiter))
				return false;
		} else {
			stop = memchr(p, r->delimiter, (size_t)(end - p));
			stop = stop ? stop : end;
			if (memchr(p, '"', (size_t)(stop - p)))
				return false;
			add_cell(r, p, stop);
		}
		if (stop == end)
			return true;
	}
}

/* Reads a line that begins a record, if it is the whole of it; false: libcsv has to. */
static bool
split(struct csv_reader *r, struct span line)
{
	const char *end = line.p + line.n;

	if (line.n > LIMIT_FIELD_BYTES)
		return false;
	while (end > line.p && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	r->plain = true;
	if (end == line.p) { /* a blank line */
		r->open = false;
		return true;
	}
	if (!memchr(line.p, '"', line.n)) {
		split_plain(r, line.p, end);
	} else if (!split_marked(r, line.p, end)) {
		r->plain = false;
		r->n_cells = 0;
		buf_clear(&r->text);
		return false;
	}
	r->row_ended = true;
	return true;
}

/* Feeds one line. SOURCE_BYTES: go on, or a record is complete (row_ended). */
static enum source_status
feed(struct csv_reader *r, struct span line, struct fault *f)
{
	size_t used;

	if (!r->open)
		begin_row(r, line);
	check_bytes(r, line);
	if (r->lines.line == r->row.line && split(r, line))
		return SOURCE_BYTES;
	used = csv_parse(&r->parser, line.p, line.n, on_cell, on_row, r);
	if (used == line.n && !r->row_ended && r->parser.pstate != STATE_NO_ROW &&
	    line.p[line.n - 1] != '\n' && line.p[line.n - 1] != '\r')
		csv_parse(&r->parser, "\n", 1, on_cell, on_row, r); /* the file's last line */
	if (used != line.n) {
		if (csv_error(&r->parser) == CSV_ENOMEM)
			mem_exhausted();
		return broken_quoting(r, used, f);
	}
	if (!r->row_ended && r->parser.pstate == STATE_NO_ROW)
		r->open = false; /* a blank line */
	else if (!r->row_ended)
		note_open_quote(r, line);
	if (r->open && r->lines.offset - r->row.offset > (int64_t)r->lines.limit)
		return too_long(r, f);
	return SOURCE_BYTES;
}

/* Reads the next line if it is a whole record of plain text, as nearly all are. */
static bool
read_plain(struct csv_reader *r)
{
	int64_t offset = r->lines.offset;
	struct span line;
	size_t n;
	bool ascii;

	if (r->open || !lines_peek(&r->lines, &line) || line.n > LIMIT_FIELD_BYTES)
		return false;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	n = csv_scan(line, r->delimiter, r->cells, r->cap_cells, &ascii);
	if (n == 0 || (!ascii && !text_utf8_valid(line, NULL)))
		return false;
	lines_take(&r->lines);
	r->row = (struct csv_row){.line = r->lines.line, .offset = offset};
	r->plain = true;
	r->n_cells = n;
	return true;
}

static void
complete(struct csv_reader *r)
{
	size_t i, from = 0, kept = r->n_cells < LIMIT_COLUMNS ? r->n_cells : LIMIT_COLUMNS;

	for (i = 0; i < kept && !r->plain; i++) {
		r->cells[i] = (struct span){r->text.data ? r->text.data + from : "",
					    r->ends[i] - from};
		from = r->ends[i];
	}
	r->row.cells = r->cells;
	r->row.n_cells = r->n_cells;
	r->row.end = r->lines.offset;
	r->row_ended = r->open = false;
}

enum source_status
csv_reader_next(struct csv_reader *r, bool block, struct csv_row *row, struct fault *f)
{
	enum source_status status;
	struct span line;

	while (!r->row_ended && !read_plain(r)) {
		status = lines_next(&r->lines, block, &line, f);
		if (status == SOURCE_END && r->open)
			return unterminated(r, f);
		if (status == SOURCE_BYTES)
			status = feed(r, line, f);
		if (status != SOURCE_BYTES)
			return status;
		r->cr_ends |= r->row_ended && line.p[line.n - 1] == '\r';
	}
	complete(r);
	*row = r->row;
	return SOURCE_BYTES;
}
