#include "ledger/order.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"

#define WINDOW_BYTES (64u << 10)
#define WINDOWS 3 /* of old records, of new ones, and of those that finished long after their neighbours */

void
window_init(struct window *w, int fd, int64_t end)
{
	*w = (struct window){.fd = fd, .end = end};
}

void
window_fini(struct window *w)
{
	buf_free(&w->data);
}

/* Reads the window anew, from an offset on. */
static int
move_window(struct window *w, int64_t offset, size_t bytes)
{
	int64_t n;

	buf_clear(&w->data);
	if (buf_reserve(&w->data, bytes) < 0)
		return -1;
	n = file_read_at(w->fd, w->data.data, bytes, offset);
	if (n < 0)
		return -1;
	w->start = offset;
	w->data.len = (size_t)n;
	return 0;
}

int
window_record(struct window *w, int64_t offset, enum record_format format, struct span *out)
{
	size_t bytes = WINDOW_BYTES, n = 0;

	if (offset >= w->start && offset < w->start + (int64_t)w->data.len) {
		*out = (struct span){w->data.data + (offset - w->start),
				     w->data.len - (size_t)(offset - w->start)};
		n = record_length(*out, format);
	}
	for (; n == 0; bytes *= 4) {
		if (bytes > LIMIT_RECORD_BYTES * 4 || offset < 0 || offset >= w->end) {
			errno = EINVAL;
			return -1;
		}
		if (move_window(w, offset, bytes) < 0)
			return -1;
		*out = buf_span(&w->data);
		n = record_length(*out, format);
	}
	out->n = n;
	return 0;
}

bool
order_is_sorted(const struct order *o)
{
	int64_t place, previous = -1;
	uint32_t i;

	for (i = 0; i < o->n; i++) {
		place = o->place(o->ctx, i);
		if (place < 0)
			continue;
		if (place < previous)
			return false;
		previous = place;
	}
	return true;
}

/* Windows into one file. */
struct windows {
	struct window window[WINDOWS];
	uint64_t used[WINDOWS], uses; /* when each was used last, in uses */
};

/* The window that holds the byte at an offset, or the one that was not used for the longest time. */
static struct window *
choose_window(struct windows *ws, int64_t offset)
{
	size_t i, oldest = 0;

	for (i = 0; i < WINDOWS; i++) {
		struct window *w = &ws->window[i];

		if (offset >= w->start && offset < w->start + (int64_t)w->data.len)
			break;
		if (ws->used[i] < ws->used[oldest])
			oldest = i;
	}
	if (i == WINDOWS)
		i = oldest;
	ws->used[i] = ++ws->uses;
	return &ws->window[i];
}

/*
 * Copies what lies before the last of as many records from number i on as stand in the file as they
 * have to in the copy, and moves *at on. Returns that last one's number: i if there is no more.
 */
static int64_t
copy_run(const struct order *o, uint32_t i, int64_t *at, struct replacement *out, struct fault *f)
{
	int64_t start = o->place(o->ctx, i), place = start, next = start;
	uint32_t last = i, k;

	if (start < 0 || start >= o->appended)
		return i;
	while (last + 1 < o->n) {
		next = o->place(o->ctx, last + 1);
		if (next <= place || next >= o->appended)
			break;
		place = next;
		last++;
	}
	if (replacement_add_from(out, o->fd, start, place - start, f) < 0)
		return -1;
	for (k = i; k < last && o->moved; k++)
		o->moved(o->ctx, k, *at + o->place(o->ctx, k) - start);
	*at += place - start;
	return last;
}

/* errno says why. */
static int
unreadable(uint32_t number, const char *path, struct fault *f)
{
	char what[48];

	snprintf(what, sizeof what, "read record %u back from", number + 1);
	return file_fault(f, what, path);
}

static int
copy_records(const struct order *o, struct replacement *out, struct fault *f)
{
	struct windows ws = {.uses = 0};
	struct buf header = {0};
	struct span record;
	int64_t place, at, last;
	int rc = 0;
	uint32_t i;
	size_t k;

	layout_header(o->layout, &header);
	at = (int64_t)header.len;
	for (k = 0; k < WINDOWS; k++)
		window_init(&ws.window[k], o->fd, o->end);
	if (header.len > 0)
		rc = replacement_add(out, buf_span(&header), f);
	for (i = 0; rc == 0 && i < o->n; i++) {
		last = copy_run(o, i, &at, out, f);
		if (last < 0) {
			rc = -1;
			break;
		}
		i = (uint32_t)last;
		place = o->place(o->ctx, i);
		if (place < 0)
			continue;
		if (window_record(choose_window(&ws, place), place, o->layout->format, &record) < 0)
			rc = unreadable(i, out->path, f);
		else
			rc = replacement_add(out, record, f);
		if (rc == 0 && o->moved)
			o->moved(o->ctx, i, at);
		at += (int64_t)record.n;
	}
	for (k = 0; k < WINDOWS; k++)
		window_fini(&ws.window[k]);
	buf_free(&header);
	return rc;
}

int
order_publish(const struct order *o, const char *path, mode_t mode, struct journal *j,
	      struct fault *f)
{
	struct replacement new = {.fd = -1};
	struct file_mark mark;
	int fd = -1;

	if (replacement_begin(&new, path, mode, f) == 0 && copy_records(o, &new, f) == 0 &&
	    replacement_finish(&new, &mark, f) == 0) {
		journal_published(j, mark);
		if (journal_flush(j, f) == 0 && journal_sync(j, f) == 0)
			fd = replacement_commit(&new, f);
	}
	replacement_abort(&new);
	return fd;
}
