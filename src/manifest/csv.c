/*
 * Theory. libcsv's callbacks cannot stop it, so it is fed one physical line a call: a line ends at
 * most one record. Its state tells whether a record goes on in the next line, so line numbers,
 * places in the file and caps cost nothing. With CSV_STRICT a misplaced quote is an error at its
 * byte; what follows then cannot be trusted, so reading stops. libcsv reuses its field buffer, so
 * cells are copied into one of ours; their spans are made when the record is complete, for the
 * buffer may move until then.
 */
#include "manifest/csv.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
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

static void
on_cell(void *text, size_t n, void *ctx)
{
	struct csv_reader *r = ctx;

	if (r->n_cells++ >= LIMIT_COLUMNS)
		return;
	if (n > LIMIT_FIELD_BYTES)
		r->row.bad = "a field is longer than 1 MiB";
	if (r->n_cells > r->cap_cells) {
		r->cap_cells = r->cap_cells ? r->cap_cells * 2 : 64;
		r->ends = mem_resize(r->ends, r->cap_cells, sizeof *r->ends);
		r->cells = mem_resize(r->cells, r->cap_cells, sizeof *r->cells);
	}
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
		r->row.bad_column = nul - line.p + 1;
	} else if (!text_utf8_valid(line, &bad)) {
		r->row.bad = "is not UTF-8 (perhaps Latin-1: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW)";
		r->row.bad_column = (int64_t)bad + 1;
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
	fault_set(f, r->row.line, 0, "a quotation mark opened in the record that begins here is "
				     "never closed");
	return SOURCE_BROKEN;
}

/* Feeds one line. SOURCE_BYTES: go on, or a record is complete (row_ended). */
static enum source_status
feed(struct csv_reader *r, struct span line, struct fault *f)
{
	size_t used;

	if (!r->open) {
		r->row = (struct csv_row){.line = r->lines.line,
					  .offset = r->lines.offset - (int64_t)line.n};
		r->open = true;
		r->n_cells = 0;
		buf_clear(&r->text);
	}
	check_bytes(r, line);
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
	if (r->text.len + r->parser.entry_pos > LIMIT_ROW_BYTES) {
		fault_set(f, r->row.line, 0, "a record is longer than %u MiB; perhaps a quotation "
					     "mark is never closed", LIMIT_ROW_BYTES >> 20);
		return SOURCE_BROKEN;
	}
	return SOURCE_BYTES;
}

static void
complete(struct csv_reader *r)
{
	size_t i, from = 0, kept = r->n_cells < LIMIT_COLUMNS ? r->n_cells : LIMIT_COLUMNS;

	for (i = 0; i < kept; i++) {
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

	while (!r->row_ended) {
		status = lines_next(&r->lines, block, &line, f);
		if (status == SOURCE_END && r->open)
			return unterminated(r, f);
		if (status == SOURCE_BYTES)
			status = feed(r, line, f);
		if (status != SOURCE_BYTES)
			return status;
	}
	complete(r);
	*row = r->row;
	return SOURCE_BYTES;
}
