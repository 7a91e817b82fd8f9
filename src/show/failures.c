#include "show/failures.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define SLOTS 4096 /* a power of two, over twice FAILURES_MAX */

static char *
shown(struct span s, size_t max)
{
	struct buf out = {0};

	buf_reserve(&out, 0);
	out.data[0] = '\0';
	text_escape(&out, s, max);
	return out.data;
}

static char *
shown_url(struct span url)
{
	struct buf out = {0};

	buf_add_str(&out, "");
	text_show_url(&out, url, FAILURES_URL_BYTES);
	return out.data;
}

/* message NULL: the kind of various messages. */
static uint64_t
hash_of(const char *class_word, const char *code, const char *message)
{
	struct buf key = {0};
	uint64_t hash;

	buf_add(&key, class_word, strlen(class_word) + 1);
	buf_add(&key, code, strlen(code) + 1);
	if (message)
		buf_add(&key, message, strlen(message) + 1);
	hash = XXH3_64bits(key.data, key.len);
	buf_free(&key);
	return hash;
}

static bool
is_kind(const struct failure_kind *k, const char *class_word, const char *code, const char *message)
{
	return strcmp(k->class_word, class_word) == 0 && strcmp(k->code, code) == 0 &&
	       !k->message == !message && (!message || strcmp(k->message, message) == 0);
}

/* The kind of these words; a new one as long as there are fewer than max. NULL: no place. */
static struct failure_kind *
find(struct failures *all, const char *class_word, const char *code, const char *message,
     unsigned max)
{
	uint64_t hash = hash_of(class_word, code, message);
	size_t at = hash % SLOTS;
	struct failure_kind *k;

	if (!all->slots) {
		all->slots = mem_calloc(SLOTS, sizeof *all->slots);
		all->kinds = mem_calloc(FAILURES_MAX, sizeof(struct failure_kind *));
	}
	for (; all->slots[at]; at = (at + 1) % SLOTS) {
		k = all->kinds[all->slots[at] - 1];
		if (k->hash == hash && is_kind(k, class_word, code, message))
			return k;
	}
	if (all->n >= max)
		return NULL;
	k = mem_calloc(1, sizeof *k);
	k->class_word = mem_strdup(class_word);
	k->code = mem_strdup(code);
	k->message = mem_strdup(message);
	k->hash = hash;
	all->kinds[all->n++] = k;
	all->slots[at] = (uint16_t)all->n;
	return k;
}

static void
add_place(struct failure_kind *k, struct failure_place place)
{
	if (k->n_places == FAILURES_PLACES)
		return;
	if (k->n_places == k->cap_places) {
		k->cap_places = k->cap_places ? k->cap_places * 2 : 4;
		k->places = mem_resize(k->places, k->cap_places, sizeof *k->places);
	}
	k->places[k->n_places++] = place;
}

static void
add_example(struct failure_kind *k, const struct failure *one)
{
	struct failure_example *e;

	if (k->n_examples == FAILURES_EXAMPLES)
		return;
	e = &k->examples[k->n_examples++];
	e->place = one->place;
	e->url = shown_url(one->url);
	e->manifest = one->manifest.n ? shown(one->manifest, FAILURES_MANIFEST_BYTES) : NULL;
	e->manifest_line = one->manifest_line;
}

void
failures_add(struct failures *all, const struct failure *one)
{
	char *class_word = shown(one->class_word, FAILURES_WORD_BYTES);
	char *code = shown(one->code, FAILURES_WORD_BYTES);
	char *message = shown(one->message, FAILURES_MESSAGE_BYTES);
	struct failure_kind *k = find(all, class_word, code, message, FAILURES_KINDS);

	if (!k)
		k = find(all, class_word, code, NULL, FAILURES_MAX);
	all->count++;
	if (k) {
		k->count++;
		add_place(k, one->place);
		add_example(k, one);
	} else {
		all->others++;
	}
	free(class_word);
	free(code);
	free(message);
}

static int
place_order(const struct failure_place *a, const struct failure_place *b)
{
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static int
by_count(const void *a, const void *b)
{
	const struct failure_kind *x = *(struct failure_kind *const *)a;
	const struct failure_kind *y = *(struct failure_kind *const *)b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return place_order(x->places, y->places);
}

void
failures_sort(struct failures *all)
{
	if (all->n > 0)
		qsort(all->kinds, all->n, sizeof(struct failure_kind *), by_count);
	free(all->slots);
	all->slots = NULL;
}

void
failures_free(struct failures *all)
{
	unsigned i, e;

	for (i = 0; i < all->n; i++) {
		struct failure_kind *k = all->kinds[i];

		for (e = 0; e < k->n_examples; e++) {
			free(k->examples[e].url);
			free(k->examples[e].manifest);
		}
		free(k->class_word);
		free(k->code);
		free(k->message);
		free(k->places);
		free(k);
	}
	free(all->kinds);
	free(all->slots);
	*all = (struct failures){0};
}
