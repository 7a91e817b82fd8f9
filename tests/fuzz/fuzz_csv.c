/*
 * CSV: the reader against libcsv over the whole text at once, record by record, cell by cell; what
 * arrives in pieces is the same as what arrives at once.
 */
#include <csv.h>
#include <string.h>

#include "../feed.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "fuzz.h"
#include "manifest/csv.h"

static int
keep_spaces(unsigned char c)
{
	(void)c;
	return 0;
}

/* Records as bytes: each cell behind its length, each record ended by a length of all ones. */
static void
add_cell(void *text, size_t n, void *ctx)
{
	buf_add(ctx, &n, sizeof n);
	buf_add(ctx, text, n);
}

static void
end_row(int end, void *ctx)
{
	size_t mark = SIZE_MAX;

	(void)end;
	buf_add(ctx, &mark, sizeof mark);
}

/* What libcsv reads; *fault is the offset of what it cannot take, or SIZE_MAX. Records end up
 * whole. */
static void
by_libcsv(struct span text, char delimiter, struct buf *out, size_t *fault)
{
	struct csv_parser p;
	size_t used;

	MUST(csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) == 0);
	csv_set_delim(&p, (unsigned char)delimiter);
	csv_set_space_func(&p, keep_spaces);
	used = csv_parse(&p, text.p, text.n, add_cell, end_row, out);
	*fault = used == text.n ? SIZE_MAX : used;
	if (used == text.n && csv_fini(&p, add_cell, end_row, out) != 0)
		*fault = text.n;
	csv_free(&p);
}

static size_t
offset_of(struct span text, int64_t line, int64_t column)
{
	size_t i = 0;

	for (; line > 1; line--) {
		while (i < text.n && text.p[i] != '\n' && text.p[i] != '\r')
			i++;
		i += i + 1 < text.n && text.p[i] == '\r' && text.p[i + 1] == '\n' ? 2 : 1;
	}
	return i + (size_t)column - 1;
}

static void
by_reader(struct span text, char delimiter, size_t piece, struct buf *out, size_t *fault)
{
	int saved = feed_begin(text.p, text.n, piece);
	struct fault f = {0};
	struct source *s = source_open("-", -1, LIMIT_ROW_BYTES, &f);
	struct csv_reader *r = csv_reader_new(s, span_none(), 0, delimiter);
	enum source_status status;
	struct csv_row row;
	int64_t before = 0;
	size_t i;

	while ((status = csv_reader_next(r, true, &row, &f)) == SOURCE_BYTES) {
		MUST(row.offset >= before && row.end > row.offset && row.end <= (int64_t)text.n);
		MUST(!row.bad || (row.bad_line >= row.line && row.bad_column > 0));
		before = row.end;
		for (i = 0; i < row.n_cells; i++) {
			MUST(row.bad || text_utf8_valid(row.cells[i], NULL));
			add_cell((void *)(uintptr_t)row.cells[i].p, row.cells[i].n, out);
		}
		end_row(0, out);
	}
	*fault = SIZE_MAX;
	if (status == SOURCE_BROKEN)
		*fault =
			strstr(f.text, "never closed") ? text.n : offset_of(text, f.line, f.column);
	csv_reader_free(r);
	source_free(s);
	feed_end(saved);
}

void
fuzz_csv(const uint8_t *data, size_t size)
{
	static const char delimiters[] = ",;\t|";
	struct buf a = {0}, b = {0};
	size_t fault_a, fault_b;
	struct span text;
	char delimiter;

	if (size < 2)
		return;
	if (size >= 4 && data[2] == 0x1F && data[3] == 0x8B)
		return; /* gzip to the reader */
	delimiter = delimiters[data[0] % 4];
	text = (struct span){(const char *)data + 2, size - 2};
	by_libcsv(text, delimiter, &a, &fault_a);
	by_reader(text, delimiter, 1u + data[1], &b, &fault_b);
	MUST(fault_a == fault_b);
	/* libcsv has given cells of the record that it could not end */
	MUST(a.len >= b.len && memcmp(a.data ? a.data : "", b.data ? b.data : "", b.len) == 0);
	MUST(fault_a != SIZE_MAX || a.len == b.len);
	buf_free(&a);
	buf_free(&b);
}
