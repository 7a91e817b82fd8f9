/*
 * Theory. The states go NONE -> SUSPECTED -> DOWN -> (ASKED ->) LONE -> NONE; a failure in ASKED or
 * LONE goes back to DOWN with the distance doubled.
 *
 * A doubtful failure always makes suspect: a row more that is sent may be a row more in doubt, and
 * the next answer, mostly a few milliseconds away, ends the suspicion. So a server that hangs puts
 * in doubt what was in flight, and not one row more. A failure without doubt (refused, 503) can do
 * no harm again: it counts only if nothing was answered since that request was sent.
 *
 * Those in flight have a second to answer; then a question goes beside them, so that one slow
 * request does not hold up a server that is well.
 *
 * In DOWN an upload is the question itself where that cannot do harm (refused connections, 503: the
 * request was certainly not accepted, and the answer comes from the path that matters). After
 * doubtful failures, or when every row that is left has failed already, a GET asks first.
 */
#include "policy/outage.h"

#include "policy/backoff.h"

#define PATIENCE_MS 1000
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
	if (o->state == OUTAGE_SUSPECTED && (in_flight == 0 || now_ms - o->since_ms >= PATIENCE_MS))
		o->state = OUTAGE_DOWN;
	if (o->state == OUTAGE_SUSPECTED || o->state == OUTAGE_ASKED)
		return OUTAGE_HOLD;
	if (o->state == OUTAGE_DOWN && now_ms - o->since_ms >= o->timeout_ms)
		return OUTAGE_GIVE_UP;
	if (o->state == OUTAGE_LONE)
		return o->lone_sent ? OUTAGE_HOLD : OUTAGE_ONE;
	if (now_ms < o->next_ms)
		return OUTAGE_HOLD;
	return o->doubtful || only_failed ? OUTAGE_ASK : OUTAGE_ONE;
}

int64_t
outage_next_ms(const struct outage *o)
{
	int64_t end = o->since_ms + o->timeout_ms;

	if (o->state == OUTAGE_SUSPECTED)
		return o->since_ms + PATIENCE_MS;
	if (o->state != OUTAGE_DOWN)
		return INT64_MAX;
	return o->next_ms < end ? o->next_ms : end;
}

void
outage_started(struct outage *o, int64_t now_ms, bool question)
{
	if (o->state == OUTAGE_NONE)
		return;
	o->asked_ms = now_ms;
	o->state = question ? OUTAGE_ASKED : OUTAGE_LONE;
	o->lone_sent = !question;
}

void
outage_alive(struct outage *o, int64_t now_ms, bool question)
{
	if (question && o->state == OUTAGE_ASKED) {
		o->state = OUTAGE_LONE;
		o->lone_sent = false;
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
		if (!doubtful && o->alive_ms > sent_ms)
			return;
		o->state = OUTAGE_SUSPECTED;
		o->doubtful = false;
		o->since_ms = now_ms;
		o->asked_ms = INT64_MIN;
		o->gap_ms = FIRST_GAP_MS;
		o->next_ms = doubtful ? now_ms : now_ms + backoff_jitter_ms(FIRST_GAP_MS, random);
	} else if (o->state != OUTAGE_SUSPECTED && sent_ms >= o->asked_ms) {
		/* the question or the lone upload; what was sent before tells nothing new */
		o->state = OUTAGE_DOWN;
		o->next_ms = now_ms + backoff_jitter_ms(o->gap_ms, random);
		o->gap_ms = o->gap_ms < LONGEST_GAP_MS / 2 ? o->gap_ms * 2 : LONGEST_GAP_MS;
	}
	o->doubtful = o->doubtful || doubtful;
}
