/*
 * Theory. The states go NONE -> SUSPECTED -> DOWN -> (ASKED ->) LONE -> NONE; a failure in ASKED or
 * LONE goes back to DOWN with the distance doubled, up to a tenth of the time that the outage has
 * lasted, but at least 5 s and at most a minute: so waiting longer than needed costs a tenth.
 *
 * A doubtful failure always makes suspect: a row more that is sent may be a row more in doubt, and
 * the next answer, mostly a few milliseconds away, ends the suspicion. So a server that hangs puts
 * in doubt what was in flight, and not one row more. A failure without doubt (refused, 503) can do
 * no harm again: it counts only if nothing was answered since that request was sent, and a 503 only
 * as the third in a row, for one alone is how many servers say "too fast" (nginx limit_req).
 *
 * Those in flight have a second to answer; then a question goes beside them, so that one slow
 * request does not hold up a server that is well.
 *
 * In DOWN an upload is the question itself where that cannot do harm (refused connections, 503: the
 * request was certainly not accepted, and the answer comes from the path that matters). After
 * doubtful failures, or when every row that is left has failed already, a GET asks first.
 *
 * Refusals as too much (429) in a row, with nothing accepted between, shut the server without
 * suspicion or question: NONE -> DOWN -> LONE. Some servers ban a client that goes on and start the
 * ban anew with each request, so the distance doubles up to two minutes. Where a refusal names a
 * time, the pause is rate's; only when all is refused again after it, the server is shut (and down,
 * if that was a 503).
 *
 * The two troubles have each their own end. A server that is down is given up when timeout_ms have
 * passed since it last took or refused something, or since the time that it named is over; and never
 * before a question failed, nor while the next one is withheld by the rate (a window that is spent).
 * How long one may refuse is the caller's to say: outage_refusing_ms counts from the first refusal,
 * whatever came between, so that two servers behind one address, one down, one busy, don't put off
 * each other's end.
 */
#include "policy/outage.h"

#include "policy/backoff.h"
#include "policy/number.h"

#define PATIENCE_MS 1000
#define FIRST_GAP_MS 1000
#define LOWEST_CAP_MS 5000
#define LONGEST_GAP_MS 60000
#define SHARE_OF_OUTAGE 10 /* the distance is at most one tenth of the outage */
#define FIRST_SHUT_GAP_MS 500
#define LONGEST_SHUT_GAP_MS 120000
#define BUSY_IN_A_ROW 3
#define REFUSALS_IN_A_ROW 3
#define BOUTS_IN_A_ROW 2

void
outage_init(struct outage *o, int64_t timeout_ms, int64_t now_ms)
{
	*o = (struct outage){.timeout_ms = timeout_ms, .alive_ms = now_ms - 1,
			     .refused_ms = INT64_MIN};
}

int64_t
outage_end_ms(const struct outage *o)
{
	if (o->state != OUTAGE_DOWN || o->throttled || o->failed_ms == INT64_MIN || o->withheld)
		return INT64_MAX;
	return o->patient_ms + o->timeout_ms;
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
	if (now_ms >= outage_end_ms(o))
		return OUTAGE_GIVE_UP;
	if (o->state == OUTAGE_LONE)
		return o->lone_sent ? OUTAGE_HOLD : OUTAGE_ONE;
	if (now_ms < o->next_ms)
		return OUTAGE_HOLD;
	return !o->throttled && (o->doubtful || only_failed) ? OUTAGE_ASK : OUTAGE_ONE;
}

int64_t
outage_next_ms(const struct outage *o)
{
	if (o->state == OUTAGE_SUSPECTED)
		return o->since_ms + PATIENCE_MS;
	if (o->state != OUTAGE_DOWN)
		return INT64_MAX;
	return earlier(o->next_ms, outage_end_ms(o));
}

void
outage_idle(struct outage *o, int64_t now_ms)
{
	if (o->patient_ms < now_ms)
		o->patient_ms = now_ms;
	o->refused_ms = INT64_MIN;
}

void
outage_withhold(struct outage *o)
{
	o->withheld = o->state == OUTAGE_DOWN;
}

int64_t
outage_refusing_ms(const struct outage *o, int64_t now_ms)
{
	return o->refused_ms == INT64_MIN ? 0 : now_ms - o->refused_ms;
}

void
outage_started(struct outage *o, int64_t now_ms, bool question)
{
	if (o->state == OUTAGE_NONE)
		return;
	o->withheld = false;
	o->asked_ms = now_ms;
	o->state = question ? OUTAGE_ASKED : OUTAGE_LONE;
	o->lone_sent = !question;
}

/* Whether a request is the question or the lone upload; what was sent before tells nothing new. */
static bool
is_probe(const struct outage *o, int64_t sent_ms)
{
	return o->asked_ms != INT64_MIN && sent_ms >= o->asked_ms;
}

int64_t
outage_alive(struct outage *o, int64_t now_ms, int64_t sent_ms, bool question)
{
	bool was_shut = o->state != OUTAGE_NONE && o->state != OUTAGE_SUSPECTED;

	if (question) {
		if (o->state == OUTAGE_ASKED) {
			o->state = OUTAGE_LONE;
			o->lone_sent = false;
			o->doubtful = false;
		}
		return -1;
	}
	if (was_shut && o->throttled && !is_probe(o, sent_ms))
		return -1; /* taken before the server was shut */
	o->state = OUTAGE_NONE;
	o->alive_ms = now_ms;
	o->busy = o->refusals = o->bouts = 0;
	o->refused_ms = INT64_MIN;
	return was_shut ? now_ms - o->since_ms : -1;
}

/* The server takes nothing from now on. */
static void
begin(struct outage *o, int64_t now_ms, bool throttled)
{
	o->throttled = throttled;
	o->doubtful = o->withheld = false;
	o->since_ms = o->patient_ms = now_ms;
	o->asked_ms = o->failed_ms = INT64_MIN;
	o->gap_ms = throttled ? FIRST_SHUT_GAP_MS : FIRST_GAP_MS;
}

/* The question or the lone upload failed: the next one waits longer. */
static void
ask_later(struct outage *o, int64_t now_ms, uint64_t random)
{
	int64_t cap = (now_ms - o->since_ms) / SHARE_OF_OUTAGE;

	if (cap < LOWEST_CAP_MS)
		cap = LOWEST_CAP_MS;
	if (cap > LONGEST_GAP_MS)
		cap = LONGEST_GAP_MS;
	if (o->throttled)
		cap = LONGEST_SHUT_GAP_MS;
	if (o->gap_ms > cap)
		o->gap_ms = cap;
	o->state = OUTAGE_DOWN;
	o->failed_ms = o->asked_ms;
	o->next_ms = now_ms + backoff_jitter_ms(o->gap_ms, random);
	o->gap_ms *= 2;
}

void
outage_failed(struct outage *o, int64_t now_ms, int64_t sent_ms, enum outage_failure failure,
	      bool only_failed, uint64_t random)
{
	bool doubtful = failure == OUTAGE_DOUBTFUL;

	if (failure == OUTAGE_BUSY)
		o->busy++;
	if (o->state == OUTAGE_NONE) {
		if (!doubtful && o->alive_ms > sent_ms)
			return;
		if (failure == OUTAGE_BUSY && o->busy < BUSY_IN_A_ROW && !only_failed)
			return;
		begin(o, now_ms, false);
		o->state = OUTAGE_SUSPECTED;
		o->next_ms = doubtful ? now_ms : now_ms + backoff_jitter_ms(FIRST_GAP_MS, random);
	} else if (o->state != OUTAGE_SUSPECTED && is_probe(o, sent_ms)) {
		if (o->throttled) {
			o->throttled = false;
			o->patient_ms = now_ms;
		}
		ask_later(o, now_ms, random);
	}
	o->doubtful = o->doubtful || doubtful;
}

bool
outage_refused(struct outage *o, int64_t now_ms, int64_t sent_ms, int64_t until_ms, bool busy,
	       uint64_t random)
{
	if (o->refused_ms == INT64_MIN)
		o->refused_ms = now_ms;
	if (o->state == OUTAGE_SUSPECTED)
		o->state = OUTAGE_NONE; /* it is alive */
	if (o->state != OUTAGE_NONE) {
		if (!is_probe(o, sent_ms))
			return false;
		/* it may have been down, and be back, but takes nothing yet */
		o->throttled = !busy;
		ask_later(o, now_ms, random);
	} else if (until_ms >= 0) {
		if (sent_ms < o->bout_until_ms && o->bouts > 0)
			return false; /* was on its way when the pause was asked for */
		o->bout_until_ms = until_ms;
		if (++o->bouts < BOUTS_IN_A_ROW)
			return false;
		begin(o, now_ms, !busy);
		o->state = OUTAGE_DOWN;
	} else {
		if (++o->refusals < REFUSALS_IN_A_ROW)
			return false;
		begin(o, now_ms, true);
		o->state = OUTAGE_DOWN;
		o->next_ms = now_ms + backoff_jitter_ms(FIRST_SHUT_GAP_MS, random);
	}
	o->patient_ms = now_ms;
	if (until_ms >= 0)
		o->next_ms = o->patient_ms = until_ms;
	return true;
}
