/*
 * Theory. A run appends a record per outcome; the index remembers for each record number where its
 * newest text is. Old records have the numbers of their places in the file, new rows get the next
 * numbers as they are read, so at the end "in order" means: by number, each once. That is one pass
 * over the index, copying texts from two places that both move forward (the file as it was, and
 * what was appended), through two windows of fixed size: memory does not grow with the file.
 *
 * The lock is an flock on the file itself. A replacement is locked before it takes the file's place,
 * and whoever gets a lock checks that the path still leads to what it locked.
 */
#include "ledger/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "ledger/file.h"
#include "ledger/load.h"
#include "ledger/order.h"

struct results {
	char *path;
	int fd;
	mode_t mode;
	struct layout layout;
	int *map;
	struct index *index;
	int64_t size_before; /* bytes when the run began to append */
	int64_t end;         /* bytes of the file and of out together */
	struct buf out;      /* added, not yet written */
	bool superseded;     /* a record of this run takes the place of an old one */
};

static int
fail(const struct results *r, struct fault *f, const char *what)
{
	struct buf shown = {0};
	const char *why = strerror(errno);

	text_escape(&shown, span_of(r->path), 200);
	fault_set(f, 0, 0, "cannot %s %s: %s", what, shown.data, why);
	buf_free(&shown);
	return -1;
}

/* A file that we may append to and replace. */
static enum results_status
check_file(const struct results *r, const struct stat *st, struct fault *f)
{
	struct buf shown = {0};
	const char *why = NULL;

	if (!S_ISREG(st->st_mode))
		why = "is no regular file";
	else if (st->st_uid != geteuid())
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
open_and_lock(struct results *r, struct fault *f)
{
	struct stat st, there;

	for (;;) {
		r->fd = open(r->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			     0600);
		if (r->fd < 0 || fstat(r->fd, &st) < 0) {
			fail(r, f, "open");
			return RESULTS_UNWRITABLE;
		}
		if (check_file(r, &st, f) != RESULTS_OK)
			return RESULTS_UNWRITABLE;
		if (flock(r->fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno != EWOULDBLOCK) {
				fail(r, f, "lock");
				return RESULTS_UNWRITABLE;
			}
			fail(r, f, "lock");
			fault_set(f, 0, 0, "another lade is working on this results file");
			return RESULTS_LOCKED;
		}
		/* was it replaced between open and lock? */
		if (stat(r->path, &there) == 0 && there.st_ino == st.st_ino &&
		    there.st_dev == st.st_dev)
			break;
		close(r->fd);
	}
	r->mode = st.st_mode;
	r->end = st.st_size;
	return RESULTS_OK;
}

/* Replaces the file by one that has the layout's columns and ends on a line end. */
static int
rewrite(struct results *r, const struct load_needs *needs, struct fault *f)
{
	struct replacement new = {.fd = -1};
	int fd = -1;

	if (replacement_begin(&new, r->path, r->mode, f) == 0 &&
	    load_rewrite(r->path, &r->layout, needs, &new, f) == 0) {
		fd = replacement_commit(&new, f);
		if (fd >= 0) {
			close(r->fd);
			r->fd = fd;
			r->end = new.bytes;
		}
	}
	replacement_abort(&new);
	return fd < 0 ? -1 : 0;
}

static enum results_status
begin_new(struct results *r, const struct results_options *o, struct fault *f)
{
	layout_init(&r->layout, o->format, o->delimiter);
	layout_match(&r->layout, o->columns, o->n_columns, &r->map);
	layout_add_lade(&r->layout, o->lade);
	layout_header(&r->layout, &r->out);
	r->end = (int64_t)r->out.len;
	return results_flush(r, f) < 0 ? RESULTS_UNWRITABLE : RESULTS_OK;
}

/* The map of a results file that is its own manifest: each carried column is itself. */
static int *
own_columns(const struct layout *l)
{
	int *map = mem_alloc((l->n_carried + 1) * sizeof *map);
	size_t i, k = 0;

	for (i = 0; i < l->n_columns; i++)
		if (l->columns[i].column == COLUMN_CARRIED)
			map[k++] = (int)i;
	return map;
}

static enum results_status
begin_old(struct results *r, const struct results_options *o, struct fault *f)
{
	struct load_needs needs = {0};

	if (load_layout(r->path, &r->layout, &needs, f) < 0)
		return RESULTS_UNREADABLE;
	if (o->columns)
		needs.columns = layout_match(&r->layout, o->columns, o->n_columns, &r->map);
	else
		r->map = own_columns(&r->layout);
	needs.columns += layout_add_lade(&r->layout, o->lade);
	if (r->layout.format != RECORD_CSV)
		needs.columns = 0;
	if ((needs.columns > 0 || needs.line_ends) && rewrite(r, &needs, f) < 0)
		return RESULTS_UNWRITABLE;
	return load_index(r->path, &r->layout, r->index, f) < 0 ? RESULTS_UNREADABLE : RESULTS_OK;
}

enum results_status
results_open(const struct results_options *o, struct results **out, struct fault *f)
{
	struct results *r = mem_calloc(1, sizeof *r);
	enum results_status status;

	*out = NULL;
	r->fd = -1;
	r->index = index_new();
	r->path = file_resolve(o->path);
	if (!r->path) {
		r->path = mem_strdup(o->path);
		fail(r, f, "open");
		status = RESULTS_UNWRITABLE;
	} else {
		status = open_and_lock(r, f);
	}
	if (status == RESULTS_OK)
		status = r->end == 0 ? begin_new(r, o, f) : begin_old(r, o, f);
	if (status != RESULTS_OK) {
		results_free(r);
		return status;
	}
	r->size_before = r->end;
	*out = r;
	return RESULTS_OK;
}

void
results_free(struct results *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	layout_fini(&r->layout);
	index_free(r->index);
	buf_free(&r->out);
	free(r->map);
	free(r->path);
	free(r);
}

struct index *
results_index(struct results *r)
{
	return r->index;
}

const struct layout *
results_layout(const struct results *r)
{
	return &r->layout;
}

const int *
results_map(const struct results *r)
{
	return r->map;
}

int64_t
results_size_before(const struct results *r)
{
	return r->size_before;
}

void
results_append(struct results *r, uint32_t record, uint32_t head, enum known known,
	       struct span text)
{
	r->superseded |= index_place(r->index, record) >= 0;
	index_write(r->index, record, head, known, r->end);
	buf_add_span(&r->out, text);
	r->end += (int64_t)text.n;
}

int
results_flush(struct results *r, struct fault *f)
{
	size_t done;
	int rc;

	if (r->out.len == 0)
		return 0;
	rc = file_write(r->fd, r->out.data, r->out.len, &done);
	if (rc < 0)
		fail(r, f, "write");
	buf_drop(&r->out, done);
	return rc;
}

struct span
results_unwritten(const struct results *r)
{
	return buf_span(&r->out);
}

int
results_read(struct results *r, uint32_t record, struct record_values *v, struct fault *f)
{
	struct window w;
	struct span text;
	int rc = -1;

	if (results_flush(r, f) < 0)
		return -1;
	window_init(&w, r->fd, r->end);
	if (window_record(&w, index_place(r->index, record), r->layout.format, &text) < 0)
		fail(r, f, "read");
	else if (record_parse(&r->layout, text, v) < 0)
		fault_set(f, 0, 0, "a record that was just there cannot be read back");
	else
		rc = 0;
	window_fini(&w);
	return rc;
}

int
results_publish(struct results *r, struct fault *f)
{
	struct replacement new = {.fd = -1};
	int fd = -1, rc = -1;

	if (results_flush(r, f) < 0)
		return -1;
	if (!r->superseded && order_is_sorted(r->index)) {
		if (r->end > r->size_before && fsync(r->fd) < 0)
			return fail(r, f, "sync");
		return 0;
	}
	if (replacement_begin(&new, r->path, r->mode, f) == 0 &&
	    order_write(r->index, &r->layout, r->fd, r->end, r->size_before, &new, f) == 0)
		fd = replacement_commit(&new, f);
	if (fd >= 0) {
		close(r->fd);
		r->fd = fd;
		rc = 0;
	}
	replacement_abort(&new);
	return rc;
}
