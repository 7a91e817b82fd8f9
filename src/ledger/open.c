/*
 * Opening a results file: the lock, what a run that died left behind, the columns, the index.
 *
 * The lock is an flock on the file itself. A replacement is locked before it takes the file's place,
 * and whoever gets a lock checks that the path still leads to what it locked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "ledger/cache.h"
#include "ledger/file.h"
#include "ledger/load.h"
#include "ledger/recover.h"
#include "ledger/results_state.h"
#include "ledger/rewrite.h"

/* A file that we may append to and replace. */
static enum results_status
check_file(const struct results *r, const struct stat *st, struct fault *f)
{
	struct buf shown = {0};
	const char *why = NULL;

	if (st->st_uid != geteuid())
		why = "belongs to another user";
	else if (st->st_nlink > 1)
		why = "has several hard links: replacing it would part them";
	if (!why)
		return RESULTS_OK;
	text_escape(&shown, span_of(r->path), 200);
	fault_set(f, 0, 0, "%s %s", shown.data, why);
	buf_free(&shown);
	return RESULTS_UNWRITABLE;
}

static enum results_status
lock(struct results *r, struct fault *f)
{
	if (flock(r->fd, LOCK_EX | LOCK_NB) == 0)
		return RESULTS_OK;
	if (errno != EWOULDBLOCK) {
		file_fault(f, "lock", r->path);
		return RESULTS_UNWRITABLE;
	}
	fault_set(f, 0, 0, "another lade is working on this results file");
	return RESULTS_LOCKED;
}

static enum results_status
open_and_lock(struct results *r, struct fault *f)
{
	enum results_status status;
	struct stat st, there;

	for (;;) {
		r->fd = open(r->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (r->fd < 0 || fstat(r->fd, &st) < 0) {
			file_fault(f, "open", r->path);
			return RESULTS_UNWRITABLE;
		}
		status = check_file(r, &st, f);
		if (status == RESULTS_OK)
			status = lock(r, f);
		if (status != RESULTS_OK)
			return status;
		/* was it replaced between open and lock? */
		if (stat(r->path, &there) == 0 && there.st_ino == st.st_ino &&
		    there.st_dev == st.st_dev)
			break;
		close(r->fd);
	}
	r->mode = st.st_mode;
	return RESULTS_OK;
}

/* Lets a finished replacement take the file's place. */
static int
take_over(struct results *r, struct replacement *new, struct fault *f)
{
	struct file_mark mark;
	int fd;

	if (replacement_finish(new, &mark, f) < 0)
		return -1;
	fd = replacement_commit(new, f);
	if (fd < 0)
		return -1;
	close(r->fd);
	r->fd = fd;
	r->end = mark.bytes;
	return 0;
}

/* Replaces the file by one that has the layout's columns and ends on a line end. */
static int
rewrite(struct results *r, const struct load_needs *needs, struct results_news *news, struct fault *f)
{
	struct replacement new = {.fd = -1};
	int rc = -1;

	if (replacement_begin(&new, r->path, r->mode, f) == 0 &&
	    rewrite_results(r->path, &r->layout, needs, &new, &news->torn, f) == 0)
		rc = take_over(r, &new, f);
	replacement_abort(&new);
	return rc;
}

/* The columns of all manifests, and then each one's map into what they make together; in NDJSON each
 * one's become members. Returns those of lade's that are needed for what rows mean, as a mask. */
static unsigned
match_manifests(struct results *r, const struct results_options *o)
{
	unsigned unclear = 0;
	size_t i;

	r->n_maps = o->n_manifests;
	r->maps = mem_calloc(r->n_maps, sizeof *r->maps);
	r->members = mem_calloc(r->n_maps, sizeof *r->members);
	for (i = 0; i < o->n_manifests && r->layout.format != RECORD_CSV; i++)
		carry_members_init(&r->members[i], o->manifests[i].names, o->manifests[i].n);
	if (r->layout.format != RECORD_CSV)
		return 0;
	for (i = 0; i < o->n_manifests; i++)
		unclear |= layout_unite(&r->layout, o->manifests[i].names, o->manifests[i].n);
	for (i = 0; i < o->n_manifests; i++)
		layout_match(&r->layout, o->manifests[i].names, o->manifests[i].n, &r->maps[i]);
	return unclear;
}

/* A new file comes into being with its header in one step. */
static enum results_status
begin_new(struct results *r, const struct results_options *o, struct fault *f)
{
	struct replacement new = {.fd = -1};
	struct buf header = {0};
	unsigned unclear;
	int rc = 0;

	layout_init(&r->layout, o->format, o->delimiter);
	unclear = match_manifests(r, o);
	layout_add_lade(&r->layout, o->lade | unclear);
	layout_header(&r->layout, &header);
	if (r->stream >= 0) {
		r->out = header;
		r->end = (int64_t)header.len;
		return results_flush(r, f) < 0 ? RESULTS_UNWRITABLE : RESULTS_OK;
	}
	if (header.len > 0) {
		rc = replacement_begin(&new, r->path, r->mode, f);
		if (rc == 0)
			rc = replacement_add(&new, buf_span(&header), f);
		if (rc == 0)
			rc = take_over(r, &new, f);
		replacement_abort(&new);
	}
	buf_free(&header);
	return rc < 0 ? RESULTS_UNWRITABLE : RESULTS_OK;
}

/* The map of a results file that is its own manifest: each carried column is itself. */
static void
map_own_columns(struct results *r)
{
	const struct layout *l = &r->layout;
	int *map = mem_alloc((l->n_carried + 1) * sizeof *map);
	size_t i, k = 0;

	for (i = 0; i < l->n_columns; i++)
		if (l->columns[i].column == COLUMN_CARRIED)
			map[k++] = (int)i;
	r->n_maps = 1;
	r->maps = mem_calloc(1, sizeof *r->maps);
	r->members = mem_calloc(1, sizeof *r->members);
	r->maps[0] = map;
}

/* What a JSON manifest has cannot be told in the cells of a CSV. */
static int
check_format(const struct results *r, const struct results_options *o, struct fault *f)
{
	struct buf shown = {0};
	size_t i = 0;

	while (i < o->n_manifests && o->manifests[i].names)
		i++;
	if (r->layout.format != RECORD_CSV || i == o->n_manifests)
		return 0;
	text_escape(&shown, span_of(r->path), 200);
	fault_set(f, 0, 0, "%s is CSV, and a JSON manifest gives NDJSON results: name another file",
		  shown.data);
	buf_free(&shown);
	return -1;
}

static struct index *
new_index(const struct results_options *o)
{
	struct index *x = index_new();

	if (o->version_column)
		index_keep_versions(x);
	return x;
}

/* Reads what is known. A record is read back as far as its LF, so a CR alone at a line's end is made
 * one first; only the reading finds it, and the places that it gave are no longer right. */
static enum results_status
read_records(struct results *r, const struct results_options *o, struct results_news *news,
	     struct fault *f)
{
	struct load_needs needs = {0};

	r->cached = cache_load(r->path, r->fd, o->version_column, r->index);
	if (r->cached)
		return RESULTS_OK;
	if (load_index(r->path, &r->layout, o->version_column, r->index, &needs, f) < 0)
		return RESULTS_UNREADABLE;
	if (!needs.line_ends)
		return RESULTS_OK;
	if (rewrite(r, &needs, news, f) < 0)
		return f->line > 0 ? RESULTS_UNREADABLE : RESULTS_UNWRITABLE;
	index_free(r->index);
	r->index = new_index(o);
	if (load_index(r->path, &r->layout, o->version_column, r->index, &needs, f) < 0)
		return RESULTS_UNREADABLE;
	return RESULTS_OK;
}

static enum results_status
begin_old(struct results *r, const struct results_options *o, struct results_news *news,
	  struct fault *f)
{
	struct load_needs needs = {0};
	unsigned unclear = 0;
	size_t n_columns;

	if (load_layout(r->path, &r->layout, &needs, f) < 0 || check_format(r, o, f) < 0)
		return RESULTS_UNREADABLE;
	n_columns = r->layout.n_columns;
	if (o->manifests)
		unclear = match_manifests(r, o);
	else
		map_own_columns(r);
	layout_add_lade(&r->layout, o->lade | unclear);
	needs.columns = r->layout.n_columns - n_columns;
	if ((needs.columns > 0 || needs.line_ends) && rewrite(r, &needs, news, f) < 0)
		return f->line > 0 ? RESULTS_UNREADABLE : RESULTS_UNWRITABLE;
	return read_records(r, o, news, f);
}

/* An output that is no regular file: a scratch file without a name stands in for the results. */
static enum results_status
open_stream(struct results *r, const struct results_options *o, struct fault *f)
{
	FILE *scratch = tmpfile();

	if (strcmp(o->path, "-") == 0)
		r->stream = STDOUT_FILENO;
	else
		r->stream = open(r->path, O_WRONLY | O_CLOEXEC);
	if (r->stream < 0 || !scratch) {
		file_fault(f, "open", r->stream < 0 ? r->path : "a scratch file");
		if (scratch)
			fclose(scratch);
		return RESULTS_UNWRITABLE;
	}
	r->fd = fcntl(fileno(scratch), F_DUPFD_CLOEXEC, 0);
	fclose(scratch);
	return begin_new(r, o, f);
}

static enum results_status
open_file(struct results *r, const struct results_options *o, struct results_news *news,
	  struct fault *f)
{
	enum results_status status = open_and_lock(r, f);
	struct stat st;

	if (status == RESULTS_OK)
		status = recover_results(r->path, &r->fd, r->mode, news, f);
	if (status != RESULTS_OK)
		return status;
	if (fstat(r->fd, &st) < 0) {
		file_fault(f, "open", r->path);
		return RESULTS_UNWRITABLE;
	}
	r->end = st.st_size;
	return r->end == 0 ? begin_new(r, o, f) : begin_old(r, o, news, f);
}

enum results_status
results_open(const struct results_options *o, struct results **out, struct results_news *news,
	     struct fault *f)
{
	struct results *r = mem_calloc(1, sizeof *r);
	enum results_status status = RESULTS_UNWRITABLE;
	bool stream = strcmp(o->path, "-") == 0;
	struct stat st;

	*out = NULL;
	*news = (struct results_news){0};
	r->fd = r->stream = -1;
	r->sync = o->sync;
	r->sync_due_ms = INT64_MAX;
	r->index = new_index(o);
	r->path = stream ? mem_strdup("standard output") : file_resolve(o->path);
	journal_init(&r->journal, r->path ? r->path : "");
	r->version_column = mem_strdup(o->version_column);
	if (!r->path)
		file_fault(f, "open", o->path);
	else if (stream || (stat(r->path, &st) == 0 && !S_ISREG(st.st_mode)))
		status = open_stream(r, o, f);
	else
		status = open_file(r, o, news, f);
	if (status != RESULTS_OK) {
		results_free(r);
		return status;
	}
	r->size_before = r->end;
	r->count_before = index_count(r->index);
	*out = r;
	return RESULTS_OK;
}
