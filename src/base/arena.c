/*
 * Theory. Each piece is preceded by its size, so that it can be grown: by a copy, the old one lies
 * idle. Blocks double, so that few are ever needed, and the newest, the largest, is kept.
 */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define ALIGNMENT 16
#define FIRST_BLOCK 8192

struct arena_block {
	struct arena_block *next;
	size_t size; /* bytes behind this head */
};

#define HEAD ((sizeof(struct arena_block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

static size_t
rounded(size_t n)
{
	return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT; /* with the size before it */
}

static size_t *
size_of(void *p)
{
	return (size_t *)(void *)((char *)p - ALIGNMENT);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t need = rounded(n), size;
	struct arena_block *b = a->blocks;
	char *p;

	if (!b || b->size - a->used < need) {
		size = b ? b->size * 2 : FIRST_BLOCK;
		if (size < need)
			size = need;
		b = mem_alloc(HEAD + size);
		b->next = a->blocks;
		b->size = size;
		a->blocks = b;
		a->used = 0;
	}
	p = (char *)b + HEAD + a->used + ALIGNMENT;
	a->used += need;
	*size_of(p) = n;
	return p;
}

void *
arena_resize(struct arena *a, void *p, size_t n)
{
	void *new;
	size_t old;

	if (!p)
		return arena_alloc(a, n);
	old = *size_of(p);
	if (n <= old)
		return p;
	new = arena_alloc(a, n);
	memcpy(new, p, old);
	return new;
}

void
arena_reset(struct arena *a)
{
	struct arena_block *b;

	while (a->blocks && (b = a->blocks->next)) {
		a->blocks->next = b->next;
		free(b);
	}
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	arena_reset(a);
	free(a->blocks);
	a->blocks = NULL;
}
