/*
 * Theory. A run begins with a hundred retries. One costs one, and gives it back if it succeeds, so
 * retries that help are free. Any other success gives a fifth: of retries that do not help there is
 * one in five successes at most. Ten a second come by themselves, so that the last rows of a run
 * are not stuck.
 */
#include "policy/budget.h"

#define RESERVE 100.0
#define SHARE 0.2 /* of the successes */
#define PER_MS 0.01 /* the trickle */

void
budget_init(struct budget *b, int64_t now_ms)
{
	*b = (struct budget){.retries = RESERVE, .filled_ms = now_ms};
}

static double
at(const struct budget *b, int64_t now_ms)
{
	double retries = b->retries + (double)(now_ms - b->filled_ms) * PER_MS;

	return retries < RESERVE ? retries : RESERVE;
}

int64_t
budget_next_ms(const struct budget *b, int64_t now_ms)
{
	double missing = 1 - at(b, now_ms);

	return missing <= 0 ? now_ms : now_ms + 1 + (int64_t)(missing / PER_MS);
}

void
budget_spend(struct budget *b, int64_t now_ms)
{
	b->retries = at(b, now_ms) - 1;
	b->filled_ms = now_ms;
}

void
budget_earn(struct budget *b, bool retry)
{
	b->retries += retry ? 1 : SHARE;
	if (b->retries > RESERVE)
		b->retries = RESERVE;
}
