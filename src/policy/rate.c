/*
 * Theory.
 *
 * Pacing is GCRA (ITU-T I.371, annex A, virtual scheduling): each start moves the theoretical
 * arrival time (tat) on by 1/rate; a request may start from tat on, and lateness up to TAU is made
 * up for. --rate u is held to u / 1.005, so that N starts span at least (N-1)T - TAU with
 * T = 1.005/u, less the millisecond that the clock resolves: no second holds more than u.
 *
 * The limit is measured, not guessed. Between two refusals a limiter that lost no unused tokens has
 * accepted exactly its limit times the time; if it lost some, that is a lower bound (BBR's way with
 * policers, net/ipv4/tcp_bbr.c, bbr_lt_bw_sampling). So each refusal ends a cycle, and the rate is a
 * closed formula of the time since then; nothing ticks: hold the sustained rate for a while, then
 * probe, rising as w * 2^(0.003 x^3): a plateau and a convex rise as CUBIC's (RFC 9438), in relative
 * terms so that 2/s and 2000/s are alike.
 *
 * One reaction per round trip: what was sent before the last cut is stale evidence. How long to hold
 * is a budget: a probe may cost one refusal in a hundred requests and a second of silence in fifty.
 * The numbers were found by simulation; `make bench-rate` shows what they come to.
 */
#include "policy/rate.h"

#include <math.h>

#include "policy/backoff.h"

#define TAU_S 0.004
#define CLOCK_S 0.001  /* what the clock resolves */
#define STRETCH (1 + TAU_S + CLOCK_S)
#define FIRST_PER_S 20.0
#define SLOWEST_PER_S 1e-4
#define SLOWEST_GUESS_PER_S 0.01
#define RAMP_RTTS 5.0  /* the ramp doubles in so many round trips ... */
#define RAMP_MIN_S 0.2 /* ... within these */
#define RAMP_MAX_S 1.0
#define CUBE 0.003     /* a probe is 6 % up after 3 s, 30 % after 5 s, eightfold after 10 s */
#define HOLD_S 5.0     /* the shortest stay, doubled with each confirmation */
#define CONFIRMED_MAX 3
#define REQUESTS_PER_REFUSAL 100.0
#define SECONDS_PER_SILENCE 50.0
#define SLOWER_S 0.2   /* after a pause a probe rises by so much more slowly than it was long */
#define MARGIN 0.995   /* of a measured limit */
#define STEP 0.4       /* a new guess lies so far from the proven to the refused rate */
#define TOLERATED 3    /* the so-manieth refusal at the sustained rate cuts it */
#define ENOUGH_ACCEPTED 50
#define STRAY 20       /* accepted requests after which a lone 503 is forgotten */
#define BIN_S 0.25
#define IDLE_S 1.0     /* a longer silence is lack of rows, no proof of anything */
#define PILE_MIN 8     /* in flight without a look at the round trip */
#define BARE_PAUSE_MS 500
#define LONGEST_BARE_PAUSE_MS 60000

static double
seconds(int64_t ms)
{
	return (double)ms / 1000;
}

static double
clamp(double x, double low, double high)
{
	return fmin(fmax(x, low), high);
}

static double
jitter(uint64_t random)
{
	return 0.9 + 0.2 * (double)(random >> 11) / 9007199254740992.0; /* 2^53 */
}

void
rate_init(struct rate *r, int64_t interval_ns, bool unpaced, int64_t now_ms)
{
	double now_s = seconds(now_ms);

	*r = (struct rate){
		.user_per_s = interval_ns > 0 ? 1e9 / (double)interval_ns : INFINITY,
		.unpaced = unpaced,
		.tat_s = now_s,
		.pause_until_s = now_s,
		.stale_s = now_s - 1,
		.way_s = INFINITY,
		.ramp_from_s = now_s,
		.ramp_per_s = FIRST_PER_S,
		.measured_per_s = FIRST_PER_S,
		.bin_from_s = now_s,
		.estimate = {.sustained_per_s = INFINITY, .hold_until_s = now_s, .scale_s = 1},
		.cycle = {.from_s = now_s, .stray_at = -1},
		.window = {.opened_s = now_s, .accepted_before = -1},
	};
	quota_init(&r->quota, now_s);
	load_init(&r->load);
}

/* ---- the rate at a time ---- */

/* What the estimate allows: the sustained rate, and more when it is time to probe. */
static double
estimate_at(const struct rate_estimate *e, double at_s)
{
	double x = (at_s - e->hold_until_s) / e->scale_s;

	if (x <= 0 || isinf(e->sustained_per_s))
		return e->sustained_per_s;
	return e->sustained_per_s * exp2(fmin(CUBE * x * x * x, 40));
}

static double
ramp_at(const struct rate *r, double at_s)
{
	double doubling_s = clamp(RAMP_RTTS * r->rtt_s, RAMP_MIN_S, RAMP_MAX_S);
	double ramp = r->ramp_per_s * exp2(fmin((at_s - r->ramp_from_s) / doubling_s, 40));
	double sustained = r->estimate.sustained_per_s;

	/* never far above what is really sent: an unused rate is no evidence that it is taken */
	return fmin(ramp, fmax(4 * r->measured_per_s + FIRST_PER_S,
			       isinf(sustained) ? 0 : sustained));
}

static double
rate_at(const struct rate *r, double at_s)
{
	double rate = fmin(estimate_at(&r->estimate, at_s), ramp_at(r, at_s));

	rate = fmin(rate, quota_ceiling_per_s(&r->quota, at_s));
	rate = fmin(rate, r->user_per_s / STRETCH);
	return fmax(rate, SLOWEST_PER_S);
}

/* ---- permits ---- */

static bool
has_room(const struct rate *r, double now_s, unsigned in_flight)
{
	/* a server that hangs gets no pile */
	double pile = 3 * rate_at(r, now_s) * (r->rtt_s + CLOCK_S) + 4;

	return in_flight < fmax(PILE_MIN, pile) && load_has_room(&r->load, in_flight);
}

int64_t
rate_next_ms(const struct rate *r, int64_t now_ms, unsigned in_flight)
{
	double now_s = seconds(now_ms), next_s = r->pause_until_s;

	if (!r->unpaced) {
		if (!has_room(r, now_s, in_flight))
			return INT64_MAX;
		next_s = fmax(next_s, r->tat_s);
		if (quota_is_spent(&r->quota, now_s)) {
			if (in_flight > 0) /* their answers may say more */
				return INT64_MAX;
			next_s = fmax(next_s, r->quota.reset_s);
		}
	}
	/* to the microsecond: the sum of doubles must not cost a whole millisecond */
	return (int64_t)ceil(next_s * 1000 - 0.001);
}

static void
measure_start(struct rate *r, double now_s)
{
	r->bin_starts++;
	if (now_s - r->bin_from_s < BIN_S)
		return;
	r->measured_per_s = r->bin_starts / (now_s - r->bin_from_s);
	r->bin_from_s = now_s;
	r->bin_starts = 0;
}

void
rate_started(struct rate *r, int64_t now_ms, unsigned in_flight, bool probe)
{
	double now_s = seconds(now_ms), idle_s = now_s - r->tat_s;

	if (!probe && idle_s > IDLE_S) { /* for want of rows: the clocks stood still */
		r->estimate.hold_until_s += idle_s;
		r->ramp_from_s += idle_s;
		r->cycle.from_s += idle_s;
	}
	r->tat_s = fmax(r->tat_s, now_s - TAU_S) + 1 / rate_at(r, now_s);
	measure_start(r, now_s);
	quota_started(&r->quota);
	load_started(&r->load, in_flight + 1);
}

/* ---- what refusals tell ---- */

/* How long the sustained rate is kept before more is tried. */
static void
set_hold(struct rate *r, double now_s, uint64_t random)
{
	struct rate_estimate *e = &r->estimate;
	const struct rate_cycle *c = &r->cycle;
	double refusals = clamp(c->refusals_before, 1, 3), hold_s;

	if (e->confirmed > 0)
		hold_s = fmax(HOLD_S * exp2(e->confirmed),
			      fmax(SECONDS_PER_SILENCE * c->cost_s,
				   REQUESTS_PER_REFUSAL * refusals / e->sustained_per_s));
	else
		hold_s = fmax(HOLD_S, fmax(6 * c->cost_s, REQUESTS_PER_REFUSAL / e->sustained_per_s));
	if (r->window.known)
		hold_s = fmax(hold_s, 5 * r->window.length_s);
	e->hold_until_s = now_s + hold_s * jitter(random);
}

/* After a refusal whose price in silence is known: keep the proven rate, or try one above it. */
static void
settle(struct rate *r, double now_s, double cost_s, uint64_t random)
{
	struct rate_estimate *e = &r->estimate;
	double high = e->refused_per_s, low = e->proven_per_s;
	bool again = e->confirmed > 0 && high < 1.15 * e->refused_before_per_s;

	r->cycle.cost_s = cost_s;
	r->cycle.silence_s += cost_s;
	if (e->phase == RATE_PROBING) {
		if (again || r->window.known || cost_s > 3 || high < 1.04 * low) {
			bool found_more = e->confirmed > 0 && low >= 1.03 * e->previous_per_s;

			e->sustained_per_s = low;
			e->confirmed = found_more ? 1 : e->confirmed + 1;
			if (e->confirmed > CONFIRMED_MAX)
				e->confirmed = CONFIRMED_MAX;
		} else if (cost_s < 1 && high > 2 * e->previous_per_s) {
			e->sustained_per_s = fmax(low, 0.75 * high); /* far above, and cheap */
			e->confirmed = 0;
		} else {
			e->sustained_per_s = low + STEP * (high - low);
			e->confirmed = 0;
		}
		e->refused_before_per_s = high;
	}
	set_hold(r, now_s, random);
}

/* The accepted rate between the last two refusals: the limit, or a lower bound of it. */
static double
measured_limit(const struct rate_cycle *c, double sent_s)
{
	double span_s = sent_s - c->from_s;

	return span_s > 0 ? c->accepted / (span_s - 0.5 * c->silence_s) : 0;
}

static void
cut_starting(struct rate *r, double rate)
{
	r->estimate.sustained_per_s = 0.5 * rate;
	r->estimate.confirmed = 0;
	r->estimate.proven_per_s = 0;
	r->cycle.refusals = r->cycle.refusals_before = 0;
}

static void
cut_probing(struct rate *r, double sent_s, double rate, double limit)
{
	struct rate_estimate *e = &r->estimate;
	double old = e->sustained_per_s, low = fmax(old, MARGIN * fmin(limit, rate));

	if (rate > 4 * old)
		r->window.known = false; /* no such quota could have let that pass */
	if (r->window.known) {
		bool long_taken = sent_s - e->hold_until_s > 1.5 * r->window.length_s;

		low = long_taken && rate > 1.5 * old ? 0.8 * rate : 1.03 * old;
	} else if (e->scale_s >= 3) {
		low = fmax(low, 0.85 * rate); /* a slow probe ends close to the limit */
	}
	e->proven_per_s = e->sustained_per_s = low;
	e->refused_per_s = fmax(rate, low);
	r->cycle.refusals_before = r->cycle.refusals;
	r->cycle.refusals = 1;
}

/* Refused at the sustained rate: a guess failed, the limit fell, or others came. */
static void
cut_holding(struct rate *r, double sent_s, double limit)
{
	struct rate_estimate *e = &r->estimate;
	const struct rate_cycle *c = &r->cycle;
	double old = e->sustained_per_s, span_s = sent_s - c->from_s, low = e->proven_per_s;
	double top = fmax(low, 0.97 * old), middle = 0.5 * (low + top);
	bool quiet = c->silence_s > 0.1 * span_s;
	bool measured = c->accepted >= ENOUGH_ACCEPTED && span_s >= 4 * r->rtt_s &&
			c->silence_s < 0.1 * span_s;

	e->proven_per_s = 0;
	if (low <= 0)
		r->cycle.refusals = r->cycle.refusals_before = 0;
	if (r->window.known) {
		e->sustained_per_s = 0.97 * old;
		e->confirmed = 1;
	} else if (low > 0 && e->confirmed == 0) {
		e->confirmed = 1;
		e->sustained_per_s = low;
		if (measured) {
			e->sustained_per_s = clamp(MARGIN * limit, low, top);
		} else if (middle > 1.04 * low) {
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

static enum rate_phase
phase_of(const struct rate *r, double sent_s)
{
	if (isinf(r->estimate.sustained_per_s))
		return RATE_STARTING;
	return sent_s > r->estimate.hold_until_s ? RATE_PROBING : RATE_HOLDING;
}

/* Ends a cycle: what was sent until now is stale, and the server's bucket may refill a little. */
static void
new_cycle(struct rate *r, double now_s, double sent_s)
{
	struct rate_estimate *e = &r->estimate;

	e->sustained_per_s = fmax(e->sustained_per_s, SLOWEST_GUESS_PER_S);
	if (!r->window.known)
		e->scale_s = 1;
	r->cycle.from_s = sent_s;
	r->cycle.accepted = r->cycle.silence_s = 0;
	r->cycle.stray_at = -1;
	r->cycle.heat = 0;
	r->stale_s = now_s;
	if (!isinf(e->sustained_per_s))
		r->tat_s = fmax(r->tat_s, now_s + fmin(4 / e->sustained_per_s, 0.5));
}

/* A request that was sent at sent_s was refused: finds the new sustained rate. */
static void
cut(struct rate *r, double now_s, double sent_s)
{
	double rate = rate_at(r, sent_s), limit = measured_limit(&r->cycle, sent_s);

	r->estimate.phase = phase_of(r, sent_s);
	r->estimate.previous_per_s = r->estimate.sustained_per_s;
	if (r->estimate.phase == RATE_STARTING)
		cut_starting(r, rate);
	else if (r->estimate.phase == RATE_PROBING)
		cut_probing(r, sent_s, rate, limit);
	else
		cut_holding(r, sent_s, limit);
	new_cycle(r, now_s, sent_s);
}

/* Whether the server refused at the sustained rate after as many as the time before. */
static bool
is_same_count(const struct rate *r)
{
	const struct rate_window *w = &r->window;

	return r->estimate.phase == RATE_HOLDING && w->accepted >= 30 &&
	       fabs(w->accepted - w->accepted_before) <= 1 + 0.01 * w->accepted;
}

/* ---- shut and open ---- */

/* An outage is over: double back up to the sustained rate, halved if the peace was short. */
static void
reopen_after_outage(struct rate *r, double now_s, double shut_s, double accepted, uint64_t random)
{
	struct rate_estimate *e = &r->estimate;

	if (accepted > 0 && accepted < ENOUGH_ACCEPTED)
		e->sustained_per_s *= 0.5;
	r->ramp_from_s = now_s;
	r->ramp_per_s = isinf(e->sustained_per_s) ? FIRST_PER_S
						  : fmax(FIRST_PER_S, e->sustained_per_s) / 4;
	r->cycle.from_s += shut_s;
	r->cycle.cost_s = 0;
	r->window.accepted = accepted;
	e->scale_s = 1;
	set_hold(r, now_s, random);
}

/* Refusals are over. A second shutting after the same count means a quota per window. */
static void
reopen_after_refusals(struct rate *r, double now_s, double shut_s, double accepted,
		      double length_s, uint64_t random)
{
	struct rate_estimate *e = &r->estimate;
	struct rate_window *w = &r->window;

	if (w->same_count && shut_s > 3) {
		w->known = true;
		w->length_s = length_s;
		e->confirmed = 1;
		e->sustained_per_s = 0.99 * accepted / length_s;
	}
	w->accepted_before = accepted;
	e->scale_s = clamp(w->known ? w->length_s / 8 : shut_s + SLOWER_S, 1, 10);
	settle(r, now_s, w->known ? 0.03 * shut_s : shut_s, random);
}

static void
reopen(struct rate *r, double now_s, double shut_s, bool throttled, double refused_s,
       uint64_t random)
{
	struct rate_window *w = &r->window;
	double accepted = w->accepted;
	double length_s = fmax(refused_s > w->opened_s ? refused_s - w->opened_s
						       : now_s - w->opened_s, 0.001);

	r->cycle.heat = 0;
	r->tat_s = fmax(r->tat_s, now_s);
	r->stale_s = now_s - 1e-9;
	w->accepted = 0;
	w->opened_s = now_s;
	if (throttled && !isinf(r->estimate.sustained_per_s))
		reopen_after_refusals(r, now_s, shut_s, accepted, length_s, random);
	else
		reopen_after_outage(r, now_s, shut_s, accepted, random);
}

void
rate_shut(struct rate *r, int64_t now_ms, int64_t sent_ms)
{
	if (seconds(sent_ms) > r->stale_s && r->cycle.accepted > 0 && !r->unpaced &&
	    isinf(r->load.ceiling))
		cut(r, seconds(now_ms), seconds(sent_ms));
	r->window.same_count = is_same_count(r);
	r->stale_s = seconds(now_ms);
}

void
rate_reopened(struct rate *r, int64_t now_ms, int64_t shut_ms, bool throttled, int64_t refused_ms,
	      uint64_t random)
{
	double refused_s = refused_ms == INT64_MIN ? -INFINITY : seconds(refused_ms);

	reopen(r, seconds(now_ms), seconds(shut_ms), throttled, refused_s, random);
}

void
rate_forgive(struct rate *r)
{
	r->estimate.sustained_per_s =
		fmax(r->estimate.sustained_per_s, r->estimate.previous_per_s);
}

/* ---- answers ---- */

static void
take_rtt(struct rate *r, double rtt_s)
{
	r->rtt_s = r->answered ? 0.9 * r->rtt_s + 0.1 * rtt_s : rtt_s;
	r->answered = true;
}

void
rate_accepted(struct rate *r, int64_t now_ms, int64_t sent_ms)
{
	take_rtt(r, seconds(now_ms - sent_ms));
	if (seconds(sent_ms) > r->cycle.from_s)
		r->cycle.accepted++;
	r->window.accepted++;
	r->bare_refusals = 0;
	load_accepted(&r->load);
}

void
rate_pause(struct rate *r, int64_t now_ms, int64_t pause_ms)
{
	r->pause_until_s = fmax(r->pause_until_s, seconds(now_ms + pause_ms));
	r->tat_s = fmax(r->tat_s, r->pause_until_s);
}

/* The server said when: one pause, which is also the price of this refusal. */
static void
refused_with_time(struct rate *r, double now_s, double sent_s, int64_t now_ms, int64_t pause_ms,
		  uint64_t random)
{
	bool news = sent_s > r->stale_s && now_s >= r->pause_until_s;
	double until_s;

	rate_pause(r, now_ms, pause_ms);
	until_s = r->pause_until_s;
	if (!news || r->cycle.accepted <= 0 || r->unpaced)
		return;
	cut(r, now_s, sent_s);
	r->window.same_count = is_same_count(r);
	reopen(r, until_s, until_s - now_s, true, -INFINITY, random);
}

/* --rate none: a refusal asks for a pause, though it does not say how long. */
static void
pause_bare(struct rate *r, int64_t now_ms, double sent_s, uint64_t random)
{
	int64_t pause_ms = BARE_PAUSE_MS;
	unsigned i;

	if (sent_s <= r->stale_s)
		return;
	for (i = 0; i < r->bare_refusals && pause_ms < LONGEST_BARE_PAUSE_MS; i++)
		pause_ms *= 2;
	if (pause_ms > LONGEST_BARE_PAUSE_MS)
		pause_ms = LONGEST_BARE_PAUSE_MS;
	r->bare_refusals++;
	r->stale_s = seconds(now_ms);
	rate_pause(r, now_ms, backoff_jitter_ms(pause_ms, random));
}

/* Whether the refusal is dealt with as a matter of load. */
static bool
is_load(struct rate *r, double now_s, const struct rate_refusal *refusal)
{
	double sent_s = seconds(refusal->sent_ms);
	enum rate_phase phase = phase_of(r, sent_s);
	struct rate_estimate *e = &r->estimate;

	struct load_refusal lr = {
		.load = refusal->load,
		.way = fmin(r->way_s, now_s - sent_s) / fmax(r->rtt_s, CLOCK_S),
		.busy = refusal->busy,
		.first = phase == RATE_STARTING,
		.steady = phase == RATE_HOLDING,
	};

	switch (load_refused(&r->load, &lr)) {
	case LOAD_IS_NOT:
		return false;
	case LOAD_IS:
		if (!isinf(e->sustained_per_s)) {
			e->sustained_per_s = INFINITY;
			r->ramp_from_s = now_s;
			r->ramp_per_s = fmax(FIRST_PER_S, r->measured_per_s);
		}
		break;
	case LOAD_WAS_NOT:
		e->sustained_per_s = INFINITY;
		cut_starting(r, r->measured_per_s);
		e->phase = RATE_STARTING;
		break;
	}
	new_cycle(r, now_s, sent_s);
	if (!isinf(e->sustained_per_s))
		e->hold_until_s = now_s + HOLD_S;
	return true;
}

/* A first 503 may be its row's own; a second soon after it is the server's. */
static bool
is_stray(struct rate *r, bool busy)
{
	struct rate_cycle *c = &r->cycle;
	bool again = c->stray_at >= 0 && c->accepted - c->stray_at <= STRAY;

	if (!busy || !isinf(r->estimate.sustained_per_s) || !isinf(r->load.ceiling))
		return false;
	c->stray_at = c->accepted;
	return !again;
}

static void
refused_bare(struct rate *r, double now_s, const struct rate_refusal *refusal, uint64_t random)
{
	double sent_s = seconds(refusal->sent_ms);

	if (sent_s <= r->stale_s) {
		load_refused_late(&r->load);
		return;
	}
	if (is_stray(r, refusal->busy) || is_load(r, now_s, refusal))
		return;
	r->cycle.heat++;
	if (phase_of(r, sent_s) == RATE_HOLDING &&
	    (r->cycle.heat < TOLERATED || sent_s - r->cycle.from_s <= 2 * r->rtt_s))
		return;
	cut(r, now_s, sent_s);
	settle(r, now_s, 0, random);
}

void
rate_refused(struct rate *r, int64_t now_ms, const struct rate_refusal *refusal, uint64_t random)
{
	double now_s = seconds(now_ms), sent_s = seconds(refusal->sent_ms);

	if (!r->answered)
		take_rtt(r, now_s - sent_s);
	r->cycle.refusals++;
	if (refusal->retry_after_ms >= 0)
		refused_with_time(r, now_s, sent_s, now_ms, refusal->retry_after_ms, random);
	else if (!r->unpaced)
		refused_bare(r, now_s, refusal, random);
	else if (!refusal->busy) /* a 503 without a time asks for nothing */
		pause_bare(r, now_ms, sent_s, random);
}

void
rate_told(struct rate *r, int64_t now_ms, int64_t sent_ms, const struct quota_notice *n,
	  unsigned in_flight)
{
	double until_s = quota_told(&r->quota, seconds(now_ms), seconds(sent_ms), n, in_flight);

	r->pause_until_s = fmax(r->pause_until_s, until_s);
}

void
rate_way(struct rate *r, int64_t way_ms)
{
	if (way_ms >= 0)
		r->way_s = fmin(r->way_s, seconds(way_ms));
}

/* ---- for people ---- */

int64_t
rate_pause_until_ms(const struct rate *r)
{
	return (int64_t)ceil(r->pause_until_s * 1000);
}

double
rate_ceiling_per_s(const struct rate *r, int64_t now_ms, enum rate_holder *holder)
{
	double now_s = seconds(now_ms), fields = quota_ceiling_per_s(&r->quota, now_s);
	double server = estimate_at(&r->estimate, now_s);

	*holder = RATE_HELD_BY_NOTHING;
	if (r->unpaced)
		return INFINITY;
	if (!isinf(r->load.ceiling)) {
		*holder = RATE_HELD_BY_LOAD;
		return r->load.ceiling;
	}
	if (!isinf(server))
		*holder = RATE_HELD_BY_SERVER;
	if (fields < server)
		*holder = RATE_HELD_BY_FIELDS;
	if (r->user_per_s < fmin(server, fields))
		*holder = RATE_HELD_BY_USER;
	return fmin(r->user_per_s, fmin(server, fields));
}

double
rate_settled_per_s(const struct rate *r, unsigned *at_once)
{
	const struct rate_estimate *e = &r->estimate;
	bool guessed = e->confirmed == 0 && !r->window.known;

	*at_once = isinf(r->load.ceiling) || !r->load.refused ? 0 : (unsigned)r->load.ceiling;
	return isinf(e->sustained_per_s) || guessed ? 0 : e->sustained_per_s;
}
