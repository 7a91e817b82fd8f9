#include "ledger/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "ledger/order.h"
#include "manifest/json.h"

struct identity
load_identity(const struct manifest_row *row)
{
	return identity_of(row->type != ASSET_NONE ? span_of(asset_type_name(row->type))
						   : row->type_word,
			   row->url);
}

static struct manifest *
open_results(const char *path, struct fault *f)
{
	static const struct manifest_options options = {.limit_bytes = -1};
	struct manifest *m = manifest_open(path, &options, f);
	struct buf shown = {0};

	if (m && !manifest_plan(m)->is_results) {
		manifest_free(m);
		m = NULL;
		text_escape(&shown, span_of(path), 200);
		fault_set(f, 0, 0, "%s is no results file: it has no column lade_status", shown.data);
		buf_free(&shown);
	}
	return m;
}

/* Whether the file's last byte is no LF, or its first line ends on a CR alone. */
static bool
needs_line_ends(const char *path)
{
	char chunk[65536], last = '\n';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool needs = false;
	int64_t n;
	off_t end;

	if (fd < 0)
		return false;
	end = lseek(fd, 0, SEEK_END);
	if (end > 0 && file_read_at(fd, &last, 1, end - 1) == 1 && last != '\n')
		needs = true;
	n = file_read_at(fd, chunk, sizeof chunk, 0);
	if (n > 0) {
		char *cr = memchr(chunk, '\r', (size_t)n), *lf = memchr(chunk, '\n', (size_t)n);

		needs |= cr && (!lf || cr + 1 < lf) && cr + 1 < chunk + n && cr[1] != '\n';
	}
	close(fd);
	return needs;
}

int
load_layout(const char *path, struct layout *l, struct load_needs *needs, struct fault *f)
{
	struct manifest *m = open_results(path, f);
	const struct span *names;
	size_t i, n;

	if (!m)
		return -1;
	names = manifest_columns(m, &n);
	if (names) {
		layout_init(l, RECORD_CSV, manifest_delimiter(m));
		for (i = 0; i < n; i++)
			layout_add(l, names[i]);
	} else {
		layout_init(l, RECORD_NDJSON, 0);
	}
	needs->line_ends = needs_line_ends(path);
	manifest_free(m);
	return 0;
}

#define WORD_BYTES 32 /* more than the longest word of a status or class has */

/* The three values of a record that the index needs; a member's text does not outlive its callback. */
struct known_values {
	struct span status, error_class, asset_id; /* of the last only whether it is empty counts */
	char words[2][WORD_BYTES];
};

/* Keeps a word; one that is too long is none of ours. */
static struct span
keep(char *storage, struct span word)
{
	if (word.n > WORD_BYTES)
		return span_none();
	if (word.n > 0)
		memcpy(storage, word.p, word.n);
	return (struct span){storage, word.n};
}

static int
on_member(void *ctx, struct span key, struct json_value value)
{
	struct known_values *k = ctx;

	if (value.kind != JSON_STRING)
		return 1;
	if (span_is(key, "lade_status"))
		k->status = keep(k->words[0], value.text);
	else if (span_is(key, "lade_errorClass"))
		k->error_class = keep(k->words[1], value.text);
	else if (span_is(key, "lade_assetId"))
		k->asset_id = value.text;
	return 1;
}

static enum known
known_of(const struct layout *l, const struct manifest_row *row)
{
	struct known_values k = {.status = {0}};
	enum known known;
	size_t i;

	if (row->cells) {
		for (i = 0; i < row->n_cells && i < l->n_columns; i++) {
			if (l->columns[i].column == COLUMN_STATUS)
				k.status = row->cells[i];
			else if (l->columns[i].column == COLUMN_ERROR_CLASS)
				k.error_class = row->cells[i];
			else if (l->columns[i].column == COLUMN_ASSET_ID)
				k.asset_id = row->cells[i];
		}
	} else {
		json_members(row->json, on_member, &k);
	}
	known = record_known(k.status, k.error_class);
	/* without an id there is nothing that could be used: it has to be uploaded */
	return known == KNOWN_ASSET && k.asset_id.n == 0 ? KNOWN_PENDING : known;
}

int
load_index(const char *path, const struct layout *l, struct index *x, struct fault *f)
{
	struct manifest *m = open_results(path, f);
	enum manifest_status status;
	struct manifest_row row;

	if (!m)
		return -1;
	while ((status = manifest_next(m, &row, f)) == MANIFEST_ROW)
		index_load(x, load_identity(&row), known_of(l, &row), row.offset);
	manifest_free(m);
	return status == MANIFEST_END ? 0 : -1;
}

/* A record without its line end. */
static struct span
without_line_end(struct span record)
{
	while (record.n > 0 && (record.p[record.n - 1] == '\n' || record.p[record.n - 1] == '\r'))
		record.n--;
	return record;
}

static int
copy_record(int fd, const struct manifest_row *row, struct buf *text, struct fault *f)
{
	size_t n = (size_t)(row->end - row->offset);

	buf_clear(text);
	if (buf_reserve(text, n) < 0 ||
	    file_read_at(fd, text->data, n, row->offset) != (int64_t)n)
		return fault_set(f, row->line, 0, "cannot read the record back: %s", strerror(errno));
	text->len = without_line_end((struct span){text->data, n}).n;
	return 0;
}

int
load_rewrite(const char *path, const struct layout *l, const struct load_needs *needs,
	     struct replacement *out, struct fault *f)
{
	struct manifest *m = open_results(path, f);
	enum manifest_status status = MANIFEST_BROKEN;
	struct manifest_row row;
	struct buf text = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t i;

	if (!m || fd < 0)
		goto out;
	layout_header(l, &text);
	if (replacement_add(out, buf_span(&text), f) < 0)
		goto out;
	while ((status = manifest_next(m, &row, f)) == MANIFEST_ROW) {
		if (copy_record(fd, &row, &text, f) < 0) {
			status = MANIFEST_BROKEN;
			break;
		}
		for (i = 0; i < needs->columns; i++)
			buf_add_char(&text, l->delimiter);
		buf_add_char(&text, '\n');
		if (replacement_add(out, buf_span(&text), f) < 0) {
			status = MANIFEST_BROKEN;
			break;
		}
	}
out:
	if (fd >= 0)
		close(fd);
	buf_free(&text);
	manifest_free(m);
	return status == MANIFEST_END ? 0 : -1;
}
