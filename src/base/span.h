/*
 * Bytes that somebody else owns.
 *
 * A span is what the parsers hand out: valid until the call that the owner names, not terminated by
 * NUL, possibly empty. It never frees anything.
 */
#ifndef LADE_BASE_SPAN_H
#define LADE_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *p; /* may be NULL when n is 0 */
	size_t n;      /* length in bytes */
};

/* No bytes at all. */
static inline struct span
span_none(void)
{
	return (struct span){NULL, 0};
}

/* The span of a NUL-terminated string, which may be NULL (an empty span). */
static inline struct span
span_of(const char *s)
{
	return (struct span){s, s ? strlen(s) : 0};
}

/* Whether a span holds exactly the bytes of a string. */
static inline bool
span_is(struct span a, const char *s)
{
	size_t n = strlen(s);

	return a.n == n && (n == 0 || memcmp(a.p, s, n) == 0);
}

static inline bool
span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The span without the blanks (space and TAB) around it. */
static inline struct span
span_trim(struct span a)
{
	while (a.n > 0 && (a.p[0] == ' ' || a.p[0] == '\t')) {
		a.p++;
		a.n--;
	}
	while (a.n > 0 && (a.p[a.n - 1] == ' ' || a.p[a.n - 1] == '\t'))
		a.n--;
	return a;
}

/* White space as JSON has it (RFC 8259, 2): space, TAB, LF and CR. */
static inline bool
span_is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The offset of the first byte from offset from on that is no white space, or the length. */
static inline size_t
span_skip_white(struct span a, size_t from)
{
	while (from < a.n && span_is_white(a.p[from]))
		from++;
	return from;
}

#endif
