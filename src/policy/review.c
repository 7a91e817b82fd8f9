/*
 * Theory. A line of assets, each with the time before which it is not asked for again: its last
 * question plus the interval. Whoever is asked goes to the end, so the line stays in the order of
 * its times, and a round that was spread out stays so in all that follow.
 *
 * Two starts are at least GAP apart: the rate's, or nine tenths of an even share of the interval if
 * that is more (a full tenth is left to catch up in), but never more than a second: of three assets
 * the third need not wait for twenty. The share stays that of all who were there at first:
 * if it grew as they settle, the last ones would wait for ever longer.
 *
 * Starts may be late by TAU and are made up for; the gap is stretched by as much of a second, so
 * that no second holds more than the rate (as in rate.c).
 */
#include "policy/review.h"

#include <stdlib.h>

#include "base/mem.h"

#define NS_PER_MS INT64_C(1000000)
#define TAU_NS (4 * NS_PER_MS)
#define TAU_SHARE 250 /* a second holds so many TAU_NS */
#define LONGEST_GAP_NS (1000 * NS_PER_MS)

enum review_state
review_state_of(const struct answer *a, enum outcome o, enum review_word word, bool same_id)
{
	static const enum review_state states[] = {
		[REVIEW_WORD_ABSENT] = REVIEW_UNANSWERED,
		[REVIEW_WORD_PROCESSING] = REVIEW_PROCESSING,
		[REVIEW_WORD_ACTIVE] = REVIEW_ACTIVE,
		[REVIEW_WORD_FAILED] = REVIEW_FAILED,
		[REVIEW_WORD_OTHER] = REVIEW_ODD,
	};
	bool code_0 = a->code_kind == CODE_NUMBER && a->code == 0;

	if (a->broken || a->code_kind != CODE_NUMBER)
		return REVIEW_UNANSWERED;
	if (o == OUTCOME_REJECTED && a->code == -1 && word == REVIEW_WORD_ABSENT)
		return REVIEW_UNKNOWN;
	/* an answer without the id, which an upload must have, is none in doubt here */
	if (!code_0 || a->http_status / 100 != 2 || !same_id)
		return REVIEW_UNANSWERED;
	return states[word];
}

bool
review_is_settled(enum review_state s)
{
	return s == REVIEW_ACTIVE || s == REVIEW_FAILED || s == REVIEW_UNKNOWN;
}

void
rounds_init(struct rounds *r, uint32_t n, int64_t interval_ms, int64_t rate_ns, bool once,
	    int64_t now_ms)
{
	*r = (struct rounds){
		.interval_ms = interval_ms,
		.rate_ns = rate_ns,
		.next_ns = now_ms * NS_PER_MS,
		.once = once,
		.next = mem_calloc((size_t)n + 1, sizeof *r->next),
		.due_ms = mem_calloc((size_t)n + 1, sizeof *r->due_ms),
		.first = ROUNDS_NONE,
		.last = ROUNDS_NONE,
	};
}

void
rounds_fini(struct rounds *r)
{
	free(r->next);
	free(r->due_ms);
	r->next = NULL;
	r->due_ms = NULL;
}

static void
push(struct rounds *r, uint32_t asset, int64_t due_ms)
{
	r->next[asset] = ROUNDS_NONE;
	r->due_ms[asset] = due_ms;
	if (r->first == ROUNDS_NONE)
		r->first = asset;
	else
		r->next[r->last] = asset;
	r->last = asset;
}

void
rounds_add(struct rounds *r, uint32_t asset, int64_t now_ms)
{
	push(r, asset, now_ms);
	r->open++;
	if (r->open > r->most)
		r->most = r->open;
}

static int64_t
gap_ns(const struct rounds *r)
{
	int64_t gap = r->rate_ns, share;

	if (r->once)
		return gap;
	share = r->interval_ms * NS_PER_MS / r->most / 10 * 9;
	if (share > LONGEST_GAP_NS)
		share = LONGEST_GAP_NS;
	return gap > share ? gap : share;
}

uint32_t
rounds_take(struct rounds *r, int64_t now_ms, int64_t *wake_ms)
{
	int64_t now_ns = now_ms * NS_PER_MS, may_ms = (r->next_ns + NS_PER_MS - 1) / NS_PER_MS, gap;
	uint32_t asset = r->first;

	*wake_ms = INT64_MAX;
	if (asset == ROUNDS_NONE)
		return ROUNDS_NONE;
	if (r->due_ms[asset] > may_ms)
		may_ms = r->due_ms[asset];
	if (may_ms > now_ms) {
		*wake_ms = may_ms;
		return ROUNDS_NONE;
	}
	gap = gap_ns(r);
	if (r->next_ns < now_ns - TAU_NS)
		r->next_ns = now_ns - TAU_NS;
	r->next_ns += gap + (gap + TAU_SHARE - 1) / TAU_SHARE;
	r->first = r->next[asset];
	if (r->first == ROUNDS_NONE)
		r->last = ROUNDS_NONE;
	return asset;
}

void
rounds_again(struct rounds *r, uint32_t asset, int64_t sent_ms)
{
	if (r->once)
		r->open--;
	else
		push(r, asset, sent_ms + r->interval_ms);
}

void
rounds_settled(struct rounds *r)
{
	r->open--;
}
