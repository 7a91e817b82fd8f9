/*
 * Theory. Sixteen bytes are compared at once, and what came of it is gathered as a bit a byte: the
 * delimiters of a line cost a step each, its other bytes nearly nothing. SSE2 is part of every x86-64; on
 * other machines all lines are left to the others, who read the same, only slower.
 */
#include "manifest/csv_scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* csv_is_plain from an offset on, byte by byte. */
static bool
are_plain(struct span cell, size_t at, char delimiter)
{
	for (; at < cell.n; at++)
		if (cell.p[at] == delimiter || cell.p[at] == '"' || cell.p[at] == '\n' ||
		    cell.p[at] == '\r')
			return false;
	return true;
}

#ifdef __SSE2__

#define STEP sizeof(__m128i)

/* The bytes of a line from an offset on, less than STEP, with what is no matter behind them. */
static __m128i
load_rest(struct span line, size_t at, char delimiter)
{
	char bytes[STEP];

	memset(bytes, delimiter == 'x' ? 'y' : 'x', sizeof bytes);
	memcpy(bytes, line.p + at, line.n - at);
	return _mm_loadu_si128((const __m128i *)bytes);
}

/* Where among sixteen bytes one of the three is that make a line somebody else's: a bit a byte. */
static __m128i
odd_bytes(__m128i bytes)
{
	__m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
	__m128i returns = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r'));

	return _mm_or_si128(_mm_or_si128(quotes, returns),
			    _mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
}

size_t
csv_scan(struct span line, char delimiter, struct span *cells, size_t cap, bool *ascii)
{
	const __m128i delimiters = _mm_set1_epi8(delimiter);
	__m128i bytes, odd, all = _mm_setzero_si128();
	const char *from = line.p, *hit;
	size_t at, n = 0;
	unsigned hits;

	if (line.n == 0 || cap == 0)
		return 0;
	for (at = 0; at < line.n; at += STEP) {
		if (line.n - at >= STEP)
			bytes = _mm_loadu_si128((const __m128i *)(line.p + at));
		else
			bytes = load_rest(line, at, delimiter);
		odd = odd_bytes(bytes);
		if (_mm_movemask_epi8(odd))
			return 0;
		all = _mm_or_si128(all, bytes);
		hits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, delimiters));
		for (; hits; hits &= hits - 1) {
			hit = line.p + at + __builtin_ctz(hits);
			if (n + 1 == cap)
				return 0;
			cells[n++] = (struct span){from, (size_t)(hit - from)};
			from = hit + 1;
		}
	}
	cells[n++] = (struct span){from, (size_t)(line.p + line.n - from)};
	*ascii = _mm_movemask_epi8(all) == 0;
	return n;
}

bool
csv_is_plain(struct span cell, char delimiter)
{
	const __m128i delimiters = _mm_set1_epi8(delimiter), feeds = _mm_set1_epi8('\n');
	const __m128i quotes = _mm_set1_epi8('"'), returns = _mm_set1_epi8('\r');
	__m128i bytes, hits;
	size_t at;

	for (at = 0; cell.n - at >= STEP; at += STEP) {
		bytes = _mm_loadu_si128((const __m128i *)(cell.p + at));
		hits = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, delimiters),
						 _mm_cmpeq_epi8(bytes, quotes)),
				    _mm_or_si128(_mm_cmpeq_epi8(bytes, returns),
						 _mm_cmpeq_epi8(bytes, feeds)));
		if (_mm_movemask_epi8(hits))
			return false;
	}
	return are_plain(cell, at, delimiter);
}

#else

bool
csv_is_plain(struct span cell, char delimiter)
{
	return are_plain(cell, 0, delimiter);
}

size_t
csv_scan(struct span line, char delimiter, struct span *cells, size_t cap, bool *ascii)
{
	(void)line;
	(void)delimiter;
	(void)cells;
	(void)cap;
	(void)ascii;
	return 0;
}

#endif
