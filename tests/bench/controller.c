/*
 * What rate control costs a request, without a network: the controller alone (policy/rate), as
 * often as the schedule asks it; and the whole schedule under --rate auto, from a row that is
 * queued to its answer. A loop turn is as the program has it: TURN rows at most are answered, then
 * others are taken until there is none for now. usage: controller; prints nanoseconds of the
 * controller, of the schedule, and of the schedule when one request in REFUSED_EACH is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/schedule.h"

#define REQUESTS 3000000
#define IN_FLIGHT 64
#define TURN 16
#define TURNS_A_MS 2
#define REQUESTS_A_MS 32 /* of the controller */
#define REFUSED_EACH 1000

static double
processor_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct client {
	struct schedule schedule;
	struct item rows[2 * IN_FLIGHT], *spare[2 * IN_FLIGHT], *in_flight[IN_FLIGHT];
	unsigned n_spare, n_flight, oldest;
};

/* Takes what may start now. */
static void
take(struct client *c, int64_t now_ms)
{
	struct item *it;
	int64_t wake_ms;
	bool want;

	while (c->n_flight < IN_FLIGHT) {
		it = schedule_take(&c->schedule, now_ms, &wake_ms, &want);
		if (it)
			c->in_flight[(c->oldest + c->n_flight++) % IN_FLIGHT] = it;
		else if (want && c->n_spare > 0)
			queue_add(&c->schedule.queue, c->spare[--c->n_spare]);
		else
			return;
	}
}

static void
answer(struct client *c, const struct schedule_answer *a, int64_t now_ms)
{
	struct item *it = c->in_flight[c->oldest];

	c->oldest = (c->oldest + 1) % IN_FLIGHT;
	c->n_flight--;
	if (schedule_done(&c->schedule, it, a, now_ms) != VERDICT_FINAL)
		return;
	item_init(it, it->key);
	c->spare[c->n_spare++] = it;
}

/* Nanoseconds a request; refused_each: 0: none is. */
static double
run(long refused_each)
{
	static struct client c;
	struct schedule_options o = {
		.retries = 5, .outage_timeout_ms = 900000, .max_pause_ms = 900000};
	struct schedule_answer a = {
		.retry_after_ms = -1, .way_ms = -1, .notice = QUOTA_NOTICE_NONE};
	int64_t now_ms = 1000;
	long done = 0, turn = 0;
	double start;
	unsigned i;

	c = (struct client){.n_spare = 0};
	schedule_init(&c.schedule, &o, now_ms);
	for (i = 0; i < 2 * IN_FLIGHT; i++) {
		item_init(&c.rows[i], i);
		c.spare[c.n_spare++] = &c.rows[i];
	}
	start = processor_ns();
	while (done < REQUESTS && c.schedule.stop == STOP_NONE) {
		take(&c, now_ms);
		for (i = 0; i < TURN && c.n_flight > 0; i++) {
			done++;
			a.outcome = refused_each > 0 && done % refused_each == 0 ? OUTCOME_THROTTLED
										 : OUTCOME_UPLOADED;
			answer(&c, &a, now_ms);
		}
		if (c.n_flight == 0 || ++turn % TURNS_A_MS == 0)
			now_ms++;
	}
	start = processor_ns() - start;
	schedule_fini(&c.schedule);
	return done >= REQUESTS ? start / (double)done : -1;
}

/* Nanoseconds a request. */
static double
run_controller(void)
{
	static const struct quota_notice none = QUOTA_NOTICE_NONE;
	int64_t now_ms = 1000;
	struct rate r;
	double start;
	volatile long waits = 0; /* so that the answers are not thrown away unasked */
	long i;

	rate_init(&r, 0, false, now_ms);
	start = processor_ns();
	for (i = 0; i < REQUESTS; i++) {
		now_ms += i % REQUESTS_A_MS == 0;
		if (rate_next_ms(&r, now_ms, IN_FLIGHT / 2) > now_ms)
			waits++;
		if (rate_next_ms(&r, now_ms, IN_FLIGHT / 2) > now_ms)
			waits++;
		rate_started(&r, now_ms, IN_FLIGHT / 2, false);
		rate_accepted(&r, now_ms, now_ms - 2);
		rate_told(&r, now_ms, now_ms - 2, &none, IN_FLIGHT / 2);
	}
	return (processor_ns() - start) / REQUESTS;
}

int
main(void)
{
	double controller = run_controller(), none = run(0), refused = run(REFUSED_EACH);

	printf("%.1f %.1f %.1f\n", controller, none, refused);
	return refused < 0 || none < 0;
}
