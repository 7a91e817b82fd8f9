#include "manifest/lines.h"

void
lines_init(struct lines *l, struct source *s, bool cr_ends, struct span window, size_t skip)
{
	*l = (struct lines){.source = s,
			    .limit = source_limit_row(s),
			    .cr_ends = cr_ends,
			    .window = {window.p ? window.p : "", window.n},
			    .at = skip,
			    .offset = (int64_t)skip};
}

/* Finds the LF behind l->at, remembering how far was searched: each byte is looked at once. */
static bool
find_lf(struct lines *l)
{
	const char *lf;

	if (l->searched < l->at) {
		l->searched = l->at;
		l->has_lf = false;
	}
	if (!l->has_lf && l->searched < l->window.n) {
		lf = memchr(l->window.p + l->searched, '\n', l->window.n - l->searched);
		l->has_lf = lf != NULL;
		l->searched = lf ? (size_t)(lf - l->window.p) : l->window.n;
	}
	return l->has_lf;
}

bool
lines_peek(struct lines *l, struct span *out)
{
	if (!find_lf(l))
		return false;
	*out = (struct span){l->window.p + l->at, l->searched - l->at};
	return true;
}

void
lines_take(struct lines *l)
{
	size_t n = l->searched + 1 - l->at;

	l->line++;
	l->at += n;
	l->offset += (int64_t)n;
}

/* The length of the line at l->at with its end; 0: its end is not in the window. */
static size_t
line_length(struct lines *l)
{
	bool lf = find_lf(l);
	size_t stop = lf ? l->searched : l->window.n;
	const char *from = l->window.p + l->at, *cr;

	cr = l->cr_ends && stop > l->at ? memchr(from, '\r', stop - l->at) : NULL;
	if (!cr)
		return lf ? stop + 1 - l->at : 0;
	if ((size_t)(cr + 1 - l->window.p) < l->window.n)
		return (size_t)(cr + 1 - from) + (cr[1] == '\n');
	return l->ended ? (size_t)(cr + 1 - from) : 0; /* an LF may be the next byte */
}

enum source_status
lines_next(struct lines *l, bool block, struct span *out, struct fault *f)
{
	enum source_status status;
	size_t n;

	while ((n = line_length(l)) == 0) {
		if (l->ended && l->at == l->window.n)
			return SOURCE_END;
		if (l->ended) {
			n = l->window.n - l->at;
			break;
		}
		if (l->window.n - l->at > l->limit)
			break;
		source_consume(l->source, l->at);
		l->searched = l->searched > l->at ? l->searched - l->at : 0;
		l->at = 0;
		status = source_more(l->source, block, &l->window, f);
		if (!l->window.p)
			l->window.p = "";
		if (status == SOURCE_END)
			l->ended = true;
		else if (status != SOURCE_BYTES)
			return status;
	}
	l->line++;
	if (n == 0 || n > l->limit) {
		fault_set(f, l->line, 0, "a line is longer than %zu MiB", l->limit >> 20);
		return SOURCE_BROKEN;
	}
	*out = (struct span){l->window.p + l->at, n};
	l->at += n;
	l->offset += (int64_t)n;
	return SOURCE_BYTES;
}
