/* Open addressing with linear probing, at most three quarters full. */
#include "base/hashset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

#define FIRST_SLOTS 1024
#define LARGE_PAGE_BYTES ((size_t)2 << 20)

static uint64_t *
slot_of(const struct hashset *s, uint64_t hash)
{
	size_t mask = s->n_slots - 1, i = (size_t)hash & mask;

	while (s->slots[i] != 0 && s->slots[i] != hash)
		i = (i + 1) & mask;
	return &s->slots[i];
}

/* A table of zeros. A large one asks for large pages: its slots are visited at random, and the
 * search for their pages would cost as much as the visit. Given back by free(). */
static uint64_t *
new_slots(size_t n)
{
	uint64_t *slots;

	if (n * sizeof *slots < 2 * LARGE_PAGE_BYTES)
		return mem_calloc(n, sizeof *slots);
	slots = aligned_alloc(LARGE_PAGE_BYTES, n * sizeof *slots);
	if (!slots)
		mem_exhausted();
	madvise(slots, n * sizeof *slots, MADV_HUGEPAGE); /* advice only */
	memset(slots, 0, n * sizeof *slots);
	return slots;
}

static void
grow(struct hashset *s)
{
	struct hashset old = *s;
	size_t i;

	s->n_slots = old.n_slots ? old.n_slots * 2 : FIRST_SLOTS;
	s->slots = new_slots(s->n_slots);
	for (i = 0; i < old.n_slots; i++)
		if (old.slots[i] != 0)
			*slot_of(s, old.slots[i]) = old.slots[i];
	free(old.slots);
}

bool
hashset_add(struct hashset *s, uint64_t hash)
{
	uint64_t *slot;

	hash = hash ? hash : 1;
	if (s->n * 4 >= s->n_slots * 3)
		grow(s);
	slot = slot_of(s, hash);
	if (*slot == hash)
		return false;
	*slot = hash;
	s->n++;
	return true;
}

void
hashset_prefetch(const struct hashset *s, uint64_t hash)
{
	if (s->n_slots > 0)
		__builtin_prefetch(&s->slots[hash & (s->n_slots - 1)], 1);
}

void
hashset_free(struct hashset *s)
{
	free(s->slots);
	*s = (struct hashset){0};
}
