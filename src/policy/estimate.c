/*
 * Theory. The limit is measured, not guessed. Between two refusals a limiter that lost no unused
 * tokens has accepted exactly its limit times the time; if it lost some, that is a lower bound
 * (BBR's way with policers, net/ipv4/tcp_bbr.c, bbr_lt_bw_sampling). So each refusal ends a cycle,
 * and the rate is a closed formula of the time since then; nothing ticks: hold the sustained rate
 * for a while, then probe, rising as w * 2^(0.003 x^3): a plateau and a convex rise as CUBIC's (RFC
 * 9438), in relative terms so that 2/s and 2000/s are alike.
 *
 * A refused probe leaves an interval: the rate that was proven, and the one that was refused. A
 * guess is made between them; if it fails, or probes keep finding the same, the proven rate is
 * confirmed and held longer each time. How long is a budget: a probe may cost one refusal in a
 * hundred requests and a second of silence in fifty. Where a refusal costs silence, because the
 * server names a time or bans, probes rise more slowly.
 *
 * A quota per window shows as the same count between one shutting and the next. Then the rate is
 * the count over the window's length, and moves by 3 % at a time.
 *
 * The numbers were found by simulation; `make bench-rate` shows what they come to.
 */
#include "policy/estimate.h"

#include <math.h>

#include "policy/number.h"

#define SLOWEST_PER_S 0.01
#define CUBE 0.003 /* a probe is 6 % up after 3 s, 30 % after 5 s, eightfold after 10 s */
#define HOLD_S 5.0 /* the shortest stay, doubled with each confirmation */
#define CONFIRMED_MAX 3
#define REQUESTS_PER_REFUSAL 100.0
#define SECONDS_PER_SILENCE 50.0
#define SLOWER_S 0.2 /* after a pause a probe rises by so much more slowly than it was long */
#define MARGIN 0.995 /* of a measured limit */
#define STEP 0.4 /* a new guess lies so far from the proven to the refused rate */
#define AGAIN 1.15 /* a probe refused under so many times the last one's rate found it again */
#define NEAR 1.04 /* rates nearer than this are not worth a step between */
#define MORE 1.03 /* a proven rate from here on is more than the last */
#define CHEAP_S 1.0 /* of silence: what a refusal may cost to be cheap ... */
#define DEAR_S 3.0 /* ... and from where on it is dear */
#define ENOUGH 50 /* accepted requests that measure a rate, or make a peace after an outage */
#define QUOTA_LEAST 30 /* a smaller count that comes again may be chance */

static double
clamp(double x, double low, double high)
{
	return least(most(x, low), high);
}

static double
jitter(uint64_t random)
{
	return 0.9 + 0.2 * (double)(random >> 11) / 9007199254740992.0; /* 2^53 */
}

void
estimate_init(struct estimate *e, double now_s)
{
	*e = (struct estimate){
		.sustained_per_s = INFINITY,
		.hold_until_s = now_s,
		.scale_s = 1,
		.cycle = {.from_s = now_s, .stray_at = -1},
		.window = {.opened_s = now_s, .accepted_before = -1},
	};
}

double
estimate_at(const struct estimate *e, double at_s)
{
	double x = (at_s - e->hold_until_s) / e->scale_s;

	if (x <= 0 || isinf(e->sustained_per_s))
		return e->sustained_per_s;
	return e->sustained_per_s * exp2(least(CUBE * x * x * x, 40));
}

enum estimate_phase
estimate_phase_at(const struct estimate *e, double sent_s)
{
	if (isinf(e->sustained_per_s))
		return ESTIMATE_STARTING;
	return sent_s > e->hold_until_s ? ESTIMATE_PROBING : ESTIMATE_HOLDING;
}

void
estimate_accepted(struct estimate *e, double sent_s)
{
	if (sent_s > e->cycle.from_s)
		e->cycle.accepted++;
	e->window.accepted++;
}

void
estimate_skip(struct estimate *e, double idle_s)
{
	e->hold_until_s += idle_s;
	e->cycle.from_s += idle_s;
}

/* How long the sustained rate is kept before more is tried. */
static void
set_hold(struct estimate *e, double now_s, uint64_t random)
{
	const struct estimate_cycle *c = &e->cycle;
	double refusals = clamp(c->refusals_before, 1, 3), hold_s;

	if (e->confirmed > 0)
		hold_s = most(HOLD_S * exp2(e->confirmed),
			      most(SECONDS_PER_SILENCE * c->cost_s,
				   REQUESTS_PER_REFUSAL * refusals / e->sustained_per_s));
	else
		hold_s = most(HOLD_S,
			      most(6 * c->cost_s, REQUESTS_PER_REFUSAL / e->sustained_per_s));
	if (e->window.known)
		hold_s = most(hold_s, 5 * e->window.length_s);
	e->hold_until_s = now_s + hold_s * jitter(random);
}

void
estimate_settle(struct estimate *e, double now_s, double cost_s, uint64_t random)
{
	double high = e->refused_per_s, low = e->proven_per_s;
	bool again = e->confirmed > 0 && high < AGAIN * e->refused_before_per_s;

	e->cycle.cost_s = cost_s;
	e->cycle.silence_s += cost_s;
	if (e->phase == ESTIMATE_PROBING) {
		if (again || e->window.known || cost_s > DEAR_S || high < NEAR * low) {
			bool found_more = e->confirmed > 0 && low >= MORE * e->previous_per_s;

			e->sustained_per_s = low;
			e->confirmed = found_more ? 1 : e->confirmed + 1;
			if (e->confirmed > CONFIRMED_MAX)
				e->confirmed = CONFIRMED_MAX;
		} else if (cost_s < CHEAP_S && high > 2 * e->previous_per_s) {
			e->sustained_per_s = most(low, 0.75 * high); /* far above, and cheap */
			e->confirmed = 0;
		} else {
			e->sustained_per_s = low + STEP * (high - low);
			e->confirmed = 0;
		}
		e->refused_before_per_s = high;
	}
	set_hold(e, now_s, random);
}

/* ---- cuts ---- */

/* The accepted rate between the last two refusals: the limit, or a lower bound of it. */
static double
measured_limit(const struct estimate_cycle *c, double sent_s)
{
	double span_s = sent_s - c->from_s;

	return span_s > 0 ? c->accepted / (span_s - 0.5 * c->silence_s) : 0;
}

static void
cut_starting(struct estimate *e, double rate)
{
	e->sustained_per_s = 0.5 * rate;
	e->confirmed = 0;
	e->proven_per_s = 0;
	e->cycle.refusals = e->cycle.refusals_before = 0;
}

static void
cut_probing(struct estimate *e, double sent_s, double rate, double limit)
{
	double old = e->sustained_per_s, low = most(old, MARGIN * least(limit, rate));

	if (rate > 4 * old)
		e->window.known = false; /* no such quota could have let that pass */
	if (e->window.known) {
		bool long_taken = sent_s - e->hold_until_s > 1.5 * e->window.length_s;

		low = long_taken && rate > 1.5 * old ? 0.8 * rate : 1.03 * old;
	} else if (e->scale_s >= 3) {
		low = most(low, 0.85 * rate); /* a slow probe ends close to the limit */
	}
	e->proven_per_s = e->sustained_per_s = low;
	e->refused_per_s = most(rate, low);
	e->cycle.refusals_before = e->cycle.refusals;
	e->cycle.refusals = 1;
}

/* Refused at the sustained rate: a guess failed, the limit fell, or others came. */
static void
cut_holding(struct estimate *e, double sent_s, double limit, double rtt_s)
{
	const struct estimate_cycle *c = &e->cycle;
	double old = e->sustained_per_s, span_s = sent_s - c->from_s, low = e->proven_per_s;
	double top = most(low, 0.97 * old), middle = 0.5 * (low + top);
	bool quiet = c->silence_s > 0.1 * span_s;
	bool measured = c->accepted >= ENOUGH && span_s >= 4 * rtt_s && c->silence_s < 0.1 * span_s;

	e->proven_per_s = 0;
	if (low <= 0)
		e->cycle.refusals = e->cycle.refusals_before = 0;
	if (e->window.known) {
		e->sustained_per_s = 0.97 * old;
		e->confirmed = 1;
	} else if (low > 0 && e->confirmed == 0) {
		e->confirmed = 1;
		e->sustained_per_s = low;
		if (measured) {
			e->sustained_per_s = clamp(MARGIN * limit, low, top);
		} else if (middle > NEAR * low) {
			e->sustained_per_s = middle;
			e->proven_per_s = low;
			e->confirmed = 0;
		}
	} else if (measured) {
		e->sustained_per_s = clamp(MARGIN * limit, 0.2 * old, 0.98 * old);
		e->confirmed = 1;
	} else {
		double floor = c->accepted < 5 || quiet ? 0.6 : 0.3;

		e->sustained_per_s = clamp(limit, floor * old, 0.97 * old);
		e->confirmed = 0;
	}
}

static void
new_cycle(struct estimate *e, double sent_s)
{
	e->sustained_per_s = most(e->sustained_per_s, SLOWEST_PER_S);
	if (!e->window.known)
		e->scale_s = 1;
	e->cycle.from_s = sent_s;
	e->cycle.accepted = e->cycle.silence_s = 0;
	e->cycle.stray_at = -1;
	e->cycle.heat = 0;
}

void
estimate_cut(struct estimate *e, double sent_s, double rate_per_s, double rtt_s)
{
	double limit = measured_limit(&e->cycle, sent_s);

	e->phase = estimate_phase_at(e, sent_s);
	e->previous_per_s = e->sustained_per_s;
	if (e->phase == ESTIMATE_STARTING)
		cut_starting(e, rate_per_s);
	else if (e->phase == ESTIMATE_PROBING)
		cut_probing(e, sent_s, rate_per_s, limit);
	else
		cut_holding(e, sent_s, limit, rtt_s);
	new_cycle(e, sent_s);
}

void
estimate_restart(struct estimate *e, double now_s, double sent_s, double refused_per_s)
{
	e->phase = ESTIMATE_STARTING;
	cut_starting(e, refused_per_s);
	new_cycle(e, sent_s);
	if (!isinf(e->sustained_per_s))
		e->hold_until_s = now_s + HOLD_S;
}

/* ---- shut and open ---- */

/* Whether the server refused at the sustained rate after as many as the time before. */
static bool
is_same_count(const struct estimate *e)
{
	const struct estimate_window *w = &e->window;

	return e->phase == ESTIMATE_HOLDING && w->accepted >= QUOTA_LEAST &&
	       fabs(w->accepted - w->accepted_before) <= 1 + 0.01 * w->accepted;
}

void
estimate_shut(struct estimate *e)
{
	e->window.same_count = is_same_count(e);
}

/* An outage is over. A short peace before it halves the rate. */
static void
reopen_after_outage(struct estimate *e, double now_s, double shut_s, double accepted,
		    uint64_t random)
{
	if (accepted > 0 && accepted < ENOUGH)
		e->sustained_per_s *= 0.5;
	e->cycle.from_s += shut_s;
	e->cycle.cost_s = 0;
	e->window.accepted = accepted;
	e->scale_s = 1;
	set_hold(e, now_s, random);
}

/* Refusals are over. A second shutting after the same count means a quota per window. */
static void
reopen_after_refusals(struct estimate *e, double now_s, double shut_s, double accepted,
		      double length_s, uint64_t random)
{
	struct estimate_window *w = &e->window;

	if (w->same_count && shut_s > DEAR_S) {
		w->known = true;
		w->length_s = length_s;
		e->confirmed = 1;
		e->sustained_per_s = 0.99 * accepted / length_s;
	}
	w->accepted_before = accepted;
	e->scale_s = clamp(w->known ? w->length_s / 8 : shut_s + SLOWER_S, 1, 10);
	estimate_settle(e, now_s, w->known ? 0.03 * shut_s : shut_s, random);
}

bool
estimate_reopen(struct estimate *e, double now_s, double shut_s, bool throttled, double refused_s,
		uint64_t random)
{
	struct estimate_window *w = &e->window;
	double accepted = w->accepted;
	/* up to the last probe that failed, if there was one: it was still the same window */
	double end_s = refused_s > w->opened_s ? refused_s : now_s;
	double length_s = most(end_s - w->opened_s, 0.001);

	e->cycle.heat = 0;
	w->accepted = 0;
	w->opened_s = now_s;
	if (throttled && !isinf(e->sustained_per_s)) {
		reopen_after_refusals(e, now_s, shut_s, accepted, length_s, random);
		return false;
	}
	reopen_after_outage(e, now_s, shut_s, accepted, random);
	return true;
}
