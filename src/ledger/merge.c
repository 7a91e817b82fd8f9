/*
 * Theory. The files are read twice. The first reading finds what must be known before a byte is
 * written: the format, the columns of all, whether lade_line can order them, and that nothing is
 * damaged. The second reads all files side by side, one record of each in memory, and takes the one
 * with the smallest line (of equal ones the first file's). No file's own order is ever changed: if
 * its lines do not rise, what is behind a high one comes after it. Files without usable lines are
 * taken one after the other by the same loop.
 *
 * A file with a journal is refused: rows that were sent are known to the journal alone, and would
 * be sent again by whoever carries on with the merged file.
 *
 * What a row means can be in different columns in different files. A results file's own column
 * (lade_url) rules over the plain one even when it is empty, and of two columns that could both be
 * "url" neither is. So where the united header has lade_url, or would have two that could be
 * url, every record gets lade_url.
 */
#include "ledger/merge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "ledger/carry.h"
#include "ledger/file.h"
#include "ledger/load.h"
#include "ledger/merge_target.h"
#include "ledger/scan.h"

struct input {
	const char *path;
	struct scan *scan;
	struct scan_record record;
	bool has; /* record is one that is not written yet */
	int64_t line;
	struct stat seen; /* what it was at the first reading ... */
	bool seen_once;	  /* ... if that was */
	int *from;	  /* layout_match's map; NULL for JSON Lines */
};

struct merger {
	struct input *inputs;
	size_t n;
	struct layout layout; /* of what is written */
	bool any_format;      /* a file that is not empty was seen */
	bool by_line;
	bool has_manifest;   /* manifest is set */
	struct buf manifest; /* the lade_manifest of the records so far */
	struct replacement out;
	struct buf carried, text;
	struct merge_news *news;
};

static bool
has_suffix(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n > m && strcasecmp(path + n - m, suffix) == 0;
}

/* A record's lade_line; -1: none. */
static int64_t
line_of(const struct scan_record *r)
{
	struct span s = r->value[COLUMN_LINE];
	int64_t line = 0;
	size_t i;

	if (s.n == 0 || s.n > 18)
		return -1;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		line = line * 10 + (s.p[i] - '0');
	}
	return line;
}

/* ---- the first reading ---- */

/* Whether the lines can still order what there is, this record included. */
static void
judge_order(struct merger *m, const struct scan_record *r)
{
	struct span manifest = r->value[COLUMN_MANIFEST];

	if (!m->has_manifest) {
		buf_add_span(&m->manifest, manifest);
		m->has_manifest = true;
	}
	if (line_of(r) < 0 || !span_equal(manifest, buf_span(&m->manifest)))
		m->by_line = false;
}

static struct span *
names_of(const struct layout *l)
{
	struct span *names = mem_alloc((l->n_columns + 1) * sizeof *names);
	size_t i;

	for (i = 0; i < l->n_columns; i++)
		names[i] = span_of(l->columns[i].name);
	return names;
}

/* Adds the columns of a file. */
static void
unite(struct merger *m, const struct layout *l)
{
	struct span *names = names_of(l);
	unsigned unclear;
	size_t i;

	if (m->layout.n_columns == 0) {
		for (i = 0; i < l->n_columns; i++)
			layout_add(&m->layout, names[i]);
	} else {
		unclear = layout_unite(&m->layout, names, l->n_columns);
		layout_add_lade(&m->layout, l->lade | unclear);
	}
	free(names);
}

static enum merge_status
judge_format(struct merger *m, const struct scan *s, struct fault *f)
{
	const struct layout *l = scan_layout(s);

	if (scan_is_empty(s))
		return MERGE_DONE;
	if (scan_is_array(s)) {
		fault_set(f, 0, 0, "is one JSON array; lade merges CSV, TSV and JSON Lines");
		return MERGE_MIXED;
	}
	if (!m->any_format)
		layout_init(&m->layout, l->format, l->delimiter);
	m->any_format = true;
	if (l->format != m->layout.format) {
		fault_set(f, 0, 0, "is %s, the files before it are %s: they cannot be merged",
			  l->format == RECORD_CSV ? "CSV" : "JSON Lines",
			  l->format == RECORD_CSV ? "JSON Lines" : "CSV");
		return MERGE_MIXED;
	}
	if (l->format == RECORD_CSV)
		unite(m, l);
	return MERGE_DONE;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whether this file is one of the inputs before: every record would be there twice. */
static bool
is_repeated(const struct merger *m, const struct input *in, const struct stat *st)
{
	const struct input *other;

	for (other = m->inputs; other < in; other++)
		if (other->seen.st_ino == st->st_ino && other->seen.st_dev == st->st_dev)
			return true;
	return false;
}

/* Opens an input; refuses one that cannot be read twice, that was named before, or is not settled. */
static enum merge_status
open_input(struct merger *m, struct input *in, struct fault *f)
{
	struct stat st = {0};

	m->news->path = in->path;
	if (strcmp(in->path, "-") == 0 || (stat(in->path, &st) == 0 && !S_ISREG(st.st_mode))) {
		fault_set(f, 0, 0, "is no regular file: a merge reads it twice");
		return MERGE_MIXED;
	}
	if (is_repeated(m, in, &st)) {
		fault_set(f, 0, 0, "is named twice: name each file once");
		return MERGE_MIXED;
	}
	in->scan = scan_open(in->path, f);
	if (!in->scan)
		return MERGE_UNREADABLE;
	if (stat(in->path, &st) == 0 && !in->seen_once)
		in->seen = st;
	if (scan_news(in->scan)->journal == SCAN_SETTLED && is_same(&st, &in->seen)) {
		in->seen_once = true;
		return MERGE_DONE;
	}
	fault_set(f, 0, 0,
		  "a run is on it or has died on it, its journal lies beside it: merge when that "
		  "has ended or was carried on");
	return MERGE_BUSY;
}

static enum merge_status
inspect(struct merger *m, struct input *in, struct merge_target *target, struct fault *f)
{
	enum merge_status status = open_input(m, in, f);
	enum scan_status read = SCAN_RECORD;

	if (status == MERGE_DONE)
		status = judge_format(m, in->scan, f);
	while (status == MERGE_DONE &&
	       (read = scan_next(in->scan, &in->record, f)) == SCAN_RECORD) {
		judge_order(m, &in->record);
		merge_target_show(target, &in->record);
	}
	if (read == SCAN_BROKEN)
		status = MERGE_UNREADABLE;
	else if (status == MERGE_DONE)
		m->news->torn += scan_news(in->scan)->torn_bytes > 0;
	scan_free(in->scan);
	in->scan = NULL;
	return status;
}

/* ---- the second reading ---- */

static enum merge_status
advance(struct merger *m, struct input *in, struct fault *f)
{
	enum scan_status status = scan_next(in->scan, &in->record, f);

	in->has = status == SCAN_RECORD;
	in->line = in->has ? line_of(&in->record) : -1;
	if (status != SCAN_BROKEN)
		return MERGE_DONE;
	m->news->path = in->path;
	return MERGE_UNREADABLE;
}

static enum merge_status
start_input(struct merger *m, struct input *in, struct fault *f)
{
	enum merge_status status = open_input(m, in, f);
	struct span *names;

	if (status == MERGE_DONE && m->layout.format == RECORD_CSV && !scan_is_empty(in->scan)) {
		names = names_of(scan_layout(in->scan));
		layout_match(&m->layout, names, scan_layout(in->scan)->n_columns, &in->from);
		free(names);
	}
	return status == MERGE_DONE ? advance(m, in, f) : status;
}

/* What the row means, where its own file has no column of lade's for that but the merged one has.
 */
static void
fill_meaning(const struct merger *m, struct input *in)
{
	unsigned missing = m->layout.lade & ~scan_layout(in->scan)->lade;
	enum column c;

	for (c = COLUMN_ASSET_TYPE; c <= COLUMN_NAME; c++)
		if (missing & 1u << c)
			in->record.value[c] = load_meaning(in->record.row, c);
}

static int
write_record(struct merger *m, struct input *in, struct fault *f)
{
	const struct manifest_row *row = in->record.row;
	struct span json = row->json;

	buf_clear(&m->text);
	if (m->layout.format == RECORD_CSV) {
		buf_clear(&m->carried);
		carry_cells(&m->carried, &m->layout, in->from, row->cells, row->n_cells, NULL);
		fill_meaning(m, in);
		record_write_values(&m->layout, &m->text, buf_span(&m->carried), in->record.value);
	} else {
		while (json.n > 0 && strchr(" \t\r\n", json.p[json.n - 1]))
			json.n--;
		buf_add_span(&m->text, json);
		buf_add_char(&m->text, '\n');
	}
	m->news->records++;
	return replacement_add(&m->out, buf_span(&m->text), f);
}

/* The input whose record is the next; NULL: all are at their ends. */
static struct input *
next_input(struct merger *m)
{
	struct input *in, *best = NULL;

	for (in = m->inputs; in < m->inputs + m->n; in++) {
		if (!in->has)
			continue;
		if (!m->by_line)
			return in;
		if (!best || in->line < best->line)
			best = in;
	}
	return best;
}

static enum merge_status
write_all(struct merger *m, struct fault *f)
{
	enum merge_status status = MERGE_DONE;
	struct input *in;
	size_t i;

	layout_header(&m->layout, &m->text);
	if (replacement_add(&m->out, buf_span(&m->text), f) < 0)
		return MERGE_UNWRITABLE;
	for (i = 0; status == MERGE_DONE && i < m->n; i++)
		status = start_input(m, &m->inputs[i], f);
	while (status == MERGE_DONE && (in = next_input(m))) {
		if (write_record(m, in, f) < 0)
			status = MERGE_UNWRITABLE;
		else
			status = advance(m, in, f);
	}
	return status;
}

/* ---- the file that is written ---- */

/* The name of the merged file must not say another format than it gets; between CSV and TSV it
 * decides. */
static enum merge_status
judge_name(struct merger *m, const char *path, struct fault *f)
{
	bool json = has_suffix(path, ".ndjson") || has_suffix(path, ".jsonl");
	bool tsv = has_suffix(path, ".tsv") || has_suffix(path, ".tab");
	bool csv = has_suffix(path, ".csv");

	if (!m->any_format)
		return MERGE_DONE; /* a file of no bytes has no format */
	if (m->layout.format == RECORD_CSV ? json : csv || tsv) {
		fault_set(f, 0, 0, "is named as %s, but the files to be merged are %s",
			  json ? "JSON Lines" : "CSV", json ? "CSV" : "JSON Lines");
		return MERGE_MIXED;
	}
	if (tsv)
		m->layout.delimiter = '\t';
	else if (csv && m->layout.delimiter == '\t')
		m->layout.delimiter = ',';
	return MERGE_DONE;
}

static enum merge_status
replace(struct merger *m, const char *path, struct fault *f)
{
	enum merge_status status = MERGE_UNWRITABLE;
	struct file_mark mark;
	int fd = -1;

	m->news->path = NULL;
	if (replacement_open(&m->out, path, 0600, f) == 0) {
		status = write_all(m, f);
		if (status == MERGE_DONE) {
			m->news->path = NULL;
			if (replacement_finish(&m->out, &mark, f) == 0)
				fd = replacement_commit(&m->out, f);
			if (fd < 0)
				status = MERGE_UNWRITABLE;
		}
	}
	if (status == MERGE_UNWRITABLE)
		m->news->path = NULL; /* the fault names it */
	if (fd >= 0)
		close(fd);
	replacement_abort(&m->out);
	return status;
}

enum merge_status
merge_results(char **paths, size_t n, const char *path, struct merge_news *news, struct fault *f)
{
	struct merger m = {.inputs = mem_calloc(n, sizeof *m.inputs),
			   .n = n,
			   .by_line = true,
			   .out = {.fd = -1},
			   .news = news};
	enum merge_status status = MERGE_DONE;
	struct merge_target target;
	size_t i;

	*news = (struct merge_news){.path = path};
	layout_init(&m.layout, RECORD_NDJSON, 0);
	for (i = 0; i < n; i++)
		m.inputs[i].path = paths[i];
	status = merge_target_open(&target, path, paths, n, f);
	for (i = 0; status == MERGE_DONE && i < n; i++)
		status = inspect(&m, &m.inputs[i], &target, f);
	if (status == MERGE_DONE) {
		news->path = path;
		news->by_line = m.by_line;
		status = judge_name(&m, path, f);
	}
	if (status == MERGE_DONE)
		status = merge_target_judge(&target, f);
	if (status == MERGE_DONE)
		status = replace(&m, path, f);
	for (i = 0; i < n; i++) {
		scan_free(m.inputs[i].scan);
		free(m.inputs[i].from);
	}
	merge_target_close(&target);
	free(m.inputs);
	layout_fini(&m.layout);
	buf_free(&m.manifest);
	buf_free(&m.carried);
	buf_free(&m.text);
	return status;
}
