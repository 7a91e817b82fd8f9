/*
 * The bytes that a JSON string holds as they are (RFC 8259, 7): all but the quotation mark, the
 * backslash and those below 0x20.
 */
#ifndef LADE_BASE_JSON_PLAIN_H
#define LADE_BASE_JSON_PLAIN_H

#include <stdbool.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * The first byte from p on that is not plain, or end; *ascii becomes false where there may be bytes
 * beyond ASCII before it. Where there is SSE2 (every x86-64), sixteen bytes are one step.
 */
static inline const char *
json_plain_end(const char *p, const char *end, bool *ascii)
{
	unsigned high = 0;
#ifdef __SSE2__
	__m128i bytes, odd;
	unsigned at;

	for (; end - p >= 16; p += 16) {
		bytes = _mm_loadu_si128((const __m128i *)p);
		odd = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
				   _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
		/* below 0x20: the lesser of a byte and 0x1F is the byte */
		odd = _mm_or_si128(odd, _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)),
						       bytes));
		high |= (unsigned)_mm_movemask_epi8(bytes) << 8;
		at = (unsigned)_mm_movemask_epi8(odd);
		if (at) {
			p += __builtin_ctz(at);
			break;
		}
	}
#endif
	for (; p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\'; p++)
		high |= (unsigned char)*p;
	if (high >= 0x80)
		*ascii = false;
	return p;
}

#endif
