#include "show/minutes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LEAST 1024 /* minutes that there is room for at first */

void
minutes_free(struct minutes *m)
{
	free(m->rows);
	*m = (struct minutes){.overflowed = m->overflowed};
}

/* Makes room for a minute outside: the double at least, on its side, so that times which fall cost
 * no more than times which rise. */
static void
grow(struct minutes *m, int64_t minute)
{
	int64_t first = m->first, end = m->first + m->n, n;
	uint32_t *rows;

	if (m->n == 0) {
		first = minute;
		end = minute + LEAST;
	} else if (minute < first) {
		first = minute < first - m->n ? minute : first - m->n;
	} else {
		end = minute >= end + m->n ? minute + 1 : end + m->n;
	}
	n = end - first;
	if (n > 2 * MINUTES_MAX) { /* with the reserve */
		m->overflowed = true;
		minutes_free(m);
		return;
	}
	rows = mem_calloc((size_t)n, sizeof *rows);
	if (m->n > 0)
		memcpy(rows + (m->first - first), m->rows, (size_t)m->n * sizeof *rows);
	free(m->rows);
	m->rows = rows;
	m->first = first;
	m->n = n;
}

void
minutes_add(struct minutes *m, int64_t wall_ms)
{
	int64_t minute = wall_ms / 60000;
	uint32_t *rows;

	if (m->overflowed)
		return;
	if (m->n == 0 || minute < m->first || minute >= m->first + m->n)
		grow(m, minute);
	if (m->overflowed)
		return;
	rows = &m->rows[minute - m->first];
	m->busy += *rows == 0;
	++*rows;
	if (*rows > m->most)
		m->most = *rows;
}
