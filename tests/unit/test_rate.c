/* rate, and what it is made of: quota, load, budget. How well it does is test_sim's to say. */
#include "unit.h"

#include <math.h>

#include "policy/backoff.h"
#include "policy/budget.h"
#include "policy/rate.h"

#define START 1000000
#define SECOND 1000

static struct rate r;

/* Lets n requests be answered one after the other, each 10 ms after its start; returns the time. */
static int64_t
run(int64_t now, int n)
{
	while (n-- > 0) {
		int64_t next = rate_next_ms(&r, now, 0);

		now = next > now ? next : now;
		rate_started(&r, now, 0, false);
		rate_accepted(&r, now + 10, now);
		now += 10;
	}
	return now;
}

static void
refuse(int64_t now, int64_t sent, int64_t after)
{
	struct rate_refusal refusal = {sent, after, 1, false};

	rate_refused(&r, now, &refusal, 77);
}

static double
ceiling(int64_t now, enum rate_holder *holder)
{
	return rate_ceiling_per_s(&r, now, holder);
}

static void
a_refusal_halves_a_rate_that_was_being_found(void **state)
{
	enum rate_holder holder;
	unsigned at_once;
	double found;
	int64_t now;

	(void)state;
	rate_init(&r, 0, false, START);
	assert_true(isinf(ceiling(START, &holder)));
	assert_int_equal(holder, RATE_HELD_BY_NOTHING);
	assert_true(rate_settled_per_s(&r, &at_once) == 0);
	now = run(START, 60);
	refuse(now, now - 5, -1);
	assert_int_equal(holder, RATE_HELD_BY_NOTHING);
	assert_in_range((int)ceiling(now, &holder), 10, 400);
	assert_int_equal(holder, RATE_HELD_BY_SERVER);
	/* what had been sent before says nothing new */
	found = ceiling(now, &holder);
	now += 5;
	refuse(now, now - 8, -1);
	refuse(now, now - 8, -1);
	assert_true(ceiling(now, &holder) == found);
	/* and a guess is nothing to tell people */
	assert_true(rate_settled_per_s(&r, &at_once) == 0);
	assert_int_equal(at_once, 0);
}

static void
the_users_rate_is_a_ceiling_over_it(void **state)
{
	enum rate_holder holder;
	int64_t now;

	(void)state;
	rate_init(&r, 100000000, false, START); /* 10/s */
	now = run(START, 31);
	assert_in_range(now - START, 3 * SECOND, 3 * SECOND + 100);
	assert_true(ceiling(now, &holder) == 10);
	assert_int_equal(holder, RATE_HELD_BY_USER);
}

static void
the_slowest_rate_of_the_user_is_kept_too(void **state)
{
	int64_t now;

	(void)state;
	rate_init(&r, INT64_C(86400) * 1000000000, false, START); /* 1/d */
	now = run(START, 3);
	assert_true(now - START >= 2 * INT64_C(86400) * SECOND);
}

static void
a_pause_is_as_long_as_asked_and_for_all(void **state)
{
	int64_t now;

	(void)state;
	rate_init(&r, 0, false, START);
	now = run(START, 40);
	refuse(now, now - 5, 2000);
	assert_in_range(rate_next_ms(&r, now, 0), now + 2000, now + 2000);
	/* a shorter one that comes later does not shorten it, a longer one counts */
	refuse(now + 1, now - 5, 500);
	assert_in_range(rate_next_ms(&r, now, 0), now + 2000, now + 2000);
	refuse(now + 2, now - 5, 3000);
	assert_in_range(rate_next_ms(&r, now, 0), now + 3002, now + 3002);
}

static void
without_pacing_only_refusals_pause(void **state)
{
	int64_t now = START, previous = 0, pause;
	int i;

	(void)state;
	rate_init(&r, 0, true, START - 10);
	for (i = 0; i < 1000; i++) {
		assert_true(rate_next_ms(&r, now, 500) <= now);
		rate_started(&r, now, 500, false);
	}
	/* longer and longer, once for all that were in flight together */
	for (i = 0; i < 12; i++) {
		refuse(now, now - 1, -1);
		pause = rate_next_ms(&r, now, 0) - now;
		assert_in_range(pause, 400, 66001);
		if (i < 7)
			assert_true(pause > previous);
		previous = pause;
		refuse(now, now - 1, -1);
		assert_int_equal(rate_next_ms(&r, now, 0) - now, pause);
		now += pause + 2;
	}
	rate_accepted(&r, now, now - 1);
	refuse(now, now - 1, -1);
	assert_in_range(rate_next_ms(&r, now, 0) - now, 400, 600);
}

static void
a_server_that_hangs_gets_no_pile(void **state)
{
	int64_t now;
	unsigned in_flight = 0;

	(void)state;
	rate_init(&r, 0, false, START);
	now = run(START, 40);
	for (; in_flight < 1000; in_flight++) {
		int64_t next = rate_next_ms(&r, now, in_flight);

		if (next == INT64_MAX)
			break;
		now = next > now ? next : now;
		rate_started(&r, now, in_flight, false);
	}
	assert_in_range(in_flight, 8, 100);
}

static void
a_lone_503_at_the_start_is_its_rows_own(void **state)
{
	struct rate_refusal busy = {0, -1, 1, true};
	enum rate_holder holder;
	int64_t now;
	int i;

	(void)state;
	rate_init(&r, 0, false, START);
	now = run(START, 5);
	for (i = 0; i < 5; i++) {
		busy.sent_ms = now - 1;
		rate_refused(&r, now, &busy, 1);
		assert_true(isinf(ceiling(now, &holder)));
		now = run(now, 25);
	}
	/* two close together are the server's */
	busy.sent_ms = now - 1;
	rate_refused(&r, now, &busy, 1);
	now = run(now, 3);
	busy.sent_ms = now - 1;
	rate_refused(&r, now, &busy, 1);
	assert_false(isinf(ceiling(now, &holder)));
}

static void
fields_of_the_server_make_a_ceiling(void **state)
{
	struct quota_notice n = {.quota = 600, .window_s = 60, .remaining = 300, .reset_s = 30};
	enum rate_holder holder;
	int64_t now;

	(void)state;
	rate_init(&r, 0, false, START);
	now = run(START, 40);
	rate_told(&r, now, now - 10, &n, 0);
	assert_true(ceiling(now, &holder) == 10);
	assert_int_equal(holder, RATE_HELD_BY_FIELDS);
	/* older news is no news */
	n.remaining = 3;
	rate_told(&r, now, now - 20, &n, 0);
	assert_true(ceiling(now, &holder) == 10);
	/* nothing left: all wait for the window's end, which is no refusal's pause */
	n.remaining = 0;
	rate_told(&r, now + 1, now, &n, 0);
	assert_in_range(rate_next_ms(&r, now + 1, 0), now + 30001, now + 30002);
	assert_true(rate_next_ms(&r, now + 1, 3) == INT64_MAX);
	/* absent fields change nothing, absurd ones make no ceiling */
	n = (struct quota_notice)QUOTA_NOTICE_NONE;
	rate_told(&r, now + 2, now + 1, &n, 0);
	assert_in_range(rate_next_ms(&r, now + 1, 0), now + 30001, now + 30002);
	n = (struct quota_notice){.quota = 1e15, .window_s = 1e9, .remaining = 1e15, .reset_s = 0};
	rate_told(&r, now + 40000, now + 39000, &n, 0);
	assert_true(rate_next_ms(&r, now + 40000, 0) <= now + 40000);
}

static void
no_more_than_what_is_left_is_sent_before_the_reset(void **state)
{
	struct quota q;
	struct quota_notice n = {.quota = -1, .window_s = 3600, .remaining = 10, .reset_s = 600};
	int i;

	(void)state;
	quota_init(&q, 100);
	assert_true(isinf(quota_told(&q, 100, 99, &n, 4)));
	assert_true(isinf(quota_ceiling_per_s(&q, 100))); /* a long window is spent at once */
	for (i = 0; i < 6; i++) {
		assert_false(quota_is_spent(&q, 101));
		quota_started(&q);
	}
	assert_true(quota_is_spent(&q, 101));
	assert_false(quota_is_spent(&q, 700));
}

/* What is left of a window says nothing of the next one. */
static void
a_window_that_is_spent_holds_no_longer_than_to_its_reset(void **state)
{
	struct quota_notice n = {.quota = -1, .window_s = -1, .remaining = 0, .reset_s = 30};
	int64_t now = START;

	(void)state;
	rate_init(&r, 0, false, now);
	rate_started(&r, now, 0, false);
	rate_told(&r, now + 100, now, &n, 0);
	rate_accepted(&r, now + 100, now);
	now = rate_next_ms(&r, now + 100, 0);
	assert_in_range(now, START + 30100, START + 30101);
	rate_started(&r, now, 0, false);
	n = (struct quota_notice){.quota = -1, .window_s = -1, .remaining = 99, .reset_s = 60};
	rate_told(&r, now + 50, now, &n, 0);
	rate_accepted(&r, now + 50, now);
	assert_in_range(rate_next_ms(&r, now + 50, 0), now, now + SECOND);
	/* nor does the pace of the last one that is left in it */
	n = (struct quota_notice){.quota = -1, .window_s = -1, .remaining = 1, .reset_s = 100};
	now += SECOND;
	rate_told(&r, now, now - 10, &n, 0);
	rate_started(&r, now + 50 * SECOND, 0, false);
	assert_in_range(rate_next_ms(&r, now + 50 * SECOND, 0), now + 99 * SECOND,
			now + 101 * SECOND);
}

/* Refusals at a steady rate whose load is the highest around, or any. */
static enum load_verdict
refusals(struct load *l, unsigned load, int n)
{
	struct load_refusal refusal = {.load = load, .way = 0.1, .steady = true};
	enum load_verdict v = LOAD_IS_NOT;
	int i, k;

	for (i = 0; i < n && v == LOAD_IS_NOT; i++) {
		for (k = 0; k < 100; k++)
			load_started(l, 16 + (unsigned)k % 5);
		v = load_refused(l, &refusal);
	}
	return v;
}

static void
refusals_at_the_highest_load_tell_a_limit_of_load(void **state)
{
	struct load l;
	int i;

	(void)state;
	load_init(&l);
	assert_int_equal(refusals(&l, 18, 100), LOAD_IS_NOT);
	assert_true(load_has_room(&l, 1000000));
	assert_int_equal(refusals(&l, 21, 10), LOAD_IS);
	assert_true(load_has_room(&l, 19));
	assert_false(load_has_room(&l, 20));
	/* it grows when it is used */
	for (i = 0; i < 500; i++) {
		load_started(&l, 20);
		load_accepted(&l);
	}
	assert_true(load_has_room(&l, 20));
	assert_false(load_has_room(&l, 21));
	/* a cut that cost three refusals is not risked again so soon */
	assert_int_equal(load_refused(&l, &(struct load_refusal){.load = 21}), LOAD_IS);
	load_refused_late(&l);
	load_refused_late(&l);
	for (i = 0; i < 1499; i++) {
		load_started(&l, 20);
		load_accepted(&l);
	}
	assert_false(load_has_room(&l, 20));
	load_accepted(&l);
	assert_true(load_has_room(&l, 20));
}

static void
a_first_503_is_put_to_the_test(void **state)
{
	struct load_refusal refusal = {.load = 30, .way = 0.1, .busy = true, .first = true};
	struct load l;
	int k;

	(void)state;
	load_init(&l);
	for (k = 0; k < 100; k++)
		load_started(&l, 28);
	assert_int_equal(load_refused(&l, &refusal), LOAD_IS);
	assert_true(load_has_room(&l, 23));
	assert_false(load_has_room(&l, 24));
	/* refused again at once: it was a limit of rate, and no second test is made */
	refusal.load = 24;
	assert_int_equal(load_refused(&l, &refusal), LOAD_WAS_NOT);
	for (k = 0; k < 100; k++)
		load_started(&l, 28);
	assert_int_equal(load_refused(&l, &refusal), LOAD_IS_NOT);
	/* with a long way the load is on it, not there */
	load_init(&l);
	for (k = 0; k < 100; k++)
		load_started(&l, 28);
	refusal.way = 0.9;
	assert_int_equal(load_refused(&l, &refusal), LOAD_IS_NOT);
}

static void
retries_that_do_not_help_are_a_fifth_of_the_successes(void **state)
{
	struct budget b;
	int64_t now = START;
	int spent = 0, i;

	(void)state;
	budget_init(&b, now);
	for (; budget_next_ms(&b, now) <= now; spent++)
		budget_spend(&b, now);
	assert_int_equal(spent, 100);
	for (i = 0; i < 5; i++) {
		assert_true(budget_next_ms(&b, now) > now);
		budget_earn(&b, false);
	}
	assert_true(budget_next_ms(&b, now) <= now);
	budget_spend(&b, now);
	/* one that helped is given back; and ten a second come by themselves */
	budget_earn(&b, true);
	assert_true(budget_next_ms(&b, now) <= now);
	budget_spend(&b, now);
	assert_in_range(budget_next_ms(&b, now), now + 100, now + 101);
}

/* Any answers at all: times stay sane, and nobody waits for an answer that cannot come. */
static void
no_answers_can_upset_it(void **state)
{
	uint64_t random = 5;
	int trial;

	(void)state;
	for (trial = 0; trial < 200; trial++) {
		int64_t now = START, sent[8] = {0};
		unsigned in_flight = 0, at = 0;
		int i;

		rate_init(&r, trial % 3 == 0 ? 5000000 : 0, false, now);
		for (i = 0; i < 2000; i++) {
			uint64_t x = backoff_random(&random);
			int64_t next = rate_next_ms(&r, now, in_flight);
			struct quota_notice n = {
				(double)(x % 1000) - 1, (double)(x >> 10 & 127) - 1,
				(double)(x >> 20 & 1023) - 1, (double)(x >> 30 & 127) - 1};
			enum rate_holder holder;

			assert_true(next > 0);
			assert_true(next != INT64_MAX || in_flight > 0);
			assert_true(ceiling(now, &holder) > 0);
			if (next <= now && in_flight < 8) {
				sent[in_flight++] = now;
				rate_started(&r, now, in_flight - 1, x % 50 == 0);
				continue;
			}
			now += (int64_t)(x % 200);
			if (in_flight == 0) {
				now = next > now ? next : now;
				continue;
			}
			at = (unsigned)(x >> 40) % in_flight;
			if (x % 7 == 0)
				rate_told(&r, now, sent[at], &n, in_flight - 1);
			if (x % 5 == 0)
				refuse(now, sent[at], x % 3 == 0 ? (int64_t)(x % 100000) : -1);
			else
				rate_accepted(&r, now, sent[at]);
			if (x % 100 == 1)
				rate_shut(&r, now, sent[at]);
			if (x % 100 == 2)
				rate_reopened(&r, now, (int64_t)(x % 100000), x % 3 == 0, INT64_MIN,
					      x);
			sent[at] = sent[--in_flight];
		}
	}
}

/* Whatever the clock says: a time in seconds and back is the same millisecond. */
static void
a_run_does_not_begin_with_a_pause(void **state)
{
	int64_t now;

	(void)state;
	for (now = 1; now < 5000; now++) {
		rate_init(&r, 0, false, now);
		assert_int_equal(rate_pause_until_ms(&r, 0), now);
		refuse(now, now, 1234);
		assert_true(rate_pause_until_ms(&r, 0) >= now + 1234);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_halves_a_rate_that_was_being_found),
		cmocka_unit_test(the_users_rate_is_a_ceiling_over_it),
		cmocka_unit_test(the_slowest_rate_of_the_user_is_kept_too),
		cmocka_unit_test(a_pause_is_as_long_as_asked_and_for_all),
		cmocka_unit_test(without_pacing_only_refusals_pause),
		cmocka_unit_test(a_server_that_hangs_gets_no_pile),
		cmocka_unit_test(a_lone_503_at_the_start_is_its_rows_own),
		cmocka_unit_test(fields_of_the_server_make_a_ceiling),
		cmocka_unit_test(no_more_than_what_is_left_is_sent_before_the_reset),
		cmocka_unit_test(a_window_that_is_spent_holds_no_longer_than_to_its_reset),
		cmocka_unit_test(refusals_at_the_highest_load_tell_a_limit_of_load),
		cmocka_unit_test(a_first_503_is_put_to_the_test),
		cmocka_unit_test(retries_that_do_not_help_are_a_fifth_of_the_successes),
		cmocka_unit_test(no_answers_can_upset_it),
		cmocka_unit_test(a_run_does_not_begin_with_a_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
