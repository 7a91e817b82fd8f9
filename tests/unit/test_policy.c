#include "unit.h"

#include "policy/backoff.h"
#include "policy/schedule.h"

#define START 1000000 /* any time: nothing may depend on where the clock begins */
#define SECOND 1000
#define MINUTE 60000

static struct schedule s;

static void
begin(unsigned retries, bool resend, int64_t interval_ns)
{
	struct schedule_options o = {
		.interval_ns = interval_ns,
		.unpaced = interval_ns == 0, /* test_rate and test_sim have the pacing */
		.retries = retries,
		.resend = resend,
		.outage_timeout_ms = 15 * MINUTE,
		.max_pause_ms = 65 * MINUTE,
		.seed = 7,
	};

	schedule_init(&s, &o, START);
}

static void
add(struct item *items, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		item_init(&items[i], (uint32_t)i);
		queue_add(&s.queue, &items[i]);
	}
}

/* An answer to a row. after: Retry-After in milliseconds, -1: none. */
static enum verdict
done(struct item *it, enum outcome o, int64_t now, int64_t after)
{
	struct schedule_answer a = {o, o == OUTCOME_UNAVAILABLE, true, after, -1, QUOTA_NOTICE_NONE};

	return schedule_done(&s, it, &a, now);
}

static void
answered(enum outcome o, int64_t now)
{
	struct schedule_answer a = {o, false, true, -1, -1, QUOTA_NOTICE_NONE};

	schedule_answered(&s, &a, now);
}

static struct item *
take(int64_t now, int64_t *wake)
{
	bool want;

	return schedule_take(&s, now, wake, &want);
}

/* Takes and answers one row, so that others may go along. */
static void
warm_up(struct item *it)
{
	int64_t wake;

	item_init(it, 999);
	queue_add(&s.queue, it);
	assert_ptr_equal(take(START, &wake), it);
	assert_int_equal(done(it, OUTCOME_UPLOADED, START, -1), VERDICT_FINAL);
}

static void
the_first_request_goes_alone(void **state)
{
	struct item items[3];
	int64_t wake;

	(void)state;
	begin(5, false, 0);
	add(items, 3);
	assert_ptr_equal(take(START, &wake), &items[0]);
	assert_null(take(START, &wake));
	assert_int_equal(wake, INT64_MAX);
	done(&items[0], OUTCOME_UPLOADED, START + 5, -1);
	assert_ptr_equal(take(START + 5, &wake), &items[1]);
	assert_ptr_equal(take(START + 5, &wake), &items[2]);
	schedule_fini(&s);
}

/* A run must not wait for a permit only to find that there are no more rows. */
static void
one_row_is_read_ahead_of_its_permit(void **state)
{
	struct item items[3];
	int64_t wake;
	bool want;

	(void)state;
	begin(5, false, 100000000); /* ten a second */
	warm_up(&items[0]);
	assert_null(schedule_take(&s, START, &wake, &want));
	assert_in_range(wake, START + 1, START + 200);
	assert_true(want);
	add(items + 1, 1);
	assert_null(schedule_take(&s, START, &wake, &want));
	assert_false(want);
	assert_ptr_equal(take(START + 200, &wake), &items[1]);
	s.rows_ended = true;
	assert_null(schedule_take(&s, START + 200, &wake, &want));
	assert_false(want);
	schedule_fini(&s);
}

static void
no_second_holds_more_than_the_rate(void **state)
{
	static const int64_t rates[] = {1, 3, 10, 100, 999, 1000};
	static struct item items[4000];
	static int64_t starts[4000];
	size_t r;

	(void)state;
	for (r = 0; r < COUNT_OF(rates); r++) {
		int64_t now, wake, end = START + 3000;
		uint64_t random = 1;
		size_t n = 0, from = 0;

		begin(5, false, (1000000000 + rates[r] - 1) / rates[r]);
		add(items, COUNT_OF(items));
		for (now = START; now < end && n < COUNT_OF(items);) {
			struct item *it = take(now, &wake);

			if (it) {
				starts[n++] = now;
				done(it, OUTCOME_UPLOADED, now, -1);
			} else /* a timer that wakes late by 0 to 30 ms */
				now = wake + (int64_t)(backoff_random(&random) % 31);
			assert_true(now < START + 10000);
		}
		for (size_t i = 0; i < n; i++) {
			while (starts[i] - starts[from] >= 1000)
				from++;
			assert_in_range(i - from + 1, 1, (size_t)rates[r]);
		}
		schedule_fini(&s);
	}
}

static void
a_pause_holds_everybody_for_as_long_as_asked(void **state)
{
	struct item first, items[2];
	int64_t wake;

	(void)state;
	begin(5, false, 0);
	warm_up(&first);
	add(items, 2);
	take(START + 10, &wake);
	assert_int_equal(done(&items[0], OUTCOME_THROTTLED, START + 20, 2000),
			 VERDICT_AGAIN);
	assert_null(take(START + 2019, &wake));
	assert_int_equal(wake, START + 2020);
	assert_ptr_equal(take(START + 2020, &wake), &items[0]); /* back at the head */
	assert_int_equal(s.stop, STOP_NONE);
	done(&items[0], OUTCOME_THROTTLED, START + 2030, 66 * MINUTE);
	assert_int_equal(s.stop, STOP_PAUSE);
	schedule_fini(&s);
}

static void
attempts_count_only_while_others_succeed(void **state)
{
	struct item first, bad, good[8];
	int64_t wake, now = START + 100;
	int i, sent = 0;

	(void)state;
	begin(2, false, 0);
	warm_up(&first);
	add(&bad, 1);
	take(now, &wake);
	sent++;
	assert_int_equal(done(&bad, OUTCOME_UNAVAILABLE, now + 1, -1), VERDICT_AGAIN);
	/* alone it may fail as often as it likes */
	s.rows_ended = false;
	s.rows_paused = true;
	for (i = 0; i < 8; i++) {
		struct item *it;

		item_init(&good[i], (uint32_t)i + 1);
		queue_add(&s.queue, &good[i]);
		now += 2 * MINUTE;
		while (!(it = take(now, &wake)) || it == &bad) {
			assert_non_null(it); /* something is due after two minutes */
			sent++;
			if (done(&bad, OUTCOME_UNAVAILABLE, now + 1, -1) == VERDICT_FINAL)
				goto out;
			now += 2 * MINUTE;
		}
		assert_ptr_equal(it, &good[i]);
		done(it, OUTCOME_UPLOADED, now + 2, -1);
	}
out:
	assert_int_equal(bad.resent, 2);
	assert_in_range(sent, 3, 5);
	schedule_fini(&s);
}

static void
five_403_in_a_row_are_the_key(void **state)
{
	struct item first, items[6];
	int64_t wake;
	int i;

	(void)state;
	begin(5, false, 0);
	warm_up(&first);
	add(items, 6);
	for (i = 0; i < 5; i++) {
		assert_ptr_equal(take(START + 1, &wake), &items[i]);
		assert_int_equal(s.stop, STOP_NONE);
		assert_int_equal(done(&items[i], OUTCOME_FORBIDDEN, START + 2, -1),
				 VERDICT_PARKED);
		assert_null(schedule_forgive(&s, false));
	}
	assert_int_equal(s.stop, STOP_KEY);
	schedule_fini(&s);
	/* with a success between they are the rows' own */
	begin(5, false, 0);
	warm_up(&first);
	add(items, 2);
	take(START + 1, &wake);
	take(START + 1, &wake);
	done(&items[0], OUTCOME_FORBIDDEN, START + 2, -1);
	assert_null(schedule_forgive(&s, false));
	done(&items[1], OUTCOME_UPLOADED, START + 3, -1);
	assert_ptr_equal(schedule_forgive(&s, false), &items[0]);
	assert_null(schedule_forgive(&s, false));
	schedule_fini(&s);
}

static void
a_hanging_server_puts_no_row_more_in_doubt(void **state)
{
	struct item first, items[20];
	int64_t wake, now = START + MINUTE;
	int i;

	(void)state;
	begin(5, false, 0);
	warm_up(&first);
	add(items, 20);
	for (i = 0; i < 4; i++)
		take(START + 10, &wake);
	for (i = 0; i < 4; i++) {
		assert_int_equal(done(&items[i], OUTCOME_NO_ANSWER, now + i, -1),
				 VERDICT_FINAL);
		assert_int_equal(s.outage.state, OUTAGE_SUSPECTED);
		if (i < 3)
			assert_null(take(now + i, &wake));
	}
	/* a question, at once; while it hangs, nothing else */
	assert_ptr_equal(take(now + 4, &wake), &s.question);
	assert_null(take(now + 5, &wake));
	answered(OUTCOME_NO_ANSWER, now + MINUTE);
	assert_null(take(now + MINUTE, &wake));
	assert_in_range(wake - (now + MINUTE), 900, 1100);
	assert_ptr_equal(take(wake, &wake), &s.question);
	now += 2 * MINUTE;
	answered(OUTCOME_REJECTED, now);
	/* back: one upload goes alone, then all */
	assert_ptr_equal(take(now, &wake), &items[4]);
	assert_null(take(now, &wake));
	done(&items[4], OUTCOME_UPLOADED, now + 1, -1);
	assert_non_null(take(now + 1, &wake));
	assert_non_null(take(now + 1, &wake));
	schedule_fini(&s);
}

static void
a_doubt_stops_the_rest_even_while_others_are_answered(void **state)
{
	struct item first, items[20];
	int64_t wake, now = START + MINUTE;
	int i;

	(void)state;
	begin(5, false, 0);
	warm_up(&first);
	add(items, 20);
	for (i = 0; i < 4; i++)
		take(START + 10 + i, &wake);
	/* answered after the other three were sent: they hang since */
	done(&items[0], OUTCOME_UPLOADED, START + 20, -1);
	done(&items[1], OUTCOME_NO_ANSWER, now, -1);
	assert_null(take(now, &wake));
	assert_int_equal(wake, now + 1000);
	/* the two that are left have a second, then a question goes beside them, and only one */
	assert_ptr_equal(take(now + 1000, &wake), &s.question);
	done(&items[2], OUTCOME_NO_ANSWER, now + 1001, -1);
	assert_null(take(now + 1001, &wake));
	assert_null(take(now + 5000, &wake));
	answered(OUTCOME_REJECTED, now + 5001);
	assert_ptr_equal(take(now + 5001, &wake), &items[4]);
	done(&items[3], OUTCOME_NO_ANSWER, now + 5002, -1);
	assert_null(take(now + 5002, &wake));
	done(&items[4], OUTCOME_UPLOADED, now + 5003, -1);
	assert_non_null(take(now + 5003, &wake));
	assert_non_null(take(now + 5003, &wake));
	schedule_fini(&s);
}

static void
a_server_that_stays_down_ends_the_run(void **state)
{
	struct item items[3];
	int64_t wake, now = START, gap = 0;
	int asked = 0;

	(void)state;
	begin(5, false, 0);
	add(items, 3);
	while (s.stop == STOP_NONE) {
		struct item *it = take(now, &wake);

		if (it) {
			asked++;
			assert_int_equal(done(it, OUTCOME_NOT_SENT, now, -1),
					 VERDICT_AGAIN);
			assert_int_equal(it->attempts, 0);
		} else if (s.stop == STOP_NONE) {
			assert_true(wake > now);
			gap = wake - now;
			assert_true(gap <= 66000);
			now = wake;
		}
	}
	assert_int_equal(s.stop, STOP_OUTAGE);
	assert_in_range(now - START, 15 * MINUTE, 15 * MINUTE + 1);
	assert_in_range(asked, 30, 55);
	schedule_fini(&s);
}

static void
a_server_that_refuses_everything_is_left_alone(void **state)
{
	struct item first, items[8];
	int64_t wake, now = START + 100, gap = 0;
	int i;

	(void)state;
	begin(5, false, 0);
	s.options.unpaced = s.rate.unpaced = false; /* or rate itself would pause */
	warm_up(&first);
	add(items, 8);
	for (i = 0; i < 4; i++) {
		struct item *it = take(now, &wake);

		while (!it) {
			now = wake;
			it = take(now, &wake);
		}
		assert_ptr_equal(it, &items[i]);
	}
	for (i = 0; i < 3; i++)
		done(&items[i], OUTCOME_THROTTLED, now + i, -1);
	assert_int_equal(s.outage.state, OUTAGE_DOWN);
	/* what was accepted before does not open it */
	done(&items[3], OUTCOME_UPLOADED, now + 3, -1);
	assert_int_equal(s.outage.state, OUTAGE_DOWN);
	for (i = 0; i < 12; i++) {
		struct item *it;

		assert_null(take(now + 3, &wake));
		assert_true(wake > now + 3);
		it = take(wake, &now);
		assert_non_null(it);
		assert_ptr_not_equal(it, &s.question);
		assert_null(take(wake + 1, &now)); /* alone */
		gap = wake - now < gap ? gap : wake - now;
		now = wake + 10;
		done(it, OUTCOME_THROTTLED, now, -1);
	}
	assert_null(take(now, &wake));
	assert_in_range(wake - now, 108 * 1000, 132 * 1000); /* two minutes at most */
	now = wake;
	done(take(now, &wake), OUTCOME_UPLOADED, now + 10, -1);
	assert_int_equal(s.outage.state, OUTAGE_NONE);
	assert_int_equal(s.stop, STOP_NONE);
	schedule_fini(&s);
}

/* All are refused again after a pause that was asked for: then one goes alone. */
static void
refuse_twice(struct item *items, enum outcome o, int64_t *now)
{
	int64_t wake;
	int i, round;

	begin(1000, false, 0);
	s.rate.unpaced = false;
	warm_up(&items[0]);
	rate_accepted(&s.rate, START + 50, START + 40); /* or there is nothing to learn from */
	add(items + 1, 7);
	*now = START + SECOND;
	for (round = 0; round < 2; round++) {
		struct item *it[2];

		for (i = 0; i < 2; i++)
			while (!(it[i] = take(*now, &wake)))
				*now = wake;
		assert_int_equal(s.outage.state, OUTAGE_NONE);
		*now += 10;
		for (i = 0; i < 2; i++)
			done(it[i], o, *now, 5000);
		assert_null(take(*now + 4999, &wake));
		*now += 5000;
	}
	assert_int_equal(s.outage.state, OUTAGE_DOWN);
	assert_non_null(take(*now, &wake));
	assert_null(take(*now + 1000, &wake));
	assert_int_equal(wake, INT64_MAX);
}

static void
a_pause_that_did_not_help_leaves_one_row_alone(void **state)
{
	struct item items[8];
	enum rate_holder holder;
	int64_t now;
	double cut;

	(void)state;
	refuse_twice(items, OUTCOME_THROTTLED, &now);
	cut = rate_ceiling_per_s(&s.rate, now, &holder);
	assert_true(s.outage.throttled);
	schedule_fini(&s);
	/* if it was a 503 the server is down: nothing is learned of its limit */
	refuse_twice(items, OUTCOME_UNAVAILABLE, &now);
	assert_false(s.outage.throttled);
	assert_true(rate_ceiling_per_s(&s.rate, now, &holder) > cut);
	schedule_fini(&s);
}

static void
one_503_is_no_outage_and_three_are(void **state)
{
	struct item first, items[8];
	int64_t wake;
	int i;

	(void)state;
	begin(5, false, 0);
	warm_up(&first);
	add(items, 8);
	for (i = 0; i < 4; i++)
		take(START + 10, &wake);
	for (i = 0; i < 2; i++) {
		done(&items[i], OUTCOME_UNAVAILABLE, START + 20, -1);
		assert_int_equal(s.outage.state, OUTAGE_NONE);
	}
	done(&items[2], OUTCOME_UNAVAILABLE, START + 20, -1);
	assert_int_equal(s.outage.state, OUTAGE_SUSPECTED);
	assert_null(take(START + 21, &wake));
	done(&items[3], OUTCOME_UPLOADED, START + 30, -1);
	assert_int_equal(s.outage.state, OUTAGE_NONE);
	schedule_fini(&s);
}

/* Sends n rows, the first bad of them in vain; returns how many were done when the run stopped. */
static unsigned
fail_some(struct item *items, unsigned n, unsigned bad, unsigned limit, bool percent)
{
	int64_t wake;
	unsigned i;

	begin(5, false, 0);
	s.options.max_failures = limit;
	s.options.max_failures_percent = percent;
	add(items, n);
	for (i = 0; i < n && s.stop == STOP_NONE; i++) {
		struct item *it = take(START + i, &wake);

		assert_non_null(it);
		done(it, i < bad ? OUTCOME_REJECTED : OUTCOME_UPLOADED, START + i, -1);
	}
	assert_true(s.stop == STOP_NONE || s.stop == STOP_FAILURES);
	schedule_fini(&s);
	return i;
}

static void
too_many_failures_end_the_run(void **state)
{
	static struct item items[300];

	(void)state;
	assert_int_equal(fail_some(items, 300, 300, 0, false), 300);
	assert_int_equal(fail_some(items, 300, 300, 7, false), 7);
	assert_int_equal(fail_some(items, 300, 6, 7, false), 300);
	/* a percentage waits for a hundred rows, and is of those that are done */
	assert_int_equal(fail_some(items, 300, 300, 50, true), 100);
	assert_int_equal(fail_some(items, 300, 49, 50, true), 300);
	assert_int_equal(fail_some(items, 99, 99, 50, true), 99);
}

static void
a_row_never_sent_goes_before_a_retry_without_budget(void **state)
{
	struct item first, bad, fresh;
	int64_t wake, now = START + 10;

	(void)state;
	begin(1000, false, 0);
	warm_up(&first);
	add(&bad, 1);
	take(now, &wake);
	done(&bad, OUTCOME_UNAVAILABLE, now, -1);
	s.budget.retries = 0;
	s.budget.filled_ms = bad.due_ms;
	now = bad.due_ms;
	item_init(&fresh, 7);
	queue_wake(&s.queue, now);
	queue_add(&s.queue, &fresh);
	assert_ptr_equal(take(now, &wake), &fresh);
	assert_null(take(now, &wake));
	assert_in_range(wake, now + 100, now + 101);
	assert_ptr_equal(take(wake, &wake), &bad);
	schedule_fini(&s);
}

static void
full_jitter_stays_under_its_cap(void **state)
{
	uint64_t random = 3;
	unsigned n;

	(void)state;
	for (n = 0; n < 40; n++) {
		int64_t top = n < 7 ? 500 << n : BACKOFF_CAP_MS, low = INT64_MAX, high = 0;
		int i;

		for (i = 0; i < 1000; i++) {
			int64_t ms = backoff_ms(n, backoff_random(&random));

			low = ms < low ? ms : low;
			high = ms > high ? ms : high;
		}
		top = top > BACKOFF_CAP_MS ? BACKOFF_CAP_MS : top;
		assert_true(high <= top);
		assert_true(high > top * 9 / 10 && low < top / 10);
	}
}

static bool
is_empty(const struct queue *q)
{
	return queue_held(q) + q->count[ITEM_IN_FLIGHT] == 0;
}

static void
a_retry_that_was_not_sent_is_none(void **state)
{
	struct item first, it;
	int64_t wake;

	(void)state;
	begin(5, false, 0);
	warm_up(&first);
	add(&it, 1);
	assert_ptr_equal(take(START + 1, &wake), &it);
	done(&it, OUTCOME_THROTTLED, START + 2, -1);
	assert_int_equal(s.retries, 0);
	assert_ptr_equal(take(START + 5 * MINUTE, &wake), &it);
	assert_int_equal(s.retries, 1);
	schedule_untake(&s, &it);
	assert_int_equal(s.retries, 0);
	assert_ptr_equal(take(START + 6 * MINUTE, &wake), &it);
	done(&it, OUTCOME_NOT_SENT, START + 6 * MINUTE + 1, -1);
	assert_int_equal(s.retries, 0);
	assert_int_equal(it.attempts, 1);
	schedule_fini(&s);
}

static void
of_several_reasons_to_stop_the_gravest_stays(void **state)
{
	(void)state;
	begin(5, false, 0);
	schedule_stop(&s, STOP_FAILURES);
	schedule_stop(&s, STOP_OUTAGE);
	assert_int_equal(s.stop, STOP_FAILURES); /* the same exit status: the first */
	schedule_stop(&s, STOP_KEY);
	assert_int_equal(s.stop, STOP_KEY);
	schedule_stop(&s, STOP_CERTIFICATE);
	assert_int_equal(s.stop, STOP_KEY);
	schedule_stop(&s, STOP_WRITE);
	assert_int_equal(s.stop, STOP_WRITE);
	schedule_stop(&s, STOP_SIGNAL);
	assert_int_equal(s.stop, STOP_SIGNAL);
	schedule_stop(&s, STOP_WRITE);
	schedule_stop(&s, STOP_NONE);
	assert_int_equal(s.stop, STOP_SIGNAL);
	schedule_fini(&s);
}

static void
followers_keep_their_order(void **state)
{
	struct item leader, f[3];
	int i;

	(void)state;
	begin(5, false, 0);
	item_init(&leader, 5);
	queue_add(&s.queue, &leader);
	assert_ptr_equal(queue_leader(&s.queue, 5), &leader);
	assert_null(queue_leader(&s.queue, 5 + QUEUE_BUCKETS));
	for (i = 0; i < 3; i++) {
		item_init(&f[i], 5);
		queue_follow(&s.queue, &leader, &f[i]);
	}
	assert_int_equal(queue_held(&s.queue), 4);
	for (i = 0; i < 3; i++)
		assert_ptr_equal(queue_unfollow(&s.queue, &leader), &f[i]);
	assert_null(queue_unfollow(&s.queue, &leader));
	assert_ptr_equal(queue_drop(&s.queue), &leader);
	assert_null(queue_leader(&s.queue, 5));
	assert_true(is_empty(&s.queue));
	schedule_fini(&s);
}

static void
waiting_items_wake_in_the_order_of_their_time(void **state)
{
	static struct item items[500];
	uint64_t random = 9;
	int64_t last = 0;
	size_t i;

	(void)state;
	begin(5, false, 0);
	add(items, COUNT_OF(items));
	for (i = 0; i < COUNT_OF(items); i++) {
		struct item *it = queue_start(&s.queue, START);

		queue_wait(&s.queue, it, START + (int64_t)(backoff_random(&random) % 1000));
	}
	for (i = 0; i < COUNT_OF(items); i++) {
		int64_t due = queue_due_ms(&s.queue);
		struct item *it;

		assert_true(due >= last);
		last = due;
		queue_wake(&s.queue, due);
		while ((it = queue_start(&s.queue, due))) {
			assert_true(it->due_ms <= due);
			queue_finish(&s.queue, it);
		}
		if (is_empty(&s.queue))
			break;
	}
	assert_true(is_empty(&s.queue));
	schedule_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_request_goes_alone),
		cmocka_unit_test(one_row_is_read_ahead_of_its_permit),
		cmocka_unit_test(no_second_holds_more_than_the_rate),
		cmocka_unit_test(a_pause_holds_everybody_for_as_long_as_asked),
		cmocka_unit_test(attempts_count_only_while_others_succeed),
		cmocka_unit_test(five_403_in_a_row_are_the_key),
		cmocka_unit_test(a_hanging_server_puts_no_row_more_in_doubt),
		cmocka_unit_test(a_doubt_stops_the_rest_even_while_others_are_answered),
		cmocka_unit_test(a_server_that_stays_down_ends_the_run),
		cmocka_unit_test(a_server_that_refuses_everything_is_left_alone),
		cmocka_unit_test(a_pause_that_did_not_help_leaves_one_row_alone),
		cmocka_unit_test(one_503_is_no_outage_and_three_are),
		cmocka_unit_test(too_many_failures_end_the_run),
		cmocka_unit_test(a_row_never_sent_goes_before_a_retry_without_budget),
		cmocka_unit_test(full_jitter_stays_under_its_cap),
		cmocka_unit_test(a_retry_that_was_not_sent_is_none),
		cmocka_unit_test(of_several_reasons_to_stop_the_gravest_stays),
		cmocka_unit_test(followers_keep_their_order),
		cmocka_unit_test(waiting_items_wake_in_the_order_of_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
