/*
 * Theory. Three things say no before a row is sent: the run is stopping, the server may be down
 * (outage), it is too early (rate). Then the first ready item goes; items whose backoff is over
 * become ready behind those that are.
 *
 * A row's own retries are spent only on its own faults: an attempt counts when something else has
 * succeeded since the row's previous attempt. Where nothing else is left to succeed, the answer to
 * a question stands in for it ("evidence").
 */
#include "policy/schedule.h"

#include "policy/backoff.h"

void
schedule_init(struct schedule *s, const struct schedule_options *o, int64_t now_ms)
{
	*s = (struct schedule){.options = *o, .random = o->seed};
	queue_init(&s->queue);
	rate_init(&s->rate, o->interval_ns, now_ms);
	outage_init(&s->outage, o->outage_timeout_ms, now_ms);
	item_init(&s->question, UINT32_MAX);
}

void
schedule_fini(struct schedule *s)
{
	queue_fini(&s->queue);
}

void
schedule_stop(struct schedule *s, enum stop_reason why)
{
	if (s->stop == STOP_NONE)
		s->stop = why;
}

static unsigned
in_flight(const struct schedule *s)
{
	return (unsigned)s->queue.count[ITEM_IN_FLIGHT] + (s->outage.state == OUTAGE_ASKED);
}

/* Whether every row that is left has been sent before. */
static bool
only_failed(const struct schedule *s)
{
	return (s->rows_ended || s->rows_paused) && s->queue.fresh == 0;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static struct item *
ask(struct schedule *s, int64_t now_ms)
{
	s->question.sent_ms = now_ms;
	outage_started(&s->outage, now_ms, true);
	rate_started(&s->rate, now_ms);
	return &s->question;
}

struct item *
schedule_take(struct schedule *s, int64_t now_ms, int64_t *wake_ms, bool *want_row)
{
	enum outage_advice advice;
	struct item *it;

	*want_row = false;
	*wake_ms = INT64_MAX;
	if (s->stop != STOP_NONE)
		return NULL;
	queue_wake(&s->queue, now_ms);
	advice = outage_advice(&s->outage, now_ms, in_flight(s), only_failed(s));
	if (advice == OUTAGE_GIVE_UP) {
		schedule_stop(s, STOP_OUTAGE);
		return NULL;
	}
	*wake_ms = earlier(outage_next_ms(&s->outage), queue_due_ms(&s->queue));
	if (advice == OUTAGE_HOLD || (!s->answered && in_flight(s) > 0))
		return NULL;
	if (rate_next_ms(&s->rate, now_ms) > now_ms) {
		*wake_ms = earlier(*wake_ms, rate_next_ms(&s->rate, now_ms));
		return NULL;
	}
	if (advice == OUTAGE_ASK && queue_held(&s->queue) > 0)
		return ask(s, now_ms);
	if (advice == OUTAGE_ASK) { /* nobody to ask for yet */
		*want_row = !s->rows_ended;
		*wake_ms = INT64_MAX;
		return NULL;
	}
	/* in an outage a row that has not failed yet tells more than one that has */
	it = advice == OUTAGE_ONE && !only_failed(s) ? queue_start_fresh(&s->queue, now_ms)
						     : queue_start(&s->queue, now_ms);
	if (!it) {
		*want_row = !s->rows_ended;
		return NULL;
	}
	s->retries += it->attempts > 1;
	outage_started(&s->outage, now_ms, false);
	rate_started(&s->rate, now_ms);
	return it;
}

void
schedule_untake(struct schedule *s, struct item *it)
{
	it->attempts--;
	queue_add_front(&s->queue, it);
}

/* Whether this attempt counts against the row: something else has succeeded since its previous. */
static bool
is_own_fault(struct schedule *s, struct item *it)
{
	bool own = it->attempts > 1 && s->evidence > it->successes_seen;

	it->successes_seen = s->evidence;
	return own;
}

static enum verdict
finish(struct schedule *s, struct item *it, enum verdict v)
{
	queue_finish(&s->queue, it);
	return v;
}

static enum verdict
stop(struct schedule *s, struct item *it, enum stop_reason why)
{
	schedule_stop(s, why);
	return finish(s, it, VERDICT_PENDING);
}

/* Everybody waits; longer than the user allows ends the run. */
static void
pause_all(struct schedule *s, int64_t now_ms, int64_t sent_ms, int64_t retry_after_ms)
{
	int64_t refused;

	rate_refused(&s->rate, now_ms, sent_ms, retry_after_ms, backoff_random(&s->random));
	refused = now_ms - s->rate.refused_since_ms;
	if (retry_after_ms > s->options.max_pause_ms || refused > s->options.max_pause_ms) {
		s->pause_ms = retry_after_ms;
		schedule_stop(s, STOP_PAUSE);
	}
}

static enum verdict
throttled(struct schedule *s, struct item *it, int64_t now_ms, int64_t retry_after_ms)
{
	s->throttles++;
	pause_all(s, now_ms, it->sent_ms, retry_after_ms);
	if (is_own_fault(s, it) && ++it->throttled >= THROTTLED_LIMIT)
		return finish(s, it, VERDICT_FINAL);
	queue_add_front(&s->queue, it);
	return VERDICT_AGAIN;
}

static enum verdict
unavailable(struct schedule *s, struct item *it, int64_t now_ms, int64_t retry_after_ms)
{
	if (retry_after_ms >= 0)
		pause_all(s, now_ms, it->sent_ms, retry_after_ms);
	if (is_own_fault(s, it))
		it->resent++;
	if (it->resent >= s->options.retries)
		return finish(s, it, VERDICT_FINAL);
	queue_wait(&s->queue, it, now_ms + backoff_ms(it->resent, backoff_random(&s->random)));
	return VERDICT_AGAIN;
}

static enum verdict
forbidden(struct schedule *s, struct item *it)
{
	if (s->forbidden == 0)
		s->forbidden_mark = s->successes;
	queue_park(&s->queue, it);
	if (++s->forbidden >= FORBIDDEN_LIMIT)
		schedule_stop(s, STOP_KEY);
	return VERDICT_PARKED;
}

enum verdict
schedule_done(struct schedule *s, struct item *it, enum outcome o, int64_t now_ms,
	      int64_t retry_after_ms)
{
	s->answered = true;
	if (outcome_is_alive(o))
		outage_alive(&s->outage, now_ms, false);
	else if (o != OUTCOME_KEY_REFUSED && o != OUTCOME_MISDIRECTED)
		outage_failed(&s->outage, now_ms, it->sent_ms, outcome_is_doubtful(o),
			      backoff_random(&s->random));
	switch (o) {
	case OUTCOME_UPLOADED:
		s->successes++;
		s->evidence++;
		/* fall through */
	case OUTCOME_REJECTED:
		rate_accepted(&s->rate);
		return finish(s, it, VERDICT_FINAL);
	case OUTCOME_NOT_SENT:
		it->attempts--;
		queue_add_front(&s->queue, it);
		return VERDICT_AGAIN;
	case OUTCOME_THROTTLED:
		return throttled(s, it, now_ms, retry_after_ms);
	case OUTCOME_KEY_REFUSED:
		return stop(s, it, STOP_KEY);
	case OUTCOME_MISDIRECTED:
		return stop(s, it, STOP_MISDIRECTED);
	case OUTCOME_FORBIDDEN:
		return forbidden(s, it);
	case OUTCOME_NO_ANSWER:
	case OUTCOME_BAD_ANSWER:
		if (!s->options.resend)
			return finish(s, it, VERDICT_FINAL);
		return unavailable(s, it, now_ms, retry_after_ms);
	case OUTCOME_UNAVAILABLE:
		return unavailable(s, it, now_ms, retry_after_ms);
	}
	return finish(s, it, VERDICT_FINAL);
}

void
schedule_answered(struct schedule *s, enum outcome o, int64_t now_ms, int64_t retry_after_ms)
{
	s->answered = true;
	if (outcome_is_alive(o)) {
		/* with only failed rows left and no doubt, each of them may now use up its retries */
		bool all_failed = only_failed(s) && !s->outage.doubtful;

		s->evidence += only_failed(s);
		outage_alive(&s->outage, now_ms, !all_failed);
		if (o != OUTCOME_THROTTLED)
			return;
	} else {
		outage_failed(&s->outage, now_ms, s->question.sent_ms, false,
			      backoff_random(&s->random));
	}
	if (o == OUTCOME_KEY_REFUSED)
		schedule_stop(s, STOP_KEY);
	else if (o == OUTCOME_MISDIRECTED)
		schedule_stop(s, STOP_MISDIRECTED);
	else if (o == OUTCOME_THROTTLED || retry_after_ms >= 0)
		pause_all(s, now_ms, s->question.sent_ms, retry_after_ms);
}

struct item *
schedule_forgive(struct schedule *s, bool at_end)
{
	if (s->forbidden == 0 || s->stop != STOP_NONE ||
	    s->successes <= (at_end ? 0 : s->forbidden_mark))
		return NULL;
	s->forbidden--;
	return queue_unpark(&s->queue);
}
