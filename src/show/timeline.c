#include "show/timeline.h"

#include <string.h>

/* Each a multiple of the one before. The last ones (a year, ten, a hundred) are for the odd record
 * that a person dated wrongly: nothing of four digits' years does not fit. */
static const int64_t widths_s[] = {1,	   5,	    15,	      60,	 300,
				   900,	   3600,    10800,    43200,	 86400,
				   604800, 2419200, 29030400, 290304000, 2903040000};

#define STEPS (sizeof widths_s / sizeof *widths_s)

int64_t
timeline_width_s(const struct timeline *t)
{
	return widths_s[t->step];
}

int64_t
timeline_at_ms(const struct timeline *t, unsigned i)
{
	return (t->first + i) * widths_s[t->step] * 1000;
}

int64_t
timeline_rows(const struct timeline *t, unsigned i)
{
	const int64_t *c = t->count[i];

	return c[TIMELINE_UPLOADED] + c[TIMELINE_FAILED] + c[TIMELINE_IN_DOUBT];
}

unsigned
timeline_busy(const struct timeline *t)
{
	unsigned i, busy = 0;

	for (i = 0; i < t->n; i++)
		busy += timeline_rows(t, i) > 0;
	return busy;
}

/* Joins intervals to those of the next length. */
static void
coarsen(struct timeline *t)
{
	int64_t ratio = widths_s[t->step + 1] / widths_s[t->step], first = t->first / ratio;
	struct timeline old = *t;
	unsigned i, to;
	int k;

	memset(t->count, 0, sizeof t->count);
	for (i = 0; i < old.n; i++) {
		to = (unsigned)((old.first + i) / ratio - first);
		for (k = 0; k < TIMELINE_KINDS; k++)
			t->count[to][k] += old.count[i][k];
		t->n = to + 1;
	}
	t->first = first;
	t->step++;
}

/* Makes room in front for intervals from number first on. */
static void
extend_front(struct timeline *t, int64_t first)
{
	size_t by = (size_t)(t->first - first);

	memmove(t->count[by], t->count[0], t->n * sizeof t->count[0]);
	memset(t->count[0], 0, by * sizeof t->count[0]);
	t->n += (unsigned)by;
	t->first = first;
}

void
timeline_add(struct timeline *t, int64_t wall_ms, enum timeline_kind kind, int64_t n)
{
	int64_t at = wall_ms / 1000 / widths_s[t->step], first, end;

	if (t->n == 0) {
		t->first = at;
		t->n = 1;
	}
	for (;;) {
		at = wall_ms / 1000 / widths_s[t->step];
		first = at < t->first ? at : t->first;
		end = at >= t->first + t->n ? at + 1 : t->first + t->n;
		if (end - first <= TIMELINE_MAX || t->step + 1 == STEPS)
			break;
		coarsen(t);
	}
	if (end - first > TIMELINE_MAX)
		return;
	if (first < t->first)
		extend_front(t, first);
	t->n = (unsigned)(end - first);
	t->count[at - t->first][kind] += n;
}
