/*
 * A buffer that grows, up to a cap if it has one.
 *
 * A zeroed struct buf is an empty one without a cap. The bytes are always followed by a NUL that is
 * not counted, once anything was added.
 */
#ifndef LADE_BASE_BUF_H
#define LADE_BASE_BUF_H

#include <stddef.h>

#include "base/span.h"

struct buf {
	char *data;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
	size_t max; /* len never grows beyond this; 0 is no cap */
};

/* Frees the bytes; the buffer is empty and usable afterwards, its cap kept. */
void buf_free(struct buf *b);

/* Forgets the bytes, keeps the storage. */
void buf_clear(struct buf *b);

/* Makes room for n more bytes and one NUL. -1 when that would pass the cap (nothing is changed). */
int buf_reserve(struct buf *b, size_t n);

/* buf_add where there may be no room yet. */
int buf_add_slowly(struct buf *b, const void *p, size_t n);

/* Adds n bytes. -1 when that would pass the cap (nothing is added). */
static inline int
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n >= b->cap - b->len || n == 0 || b->max)
		return buf_add_slowly(b, p, n);
	memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
}

static inline int
buf_add_span(struct buf *b, struct span s)
{
	return buf_add(b, s.p, s.n);
}

static inline int
buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

static inline int
buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

/* Adds what printf would print. -1 when that would pass the cap. */
int buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds an integer in decimal. */
int buf_add_int(struct buf *b, long long value);

/* Drops the first n bytes (n at most len). */
void buf_drop(struct buf *b, size_t n);

static inline struct span
buf_span(const struct buf *b)
{
	return (struct span){b->data, b->len};
}

#endif
