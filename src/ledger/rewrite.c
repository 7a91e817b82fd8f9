#include "ledger/rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "ledger/load.h"

/* A record without its line end. */
static struct span
without_line_end(struct span record)
{
	while (record.n > 0 && (record.p[record.n - 1] == '\n' || record.p[record.n - 1] == '\r'))
		record.n--;
	return record;
}

struct rewriting {
	int fd;
	const struct layout *layout;
	const struct load_needs *needs;
	struct replacement *out;
	int64_t end; /* bytes of the old file */
	int64_t *torn;
	struct buf text;
};

/* What the new columns hold: an own column that says what the row means rules over the plain one even
 * when it is empty, so it says what that does. */
static void
add_columns(struct rewriting *w, const struct manifest_row *row)
{
	const struct layout *l = w->layout;
	size_t i;

	for (i = l->n_columns - w->needs->columns; i < l->n_columns; i++) {
		buf_add_char(&w->text, l->delimiter);
		layout_cell(l, &w->text, load_meaning(row, l->columns[i].column));
	}
}

static int
rewrite_row(struct rewriting *w, const struct manifest_row *row, struct fault *f)
{
	const char *why = load_malformed(row);
	size_t n = (size_t)(row->end - row->offset);
	struct buf *text = &w->text;

	buf_clear(text);
	if (buf_reserve(text, n) < 0 || file_read_at(w->fd, text->data, n, row->offset) != (int64_t)n)
		return fault_set(f, row->line, 0, "cannot read the record back: %s", strerror(errno));
	text->len = n;
	if (why && row->end == w->end && n > 0 && text->data[n - 1] != '\n' && load_may_be_cut(row)) {
		*w->torn += row->end - row->offset;
		return 0;
	}
	if (why)
		return fault_set(f, row->line, row->bad_column, "%s", why);
	text->len = without_line_end(buf_span(text)).n;
	add_columns(w, row);
	buf_add_char(text, '\n');
	return replacement_add(w->out, buf_span(text), f);
}

int
rewrite_results(const char *path, const struct layout *l, const struct load_needs *needs,
		struct replacement *out, int64_t *torn, struct fault *f)
{
	struct rewriting w = {.layout = l, .needs = needs, .out = out, .torn = torn};
	const struct manifest_options options = {.limit_bytes = -1,
						 .limit_row = LIMIT_RECORD_BYTES};
	struct manifest *m = manifest_open(path, &options, f);
	enum manifest_status status = MANIFEST_BROKEN;
	struct manifest_row row;
	int rc = -1;

	w.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (m && w.fd < 0)
		file_fault(f, "open", path);
	if (m && w.fd >= 0) {
		w.end = lseek(w.fd, 0, SEEK_END);
		layout_header(l, &w.text);
		rc = replacement_add(out, buf_span(&w.text), f);
		while (rc == 0 && (status = manifest_next(m, &row, f)) == MANIFEST_ROW)
			rc = rewrite_row(&w, &row, f);
	}
	if (w.fd >= 0)
		close(w.fd);
	buf_free(&w.text);
	manifest_free(m);
	return rc == 0 && status == MANIFEST_END ? 0 : -1;
}
