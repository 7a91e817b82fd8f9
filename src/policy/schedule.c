/*
 * Theory. Three things say no before a row is sent: the run is stopping, the server may be down
 * (outage), it is too early (rate). Then the first ready item goes; items whose backoff is over
 * become ready behind those that are. A row that failed goes only if the retry budget has one left;
 * else one that was never sent does.
 *
 * A row's own retries are spent only on its own faults: an attempt counts when something else has
 * succeeded since the row's previous attempt. Where nothing else is left to succeed, the answer to
 * a question stands in for it ("evidence").
 */
#include "policy/schedule.h"

#include "policy/backoff.h"
#include "policy/number.h"

void
schedule_init(struct schedule *s, const struct schedule_options *o, int64_t now_ms)
{
	*s = (struct schedule){.options = *o, .random = o->seed};
	queue_init(&s->queue);
	rate_init(&s->rate, o->interval_ns, o->unpaced, now_ms);
	budget_init(&s->budget, now_ms);
	outage_init(&s->outage, o->outage_timeout_ms, now_ms);
	item_init(&s->question, UINT32_MAX);
}

void
schedule_fini(struct schedule *s)
{
	queue_fini(&s->queue);
}

/* 130, 143 and 129 before 5, that before 4, that before 6. */
static int
gravity(enum stop_reason why)
{
	switch (why) {
	case STOP_NONE:
		return 0;
	case STOP_SIGNAL:
		return 4;
	case STOP_WRITE:
		return 3;
	case STOP_KEY:
	case STOP_MISDIRECTED:
	case STOP_CERTIFICATE:
		return 2;
	default:
		return 1;
	}
}

enum stop_reason
stop_graver(enum stop_reason first, enum stop_reason other)
{
	return gravity(other) > gravity(first) ? other : first;
}

void
schedule_stop(struct schedule *s, enum stop_reason why)
{
	s->stop = stop_graver(s->stop, why);
}

static unsigned
in_flight(const struct schedule *s)
{
	return (unsigned)s->queue.count[ITEM_IN_FLIGHT] + s->asked;
}

/* Whether every row that is left has been sent before. */
static bool
only_failed(const struct schedule *s)
{
	return (s->rows_ended || s->rows_paused) && s->queue.fresh == 0;
}

static struct item *
ask(struct schedule *s, int64_t now_ms)
{
	s->question.sent_ms = now_ms;
	s->question.load = in_flight(s) + 1;
	s->asked = true;
	outage_started(&s->outage, now_ms, true);
	rate_started(&s->rate, now_ms, s->question.load - 1, true);
	return &s->question;
}

/* The row to start: the first that is ready, but for what outage and budget have against it. */
static struct item *
pick(struct schedule *s, int64_t now_ms, enum outage_advice advice, int64_t *wake_ms)
{
	int64_t retry_ms = budget_next_ms(&s->budget, now_ms);

	/* in an outage a row that has not failed yet tells more than one that has */
	if (advice == OUTAGE_ONE && !s->outage.throttled && !only_failed(s))
		return queue_start_fresh(&s->queue, now_ms);
	if (advice != OUTAGE_GO || !s->queue.ready || !s->queue.ready->failed || retry_ms <= now_ms)
		return queue_start(&s->queue, now_ms);
	*wake_ms = earlier(*wake_ms, retry_ms);
	return queue_start_fresh(&s->queue, now_ms);
}

static void
started(struct schedule *s, struct item *it, int64_t now_ms)
{
	bool probe = s->outage.state != OUTAGE_NONE;

	it->load = in_flight(s);
	s->retries += it->attempts > 1;
	if (it->failed)
		budget_spend(&s->budget, now_ms);
	outage_started(&s->outage, now_ms, false);
	rate_started(&s->rate, now_ms, it->load - 1, probe);
}

/* No permit for so long: is it a window of the server's that is spent, and a row could be sent? */
static void
check_pause(struct schedule *s, int64_t now_ms)
{
	int64_t pause_ms = rate_pause_until_ms(&s->rate, in_flight(s)) - now_ms;

	if (!s->queue.ready || pause_ms <= s->options.max_pause_ms)
		return;
	s->pause_ms = pause_ms;
	schedule_stop(s, STOP_PAUSE);
}

struct item *
schedule_take(struct schedule *s, int64_t now_ms, int64_t *wake_ms, bool *want_row)
{
	enum outage_advice advice;
	struct item *it;
	int64_t permit_ms;

	*want_row = false;
	*wake_ms = INT64_MAX;
	if (s->stop != STOP_NONE)
		return NULL;
	queue_wake(&s->queue, now_ms);
	if (queue_held(&s->queue) + in_flight(s) == 0)
		outage_idle(&s->outage, now_ms);
	advice = outage_advice(&s->outage, now_ms, in_flight(s), only_failed(s));
	if (advice == OUTAGE_GIVE_UP) {
		schedule_stop(s, STOP_OUTAGE);
		return NULL;
	}
	*wake_ms = queue_due_ms(&s->queue);
	if (advice == OUTAGE_HOLD) /* else its time is over, and no reason to wake for */
		*wake_ms = earlier(*wake_ms, outage_next_ms(&s->outage));
	if (advice == OUTAGE_HOLD || (!s->answered && in_flight(s) > 0))
		return NULL;
	/* a probe goes beside whatever hangs */
	permit_ms = rate_next_ms(&s->rate, now_ms, advice == OUTAGE_GO ? in_flight(s) : 0);
	if (permit_ms > now_ms) {
		*wake_ms = earlier(*wake_ms, permit_ms);
		outage_withhold(&s->outage);
		if (permit_ms - now_ms > s->options.max_pause_ms)
			check_pause(s, now_ms);
		/* one ahead: where there is none left, nobody has to wait for the permit */
		*want_row = advice == OUTAGE_GO && !s->rows_ended && s->queue.fresh == 0;
		return NULL;
	}
	if (advice == OUTAGE_ASK) {
		if (s->asked) /* since before this outage */
			return NULL;
		if (queue_held(&s->queue) > 0)
			return ask(s, now_ms);
	} else if ((it = pick(s, now_ms, advice, wake_ms))) {
		started(s, it, now_ms);
		return it;
	}
	*want_row = !s->rows_ended; /* nobody is there to send, or to ask for, yet */
	return NULL;
}

/* An attempt that certainly was not sent is none, and no retry either. */
static void
take_back(struct schedule *s, struct item *it)
{
	s->retries -= it->attempts > 1;
	it->attempts--;
}

void
schedule_untake(struct schedule *s, struct item *it)
{
	take_back(s, it);
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

/* Whether more rows have failed than the user allows. */
static void
count_done(struct schedule *s, bool failed)
{
	const struct schedule_options *o = &s->options;

	s->done++;
	s->failed += failed;
	if (!failed || o->max_failures == 0)
		return;
	if (o->max_failures_percent
		    ? s->done >= PERCENT_FROM && s->failed * 100 >= s->done * o->max_failures
		    : s->failed >= o->max_failures)
		schedule_stop(s, STOP_FAILURES);
}

/* ---- what an answer tells of the server ---- */

/* Refused as too much, or 503 with a time to come back: everybody waits. */
static void
refused(struct schedule *s, const struct item *it, const struct schedule_answer *a, int64_t now_ms)
{
	bool open = s->outage.state == OUTAGE_NONE || s->outage.state == OUTAGE_SUSPECTED, shut;
	bool busy = a->outcome == OUTCOME_UNAVAILABLE;
	bool too_long = a->retry_after_ms > s->options.max_pause_ms;
	int64_t until_ms = a->retry_after_ms < 0 ? -1 : now_ms + a->retry_after_ms;
	struct rate_refusal refusal = {it->sent_ms, a->retry_after_ms, it->load, busy};

	shut = outage_refused(&s->outage, now_ms, it->sent_ms, until_ms, busy,
			      backoff_random(&s->random));
	if (open)
		rate_refused(&s->rate, now_ms, &refusal, backoff_random(&s->random));
	else if (a->retry_after_ms >= 0)
		rate_pause(&s->rate, now_ms, a->retry_after_ms);
	if (open && shut)
		rate_shut(&s->rate, now_ms, it->sent_ms);
	if (open && shut && busy)
		rate_forgive(&s->rate);
	if (too_long || outage_refusing_ms(&s->outage, now_ms) > s->options.max_pause_ms) {
		s->pause_ms = too_long ? a->retry_after_ms : -1;
		schedule_stop(s, STOP_PAUSE);
	}
}

static void
failed(struct schedule *s, const struct item *it, const struct schedule_answer *a, int64_t now_ms)
{
	enum outage_failure failure = outcome_is_doubtful(a->outcome)  ? OUTAGE_DOUBTFUL
				      : a->outcome == OUTCOME_NOT_SENT ? OUTAGE_NOT_SENT
								       : OUTAGE_BUSY;
	struct rate_refusal refusal = {it->sent_ms, -1, it->load, true};
	bool open = s->outage.state == OUTAGE_NONE;

	outage_failed(&s->outage, now_ms, it->sent_ms, failure, only_failed(s),
		      backoff_random(&s->random));
	/* one 503 says "too fast"; a row's second one rather speaks of that row */
	if (open && s->outage.state == OUTAGE_NONE && a->busy && it->attempts == 1)
		rate_refused(&s->rate, now_ms, &refusal, backoff_random(&s->random));
}

static void
alive(struct schedule *s, const struct item *it, int64_t now_ms, bool question)
{
	bool throttled = s->outage.throttled;
	int64_t shut_ms = outage_alive(&s->outage, now_ms, it->sent_ms, question);

	if (shut_ms >= 0)
		rate_reopened(&s->rate, now_ms, shut_ms, throttled, s->outage.failed_ms,
			      backoff_random(&s->random));
}

static void
hear(struct schedule *s, const struct item *it, const struct schedule_answer *a, int64_t now_ms)
{
	s->answered = true;
	if (a->outcome == OUTCOME_KEY_REFUSED || a->outcome == OUTCOME_MISDIRECTED)
		return;
	rate_told(&s->rate, now_ms, it->sent_ms, &a->notice, in_flight(s) - 1);
	rate_way(&s->rate, a->way_ms);
	if (a->outcome == OUTCOME_THROTTLED ||
	    (a->outcome == OUTCOME_UNAVAILABLE && a->retry_after_ms >= 0)) {
		refused(s, it, a, now_ms);
	} else if (outcome_is_alive(a->outcome)) {
		alive(s, it, now_ms, false);
		rate_accepted(&s->rate, now_ms, it->sent_ms);
	} else {
		failed(s, it, a, now_ms);
	}
}

/* ---- what it means for its row ---- */

static enum verdict
throttled(struct schedule *s, struct item *it)
{
	s->throttles++;
	if (is_own_fault(s, it) && ++it->throttled >= THROTTLED_LIMIT)
		return finish(s, it, VERDICT_FINAL);
	queue_add_front(&s->queue, it);
	return VERDICT_AGAIN;
}

static enum verdict
unavailable(struct schedule *s, struct item *it, int64_t now_ms)
{
	if (is_own_fault(s, it))
		it->resent++;
	if (it->resent >= s->options.retries)
		return finish(s, it, VERDICT_FINAL);
	it->failed = true;
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

static enum verdict
judge(struct schedule *s, struct item *it, enum outcome o, int64_t now_ms)
{
	switch (o) {
	case OUTCOME_UPLOADED:
		s->successes++;
		s->evidence++;
		budget_earn(&s->budget, it->failed);
		/* fall through */
	case OUTCOME_REJECTED:
		return finish(s, it, VERDICT_FINAL);
	case OUTCOME_NOT_SENT:
		take_back(s, it);
		queue_add_front(&s->queue, it);
		return VERDICT_AGAIN;
	case OUTCOME_THROTTLED:
		return throttled(s, it);
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
		return unavailable(s, it, now_ms);
	case OUTCOME_UNAVAILABLE:
		return unavailable(s, it, now_ms);
	}
	return finish(s, it, VERDICT_FINAL);
}

enum verdict
schedule_done(struct schedule *s, struct item *it, const struct schedule_answer *a, int64_t now_ms)
{
	enum verdict v;

	hear(s, it, a, now_ms);
	s->judged += a->outcome == OUTCOME_UPLOADED ||
		     (a->outcome == OUTCOME_REJECTED && a->envelope);
	v = judge(s, it, a->outcome, now_ms);
	if (v == VERDICT_FINAL)
		count_done(s, a->outcome != OUTCOME_UPLOADED);
	return v;
}

/* Whether the server is back. Its asset does not exist: no envelope with an id can be expected. */
static bool
is_back(const struct schedule_answer *a)
{
	return a->envelope && a->outcome != OUTCOME_UNAVAILABLE && a->outcome != OUTCOME_NO_ANSWER;
}

void
schedule_answered(struct schedule *s, const struct schedule_answer *a, int64_t now_ms)
{
	s->answered = true;
	s->asked = false;
	if (a->outcome == OUTCOME_KEY_REFUSED) {
		schedule_stop(s, STOP_KEY);
	} else if (a->outcome == OUTCOME_MISDIRECTED) {
		schedule_stop(s, STOP_MISDIRECTED);
	} else if (a->outcome == OUTCOME_THROTTLED || a->retry_after_ms >= 0) {
		refused(s, &s->question, a, now_ms);
	} else if (is_back(a)) {
		/* with only failed rows left and no doubt, each of them may now use up its retries
		 */
		bool all_failed = only_failed(s) && !s->outage.doubtful;

		s->evidence += only_failed(s);
		alive(s, &s->question, now_ms, !all_failed);
	} else {
		outage_failed(&s->outage, now_ms, s->question.sent_ms, OUTAGE_NOT_SENT, true,
			      backoff_random(&s->random));
	}
}

struct item *
schedule_forgive(struct schedule *s, bool at_end)
{
	bool known = at_end ? s->judged > 0 : s->successes > s->forbidden_mark;

	if (s->forbidden == 0 || s->stop != STOP_NONE || !known)
		return NULL;
	s->forbidden--;
	count_done(s, true);
	return queue_unpark(&s->queue);
}
