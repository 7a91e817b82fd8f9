#include "ledger/order.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"

#define WINDOW_BYTES (256u << 10)
/* A record is at most a row with every character quoted or escaped, and lade's own columns. */
#define LONGEST_RECORD_BYTES (8u * LIMIT_ROW_BYTES)

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

/*
 * The length of the record at the front of text with its line end, 0 when it does not end there.
 * In CSV a line end inside quotes is part of a cell: an odd number of quotes lies before it.
 */
static size_t
record_length(struct span text, enum record_format format)
{
	const char *from = text.p, *end = text.p + text.n, *line_end, *quote;
	size_t quotes = 0;

	while ((line_end = memchr(from, '\n', (size_t)(end - from)))) {
		for (quote = from; format == RECORD_CSV &&
				   (quote = memchr(quote, '"', (size_t)(line_end - quote)));
		     quote++)
			quotes++;
		if (quotes % 2 == 0)
			return (size_t)(line_end + 1 - text.p);
		from = line_end + 1;
	}
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
		if (bytes > LONGEST_RECORD_BYTES * 4 || offset < 0 || offset >= w->end) {
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
order_is_sorted(const struct index *x)
{
	int64_t place, previous = -1;
	uint32_t i, n = index_count(x);

	for (i = 0; i < n; i++) {
		place = index_place(x, i);
		if (place < 0)
			continue;
		if (place < previous)
			return false;
		previous = place;
	}
	return true;
}

int
order_write(const struct index *x, const struct layout *l, int fd, int64_t end, int64_t appended,
	    struct replacement *out, struct fault *f)
{
	struct window before, after;
	uint32_t i, n = index_count(x);
	struct buf header = {0};
	struct span record;
	int rc = 0;

	layout_header(l, &header);
	window_init(&before, fd, end);
	window_init(&after, fd, end);
	if (header.len > 0)
		rc = replacement_add(out, buf_span(&header), f);
	for (i = 0; rc == 0 && i < n; i++) {
		int64_t place = index_place(x, i);

		if (place < 0)
			continue;
		if (window_record(place < appended ? &before : &after, place, l->format, &record) < 0)
			rc = fault_set(f, 0, 0, "cannot read record %u of %s back: %s", i + 1, out->path,
				       strerror(errno));
		else
			rc = replacement_add(out, record, f);
	}
	window_fini(&before);
	window_fini(&after);
	buf_free(&header);
	return rc;
}
