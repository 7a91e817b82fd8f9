/*
 * Theory.
 *
 * Pacing is GCRA (ITU-T I.371, annex A, virtual scheduling): each start moves the theoretical
 * arrival time (tat) on by 1/rate; a request may start from tat on, and lateness up to TAU is made
 * up for; more where nobody named a rate, for a server's tokens do not mind being taken late. --rate u is held to u / 1.005, so that N starts span at least (N-1)T - TAU with
 * T = 1.005/u, less the millisecond that the clock resolves: no second holds more than u.
 *
 * The rate is the least of what the estimate of the server's limit allows (estimate), a doubling
 * ramp at the start and after an outage, four times what is really sent, and what the server's
 * fields say (quota). What is in flight is bounded too: by the server's limit where it has one
 * (load), and so that a server that hangs gets no pile.
 *
 * One reaction per round trip: what was sent before the last cut is stale evidence.
 */
#include "policy/rate.h"

#include <math.h>

#include "policy/backoff.h"
#include "policy/number.h"

#define TAU_S 0.004 /* lateness that is made up for where a rate was named ... */
#define TAU_AUTO_S 0.025 /* ... and where not: as long as a disk may take to sync the journal */
#define CLOCK_S 0.001 /* what the clock resolves */
#define STRETCH (1 + TAU_S + CLOCK_S)
#define FIRST_PER_S 20.0
#define SLOWEST_PER_S 1e-4
#define RAMP_RTTS 5.0 /* the ramp doubles in so many round trips ... */
#define RAMP_MIN_S 0.2 /* ... within these */
#define RAMP_MAX_S 1.0
#define RAMP_DOUBLINGS 40 /* after so many it is beyond all rates */
#define TOLERATED 3 /* the so-manieth refusal at the sustained rate cuts it */
#define STRAY 20 /* accepted requests after which a lone 503 is forgotten */
#define REFILL 4.0 /* after a cut nothing is sent for the time of so many requests ... */
#define REFILL_MAX_S 0.5
#define SETTLED 50 /* requests accepted at a rate before it is told as the server's */
#define BIN_S 0.25
#define IDLE_S 1.0 /* a longer silence is lack of rows, no proof of anything */
#define PILE_MIN 8 /* in flight without a look at the round trip */
#define BARE_PAUSE_MS 500
#define LONGEST_BARE_PAUSE_MS 60000

static double
seconds(int64_t ms)
{
	return (double)ms / 1000;
}

/* Not before that time; to the microsecond, for the sum of doubles must not cost a whole millisecond. */
static int64_t
milliseconds(double s)
{
	return (int64_t)ceil(s * 1000 - 0.001);
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
	};
	estimate_init(&r->estimate, now_s);
	quota_init(&r->quota, now_s);
	load_init(&r->load);
}

/* ---- the rate at a time ---- */

static double
ramp_at(const struct rate *r, double at_s)
{
	double doubling_s = least(most(RAMP_RTTS * r->rtt_s, RAMP_MIN_S), RAMP_MAX_S);
	double doublings = (at_s - r->ramp_from_s) / doubling_s;
	double sustained = r->estimate.sustained_per_s;
	/* never far above what is really sent: an unused rate is no evidence that it is taken */
	double used = most(4 * r->measured_per_s + FIRST_PER_S, isinf(sustained) ? 0 : sustained);

	return doublings > RAMP_DOUBLINGS ? used : least(r->ramp_per_s * exp2(doublings), used);
}

static double
rate_at(const struct rate *r, double at_s)
{
	double rate = least(estimate_at(&r->estimate, at_s), ramp_at(r, at_s));

	rate = least(rate, quota_ceiling_per_s(&r->quota, at_s));
	return least(most(rate, SLOWEST_PER_S), r->user_per_s / STRETCH);
}

/* ---- permits ---- */

static bool
has_room(const struct rate *r, double now_s, unsigned in_flight)
{
	/* a server that hangs gets no pile */
	double pile = 3 * rate_at(r, now_s) * (r->rtt_s + CLOCK_S) + 4;

	return in_flight < most(PILE_MIN, pile) && load_has_room(&r->load, in_flight);
}

int64_t
rate_next_ms(const struct rate *r, int64_t now_ms, unsigned in_flight)
{
	double now_s = seconds(now_ms), next_s = r->pause_until_s;

	if (!r->unpaced) {
		if (!has_room(r, now_s, in_flight))
			return INT64_MAX;
		next_s = most(next_s, r->tat_s);
		if (quota_is_spent(&r->quota, now_s)) {
			if (in_flight > 0) /* their answers may say more */
				return INT64_MAX;
			next_s = most(next_s, r->quota.reset_s);
		}
	}
	return milliseconds(next_s);
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

/* How much lateness is made up for: little where a rate was named that is kept to the letter. */
static double
tolerance_s(const struct rate *r, double now_s)
{
	bool named = !isinf(r->user_per_s) || !isinf(quota_ceiling_per_s(&r->quota, now_s));

	return named ? TAU_S : TAU_AUTO_S;
}

/* From a start to the next; what the fields say of a window holds no longer than to its end. */
static double
step_s(const struct rate *r, double now_s)
{
	double step = 1 / rate_at(r, now_s), until_s = r->quota.until_s;

	if (now_s + step <= until_s || now_s >= until_s)
		return step;
	return least(step, most(until_s - now_s, 1 / rate_at(r, until_s)));
}

void
rate_started(struct rate *r, int64_t now_ms, unsigned in_flight, bool probe)
{
	double now_s = seconds(now_ms), idle_s = now_s - r->tat_s;

	if (!probe && idle_s > IDLE_S) { /* for want of rows: the clocks stood still */
		estimate_skip(&r->estimate, idle_s);
		r->ramp_from_s += idle_s;
	}
	r->tat_s = most(r->tat_s, now_s - tolerance_s(r, now_s)) + step_s(r, now_s);
	measure_start(r, now_s);
	quota_started(&r->quota);
	load_started(&r->load, in_flight + 1);
}

/* ---- shut and open ---- */

/* A cut was made: what was sent until now is stale, and the server's bucket may refill a little. */
static void
after_cut(struct rate *r, double now_s)
{
	double sustained = r->estimate.sustained_per_s;

	r->stale_s = now_s;
	if (!isinf(sustained))
		r->tat_s = most(r->tat_s, now_s + least(REFILL / sustained, REFILL_MAX_S));
}

static void
cut(struct rate *r, double now_s, double sent_s)
{
	estimate_cut(&r->estimate, sent_s, rate_at(r, sent_s), r->rtt_s);
	after_cut(r, now_s);
}

static void
reopen(struct rate *r, double now_s, double shut_s, bool throttled, double refused_s,
       uint64_t random)
{
	double sustained;

	r->tat_s = most(r->tat_s, now_s);
	r->stale_s = now_s - 1e-9;
	if (!estimate_reopen(&r->estimate, now_s, shut_s, throttled, refused_s, random))
		return;
	sustained = r->estimate.sustained_per_s;
	r->ramp_from_s = now_s;
	r->ramp_per_s = isinf(sustained) ? FIRST_PER_S : most(FIRST_PER_S, sustained) / 4;
}

void
rate_shut(struct rate *r, int64_t now_ms, int64_t sent_ms)
{
	if (seconds(sent_ms) > r->stale_s && r->estimate.cycle.accepted > 0 && !r->unpaced &&
	    isinf(r->load.ceiling))
		cut(r, seconds(now_ms), seconds(sent_ms));
	estimate_shut(&r->estimate);
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
	r->estimate.sustained_per_s = most(r->estimate.sustained_per_s, r->estimate.previous_per_s);
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
	estimate_accepted(&r->estimate, seconds(sent_ms));
	r->bare_refusals = 0;
	load_accepted(&r->load);
}

void
rate_pause(struct rate *r, int64_t now_ms, int64_t pause_ms)
{
	r->pause_until_s = most(r->pause_until_s, seconds(now_ms + pause_ms));
	r->tat_s = most(r->tat_s, r->pause_until_s);
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
	if (!news || r->estimate.cycle.accepted <= 0 || r->unpaced)
		return;
	cut(r, now_s, sent_s);
	estimate_shut(&r->estimate);
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
	enum estimate_phase phase = estimate_phase_at(&r->estimate, sent_s);
	struct load_refusal lr = {
		.load = refusal->load,
		.way = least(r->way_s, now_s - sent_s) / most(r->rtt_s, CLOCK_S),
		.busy = refusal->busy,
		.first = phase == ESTIMATE_STARTING,
		.steady = phase == ESTIMATE_HOLDING,
	};
	enum load_verdict v = load_refused(&r->load, &lr);

	if (v == LOAD_IS_NOT)
		return false;
	if (v == LOAD_IS && !isinf(r->estimate.sustained_per_s)) {
		r->ramp_from_s = now_s;
		r->ramp_per_s = most(FIRST_PER_S, r->measured_per_s);
	}
	estimate_restart(&r->estimate, now_s, sent_s, v == LOAD_IS ? INFINITY : r->measured_per_s);
	after_cut(r, now_s);
	return true;
}

/* A first 503 may be its row's own; a second soon after it is the server's. */
static bool
is_stray(struct rate *r, bool busy)
{
	struct estimate_cycle *c = &r->estimate.cycle;
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
	r->estimate.cycle.heat++;
	if (estimate_phase_at(&r->estimate, sent_s) == ESTIMATE_HOLDING &&
	    (r->estimate.cycle.heat < TOLERATED ||
	     sent_s - r->estimate.cycle.from_s <= 2 * r->rtt_s))
		return;
	cut(r, now_s, sent_s);
	estimate_settle(&r->estimate, now_s, 0, random);
}

void
rate_refused(struct rate *r, int64_t now_ms, const struct rate_refusal *refusal, uint64_t random)
{
	double now_s = seconds(now_ms), sent_s = seconds(refusal->sent_ms);

	if (!r->answered)
		take_rtt(r, now_s - sent_s);
	r->estimate.cycle.refusals++;
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

	r->pause_until_s = most(r->pause_until_s, until_s);
}

void
rate_way(struct rate *r, int64_t way_ms)
{
	if (way_ms >= 0)
		r->way_s = least(r->way_s, seconds(way_ms));
}

/* ---- for people ---- */

int64_t
rate_pause_until_ms(const struct rate *r, unsigned in_flight)
{
	double until_s = r->pause_until_s;

	if (in_flight == 0 && !r->unpaced && r->quota.left < 1)
		until_s = most(until_s, r->quota.reset_s);
	return milliseconds(until_s);
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
	if (r->user_per_s < least(server, fields))
		*holder = RATE_HELD_BY_USER;
	return least(r->user_per_s, least(server, fields));
}

double
rate_settled_per_s(const struct rate *r, unsigned *at_once)
{
	const struct estimate *e = &r->estimate;
	bool guessed = e->confirmed == 0 || e->cycle.accepted < SETTLED;

	*at_once = isinf(r->load.ceiling) || !r->load.refused ? 0 : (unsigned)r->load.ceiling;
	return isinf(e->sustained_per_s) || guessed ? 0 : e->sustained_per_s;
}
