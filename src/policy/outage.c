/*
 * Theory. The states go NONE -> SUSPECTED -> DOWN -> (ASKED ->) LONE -> NONE; a failure in ASKED or
 * LONE goes back to DOWN with the distance doubled.
 *
 * A failure counts only if nothing was answered since the failed request was sent: while others
 * are answered, a failure is its row's own. So a server that hangs is suspected at the first
 * timeout, and not one row more is put in doubt.
 *
 * In DOWN an upload is the question itself where that cannot do harm (refused connections, 503: the
 * request was certainly not accepted, and the answer comes from the path that matters). After
 * doubtful failures, or when every row that is left has failed already, a GET asks first.
 */
#include "policy/outage.h"

#include "policy/backoff.h"

#define FIRST_GAP_MS 1000
#define LONGEST_GAP_MS 60000

void
outage_init(struct outage *o, int64_t timeout_ms, int64_t now_ms)
{
	*o = (struct outage){.timeout_ms = timeout_ms, .alive_ms = now_ms - 1};
}

enum outage_advice
outage_advice(struct outage *o, int64_t now_ms, unsigned in_flight, bool only_failed)
{
	if (o->state == OUTAGE_NONE)
		return OUTAGE_GO;
	if (o->state == OUTAGE_SUSPECTED && in_flight == 0)
		o->state = OUTAGE_DOWN;
	if (in_flight > 0 || o->state == OUTAGE_ASKED)
		return OUTAGE_HOLD;
	if (o->state == OUTAGE_DOWN && now_ms - o->since_ms >= o->timeout_ms)
		return OUTAGE_GIVE_UP;
	if (o->state == OUTAGE_LONE)
		return OUTAGE_ONE;
	if (now_ms < o->next_ms)
		return OUTAGE_HOLD;
	return o->doubtful || only_failed ? OUTAGE_ASK : OUTAGE_ONE;
}

int64_t
outage_next_ms(const struct outage *o)
{
	int64_t end = o->since_ms + o->timeout_ms;

	if (o->state != OUTAGE_DOWN)
		return INT64_MAX;
	return o->next_ms < end ? o->next_ms : end;
}

void
outage_started(struct outage *o, bool question)
{
	if (o->state != OUTAGE_NONE)
		o->state = question ? OUTAGE_ASKED : OUTAGE_LONE;
}

void
outage_alive(struct outage *o, int64_t now_ms, bool question)
{
	if (question && o->state == OUTAGE_ASKED) {
		o->state = OUTAGE_LONE;
		o->doubtful = false;
	} else if (!question) {
		o->state = OUTAGE_NONE;
		o->alive_ms = now_ms;
	}
}

void
outage_failed(struct outage *o, int64_t now_ms, int64_t sent_ms, bool doubtful, uint64_t random)
{
	if (o->state == OUTAGE_NONE) {
		if (o->alive_ms > sent_ms)
			return;
		o->state = OUTAGE_SUSPECTED;
		o->doubtful = false;
		o->since_ms = now_ms;
		o->gap_ms = FIRST_GAP_MS;
		o->next_ms = doubtful ? now_ms : now_ms + backoff_jitter_ms(FIRST_GAP_MS, random);
	} else if (o->state != OUTAGE_SUSPECTED) {
		o->state = OUTAGE_DOWN;
		o->next_ms = now_ms + backoff_jitter_ms(o->gap_ms, random);
		o->gap_ms = o->gap_ms < LONGEST_GAP_MS / 2 ? o->gap_ms * 2 : LONGEST_GAP_MS;
	}
	o->doubtful = o->doubtful || doubtful;
}
