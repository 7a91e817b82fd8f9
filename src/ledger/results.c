/*
 * Theory. A run appends a record per outcome; the index remembers for each record number where its
 * newest text is. Old records have the numbers of their places in the file, new rows get the next
 * numbers as they are read, so at the end "in order" means: by number, each once. That is one pass
 * over the index, copying texts from two places that both move forward (the file as it was, and
 * what was appended), through a few windows of fixed size: memory does not grow with the file.
 *
 * The journal goes first: the entry of an outcome before its record, the entry of a start before the
 * request. Whenever the program is killed, a record that no entry tells of is cut off and a start
 * that has no record is in doubt, so at most what was in flight is. A journal begins with the first
 * entry and ends with the file in order; a run that changes nothing has none.
 *
 * A sync that failed is not repeated: the kernel may have dropped what it could not write and say
 * nothing the next time. Everything is left as it lies then, and the next run compares. Only the
 * journal gets its last entries, unsynced: what they clear never left, and they do no harm where
 * their starts are lost.
 */
#include "ledger/results.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/cache.h"
#include "ledger/carry.h"
#include "ledger/file.h"
#include "ledger/order.h"
#include "ledger/results_state.h"

#define SYNC_INTERVAL_MS 1000

void
results_free(struct results *r)
{
	size_t i;

	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	if (r->stream > STDERR_FILENO)
		close(r->stream);
	for (i = 0; i < r->n_maps; i++) {
		free(r->maps[i]);
		carry_members_fini(&r->members[i]);
	}
	free(r->maps);
	free(r->members);
	layout_fini(&r->layout);
	index_free(r->index);
	journal_fini(&r->journal);
	buf_free(&r->out);
	free(r->version_column);
	free(r->path);
	free(r);
}

bool
results_is_stream(const struct results *r)
{
	return r->stream >= 0;
}

const char *
results_path(const struct results *r)
{
	return r->path;
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
results_map(const struct results *r, size_t i)
{
	return r->maps[i];
}

const struct carry_members *
results_members(const struct results *r, size_t i)
{
	return &r->members[i];
}

int64_t
results_size_before(const struct results *r)
{
	return r->size_before;
}

uint32_t
results_count_before(const struct results *r)
{
	return r->count_before;
}

void
results_start(struct results *r, uint32_t record, struct span text)
{
	if (r->stream < 0)
		journal_start(&r->journal, record, text);
}

void
results_clear(struct results *r, uint32_t record)
{
	if (r->stream < 0)
		journal_clear(&r->journal, record);
}

void
results_append(struct results *r, uint32_t record, uint32_t head, enum known known,
	       struct span text)
{
	if (r->stream < 0)
		journal_result(&r->journal, record, r->end, text);
	r->superseded |= index_place(r->index, record) >= 0;
	index_write(r->index, record, head, known, r->end);
	buf_add_span(&r->out, text);
	r->end += (int64_t)text.n;
}

/* ---- writing ---- */

static int
sync_file(struct results *r, struct fault *f)
{
	if (fdatasync(r->fd) == 0)
		return 0;
	r->distrusted = true;
	return file_fault(f, "sync", r->path);
}

static int
sync_records(struct results *r, struct fault *f)
{
	if (r->records_unsynced && sync_file(r, f) < 0)
		return -1;
	r->records_unsynced = false;
	return 0;
}

static int
sync_journal(struct results *r, struct fault *f)
{
	if (journal_sync(&r->journal, f) == 0)
		return 0;
	r->distrusted = true;
	return -1;
}

/* The journal's first entry: what the results file is now, once that is on the disk. */
static int
begin_journal(struct results *r, struct fault *f)
{
	bool sync = r->sync != RESULTS_SYNC_NONE;
	struct file_mark mark;

	if (sync && sync_file(r, f) < 0)
		return -1;
	cache_drop(r->path); /* it would be of no use any more */
	r->cached = false;
	if (file_mark_tail(r->fd, r->size_before, &mark) < 0)
		return file_fault(f, "read", r->path);
	if (journal_begin(&r->journal, mark, f) < 0)
		return -1;
	if (sync && (journal_sync(&r->journal, f) < 0 || file_sync_folder(r->path, f) < 0))
		r->distrusted = true;
	return r->distrusted ? -1 : 0;
}

/* Writes all records that wait, or none: a part that was written is cut off again. */
static int
write_records(struct results *r, struct fault *f)
{
	int64_t before = r->end - (int64_t)r->out.len;
	int error;

	if (file_write(r->fd, r->out.data, r->out.len, NULL) == 0)
		return 0;
	error = errno;
	if (ftruncate(r->fd, before) < 0)
		r->distrusted = true; /* a torn record in the middle: nothing may follow it */
	errno = error;
	return file_fault(f, "write", r->path);
}

/* The bytes of the whole records among the first n that wait. */
static size_t
whole_records(const struct results *r, size_t n)
{
	size_t whole = 0, length;

	if (n == r->out.len)
		return n;
	while ((length = record_length((struct span){r->out.data + whole, n - whole},
				       r->layout.format)) > 0)
		whole += length;
	return whole;
}

/* What is written of a record stays until all of it is: it may have to be told elsewhere. */
static int
flush_stream(struct results *r, struct fault *f)
{
	size_t done, whole;
	int rc;

	if (r->out.len == 0)
		return 0;
	rc = file_write(r->stream, r->out.data + r->streamed, r->out.len - r->streamed, &done);
	if (rc < 0)
		file_fault(f, "write", r->path);
	r->streamed += done;
	whole = whole_records(r, r->streamed);
	if (file_write(r->fd, r->out.data, whole, NULL) < 0)
		rc = file_fault(f, "write", "the scratch file");
	buf_drop(&r->out, whole);
	r->streamed -= whole;
	return rc;
}

int
results_flush(struct results *r, struct fault *f)
{
	if (r->stream >= 0)
		return flush_stream(r, f);
	if (r->distrusted)
		return file_fault_unwritten(f, r->path);
	if (r->journal.out.len > 0) {
		if (r->journal.fd < 0 && begin_journal(r, f) < 0)
			return -1;
		if (journal_flush(&r->journal, f) < 0)
			return -1;
	}
	if (r->out.len > 0) {
		if (write_records(r, f) < 0)
			return -1;
		buf_clear(&r->out);
		r->records_unsynced = true;
	}
	return 0;
}

int
results_secure(struct results *r, int64_t now_ms, struct fault *f)
{
	if (results_flush(r, f) < 0)
		return -1;
	if (r->sync == RESULTS_SYNC_NONE || r->stream >= 0)
		return 0;
	if (r->sync == RESULTS_SYNC_ALWAYS && r->journal.unsynced_starts &&
	    sync_journal(r, f) < 0)
		return -1;
	if (!r->records_unsynced && !r->journal.unsynced) {
		r->sync_due_ms = INT64_MAX;
		return 0;
	}
	if (r->sync_due_ms == INT64_MAX)
		r->sync_due_ms = now_ms + SYNC_INTERVAL_MS;
	if (now_ms < r->sync_due_ms)
		return 0;
	r->sync_due_ms = INT64_MAX;
	return sync_journal(r, f) < 0 || sync_records(r, f) < 0 ? -1 : 0;
}

int64_t
results_due_ms(const struct results *r)
{
	return r->sync_due_ms;
}

void
results_unwritten(const struct results *r, struct buf *out)
{
	struct span rest = buf_span(&r->out), text;
	struct record_values v = {.text = {0}};
	struct layout json;

	layout_init(&json, RECORD_NDJSON, 0);
	layout_add_lade(&json, r->layout.lade);
	while ((text.n = record_length(rest, r->layout.format)) > 0) {
		text.p = rest.p;
		rest = (struct span){rest.p + text.n, rest.n - text.n};
		if (r->layout.format == RECORD_NDJSON)
			buf_add_span(out, text);
		else if (record_parse(&r->layout, text, &v) == 0)
			carry_record_as_json(out, &r->layout, &json, &v);
	}
	record_values_free(&v);
	layout_fini(&json);
}

/* carried: NULL, or gets what the record carries. */
static int
read_record(struct results *r, uint32_t record, struct record_values *v, struct buf *carried,
	    struct fault *f)
{
	struct window w;
	struct span text;
	int rc = -1;

	if (results_flush(r, f) < 0)
		return -1;
	window_init(&w, r->fd, r->end);
	if (window_record(&w, index_place(r->index, record), r->layout.format, &text) < 0)
		file_fault(f, "read", r->path);
	else if (record_parse(&r->layout, text, v) < 0)
		fault_set(f, 0, 0, "a record that was just there cannot be read back");
	else
		rc = 0;
	if (rc == 0 && carried) {
		buf_clear(carried);
		if (r->layout.format == RECORD_CSV)
			carry_old_cells(carried, v);
		else
			carry_json(carried, text);
	}
	window_fini(&w);
	return rc;
}

int
results_read(struct results *r, uint32_t record, struct record_values *v, struct fault *f)
{
	return read_record(r, record, v, NULL, f);
}

int
results_read_whole(struct results *r, uint32_t record, struct record_values *v,
		   struct buf *carried, struct fault *f)
{
	return read_record(r, record, v, carried, f);
}

/* ---- the end ---- */

static int64_t
place_of(const void *ctx, uint32_t record)
{
	return index_place(ctx, record);
}

static void
moved(void *ctx, uint32_t record, int64_t place)
{
	index_move(ctx, record, place);
}

/* Makes the file what it has to be. -1: *f filled in. */
static int
put_in_order(struct results *r, struct fault *f)
{
	struct order order = {
		.layout = &r->layout,
		.fd = r->fd,
		.n = index_count(r->index),
		.end = r->end,
		.appended = r->size_before,
		.place = place_of,
		.moved = moved,
		.ctx = r->index,
	};
	int fd;

	if (!r->superseded && order_is_sorted(&order)) {
		if (sync_records(r, f) < 0)
			return -1;
	} else {
		fd = order_publish(&order, r->path, r->mode, &r->journal, f);
		if (fd < 0)
			return -1;
		close(r->fd);
		r->fd = fd;
	}
	return journal_remove(&r->journal, f);
}

/* The last entries of a journal beside records that nothing may follow any more. */
static void
write_last_entries(struct results *r)
{
	struct fault ignored;

	if (r->distrusted && r->journal.fd >= 0)
		journal_flush(&r->journal, &ignored);
}

int
results_publish(struct results *r, struct fault *f)
{
	if (results_flush(r, f) < 0) {
		write_last_entries(r);
		return -1;
	}
	if (r->stream >= 0)
		return 0;
	if (r->journal.fd >= 0 && put_in_order(r, f) < 0)
		return -1;
	if (!r->cached)
		cache_store(r->path, r->fd, r->version_column, r->index);
	return 0;
}
