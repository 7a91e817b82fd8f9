/*
 * Theory. Brackets are counted outside strings; inside a string only its closing quote matters, and
 * memchr finds that. What else may be wrong is not judged here.
 *
 * With SSE2, part of every x86-64, sixteen bytes without a backslash are one step: which of them lie in a
 * string is the parity of the quotes before each, so that brackets are all that is looked at one by
 * one (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019, 3.1.1).
 */
#include "manifest/json_scan.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * Scans on inside a string from p; returns behind its closing quote, or NULL with the window's end
 * reached. A quote is escaped when an odd number of backslashes stands before it.
 */
static const char *
scan_string(const char *start, const char *p, const char *end)
{
	const char *quote, *back;

	while ((quote = memchr(p, '"', (size_t)(end - p)))) {
		for (back = quote; back > start && back[-1] == '\\';)
			back--;
		if ((quote - back) % 2 == 0)
			return quote + 1;
		p = quote + 1;
	}
	return NULL;
}

#ifdef __SSE2__

#define STEP 16

static unsigned
equal_bytes(__m128i bytes, char c)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}

/* Counts the brackets among sixteen bytes; how many bytes there are up to the one that closes the
 * value, or 0. */
static unsigned
count_brackets(struct json_scan *s, unsigned brackets, unsigned opens)
{
	for (; brackets; brackets &= brackets - 1) {
		if (brackets & (0 - brackets) & opens)
			s->depth++;
		else if (--s->depth == 0)
			return (unsigned)__builtin_ctz(brackets) + 1;
	}
	return 0;
}

/* Scans on inside a container, as far as there are sixteen bytes without a backslash. */
static const char *
scan_blocks(struct json_scan *s, const char *p, const char *end)
{
	unsigned inside, opens, closes, brackets, n, carry = 0u - s->in_string;
	__m128i bytes, folded;

	for (; end - p >= STEP; p += STEP) {
		bytes = _mm_loadu_si128((const __m128i *)p);
		if (equal_bytes(bytes, '\\'))
			break;
		inside = equal_bytes(bytes, '"');
		inside ^= inside << 1;
		inside ^= inside << 2;
		inside ^= inside << 4;
		inside ^= inside << 8;
		inside ^= carry;
		/* the bit that lower and upper case letters differ in makes [ a { and ] a } */
		folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
		opens = equal_bytes(folded, '{');
		closes = equal_bytes(folded, '}');
		brackets = (opens | closes) & ~inside;
		n = brackets ? count_brackets(s, brackets, opens) : 0;
		if (n > 0) {
			s->in_string = false;
			s->done = true;
			return p + n;
		}
		carry = 0u - (inside >> (STEP - 1) & 1);
	}
	s->in_string = carry & 1;
	return p;
}

#else

static const char *
scan_blocks(struct json_scan *s, const char *p, const char *end)
{
	(void)s;
	(void)end;
	return p;
}

#endif

/* Looks at one byte outside strings, of a value that it does not end before. */
static void
scan_byte(struct json_scan *s, char c)
{
	if (c == '"')
		s->in_string = true;
	else if (c == '{' || c == '[')
		s->depth++;
	else if (c == '}' || c == ']')
		s->done = --s->depth == 0;
}

/* Whether a byte ends a number or a word, which it stands behind. */
static bool
ends_word(char c)
{
	return span_is_white(c) || c == ',' || c == ']' || c == '}';
}

bool
json_scan_value(struct json_scan *s, struct span text)
{
	const char *start = text.p, *end = text.p + text.n, *behind;
	const char *p = start + s->pos;

	while (p < end && !s->done) {
		/* a backslash just before is of no block: the quote here may be escaped */
		if (s->depth > 0 && !(s->in_string && p[-1] == '\\'))
			p = scan_blocks(s, p, end);
		if (p == end || s->done)
			break;
		if (s->in_string) {
			behind = scan_string(start, p, end);
			s->in_string = behind == NULL;
			s->done = behind && s->depth == 0;
			p = behind ? behind : end;
		} else if (s->depth == 0 && ends_word(*p)) {
			s->done = true;
		} else {
			scan_byte(s, *p++);
		}
	}
	s->pos = (size_t)(p - start);
	return s->done;
}
