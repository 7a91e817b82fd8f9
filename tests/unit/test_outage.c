/* How long a server that is down, or refuses everything, is waited for, and what ends the wait. */
#include "unit.h"

#include "policy/schedule.h"

#define START 1000000 /* any time: nothing may depend on where the clock begins */
#define SECOND 1000
#define MINUTE 60000

static struct schedule s;

static void
begin(struct item *items, size_t n)
{
	struct schedule_options o = {
		.unpaced = true,
		.retries = 5,
		.outage_timeout_ms = 15 * MINUTE,
		.max_pause_ms = 65 * MINUTE,
		.seed = 7,
	};
	size_t i;

	schedule_init(&s, &o, START);
	s.rows_ended = true;
	for (i = 0; i < n; i++) {
		item_init(&items[i], (uint32_t)i);
		queue_add(&s.queue, &items[i]);
	}
}

/* after: Retry-After in milliseconds, -1: none. */
static void
answer(struct item *it, enum outcome o, int64_t after, int64_t now)
{
	struct schedule_answer a = {o, o == OUTCOME_UNAVAILABLE, true, after, -1, QUOTA_NOTICE_NONE};

	if (it == &s.question)
		schedule_answered(&s, &a, now);
	else
		schedule_done(&s, it, &a, now);
}

/* What is started next, however long that takes; NULL: the run has stopped. */
static struct item *
take(int64_t *now)
{
	struct item *it;
	int64_t wake;
	bool want;

	while (!(it = schedule_take(&s, *now, &wake, &want)) && s.stop == STOP_NONE) {
		assert_true(wake > *now && wake != INT64_MAX);
		*now = wake;
	}
	return it;
}

/* Takes one, however long that takes, and gives it that answer 5 ms later. */
static void
answer_next(enum outcome o, int64_t after, int64_t *now)
{
	struct item *it = take(now);

	assert_non_null(it);
	answer(it, o, after, *now += 5);
}

/* Gives everything the same answer until that time, or until the run stops. */
static void
answer_until(int64_t end, enum outcome o, int64_t after, int64_t *now)
{
	struct item *it;

	while (*now < end && (it = take(now)))
		answer(it, o, after, *now += 5);
}

static void
a_named_time_is_waited_for_though_it_is_longer_than_the_patience(void **state)
{
	struct item items[4];
	int64_t now = START;
	int i;

	(void)state;
	begin(items, 4);
	/* down; then it is back, and says when it will take something, three times */
	answer_until(START + 10 * SECOND, OUTCOME_NOT_SENT, -1, &now);
	for (i = 0; i < 3; i++) {
		int64_t said;

		answer_next(OUTCOME_UNAVAILABLE, 20 * MINUTE, &now);
		said = now;
		answer_next(OUTCOME_UNAVAILABLE, 1, &now);
		assert_int_equal(s.stop, STOP_NONE);
		assert_in_range(now, said + 20 * MINUTE, said + 21 * MINUTE);
	}
	schedule_fini(&s);
}

static void
a_server_that_says_when_is_waited_for_as_long_as_a_pause_may_last(void **state)
{
	struct item items[4];
	int64_t now = START;

	(void)state;
	begin(items, 4);
	answer_until(INT64_MAX, OUTCOME_UNAVAILABLE, 20 * MINUTE, &now);
	assert_int_equal(s.stop, STOP_PAUSE);
	assert_in_range(now - START, 65 * MINUTE, 90 * MINUTE);
	schedule_fini(&s);
}

static void
a_503_after_many_refusals_is_the_beginning_of_an_outage(void **state)
{
	struct item items[4];
	int64_t now = START;

	(void)state;
	begin(items, 4);
	answer_until(START + 20 * MINUTE, OUTCOME_THROTTLED, -1, &now);
	assert_int_equal(s.stop, STOP_NONE);
	answer_next(OUTCOME_UNAVAILABLE, 5 * SECOND, &now);
	answer_next(OUTCOME_NOT_SENT, -1, &now);
	answer_next(OUTCOME_UPLOADED, -1, &now);
	assert_int_equal(s.stop, STOP_NONE);
	schedule_fini(&s);
}

static void
a_refusal_after_an_outage_is_the_first_of_its_kind(void **state)
{
	struct item items[4];
	int64_t now = START;

	(void)state;
	begin(items, 4);
	s.options.max_pause_ms = 5 * MINUTE;
	answer_until(START + 10 * MINUTE, OUTCOME_NOT_SENT, -1, &now);
	answer_until(now + SECOND, OUTCOME_THROTTLED, -1, &now);
	assert_int_equal(s.stop, STOP_NONE);
	answer_until(INT64_MAX, OUTCOME_THROTTLED, -1, &now);
	assert_int_equal(s.stop, STOP_PAUSE);
	assert_in_range(now - START, 14 * MINUTE, 18 * MINUTE);
	assert_int_equal(s.pause_ms, -1);
	schedule_fini(&s);
}

/* Two servers behind one address: no end of the one trouble may be put off by the other. */
static void
a_server_that_is_down_and_refuses_by_turns_is_not_waited_for_for_ever(void **state)
{
	struct item items[4], *it;
	int64_t now = START;
	int i;

	(void)state;
	begin(items, 4);
	answer_until(START + SECOND, OUTCOME_THROTTLED, -1, &now);
	for (i = 0; (it = take(&now)); i++)
		answer(it, i % 2 ? OUTCOME_THROTTLED : OUTCOME_NOT_SENT, -1, now += 5);
	assert_int_equal(s.stop, STOP_PAUSE);
	assert_in_range(now - START, 65 * MINUTE, 70 * MINUTE);
	assert_in_range(i, 30, 150);
	schedule_fini(&s);
}

static void
what_a_pause_is_too_long_for_is_said_as_it_is(void **state)
{
	struct item items[4];
	int64_t now = START;

	(void)state;
	begin(items, 4);
	answer_until(INT64_MAX, OUTCOME_THROTTLED, 30 * SECOND, &now);
	assert_int_equal(s.stop, STOP_PAUSE);
	assert_int_equal(s.pause_ms, -1); /* each was short, their sum was not */
	schedule_fini(&s);
	begin(items, 4);
	answer_until(INT64_MAX, OUTCOME_THROTTLED, 66 * MINUTE, &now);
	assert_int_equal(s.stop, STOP_PAUSE);
	assert_int_equal(s.pause_ms, 66 * MINUTE);
	schedule_fini(&s);
}

/* The last row of a pipe hangs; the pipe's next row comes much later. */
static void
while_nothing_is_to_be_sent_nobody_is_given_up(void **state)
{
	struct item items[2], late;
	int64_t now = START, wake;
	bool want;

	(void)state;
	begin(items, 2);
	answer_next(OUTCOME_UPLOADED, -1, &now);
	assert_ptr_equal(take(&now), &items[1]);
	now += MINUTE;
	answer(&items[1], OUTCOME_NO_ANSWER, -1, now);
	s.rows_ended = false;
	s.rows_paused = true;
	for (; now < START + 60 * MINUTE; now += 7 * MINUTE) { /* the loop is called for others */
		assert_null(schedule_take(&s, now, &wake, &want));
		assert_true(want);
		assert_int_equal(s.stop, STOP_NONE);
	}
	now += 20 * MINUTE;
	assert_null(schedule_take(&s, now, &wake, &want));
	assert_true(want);
	assert_true(wake > now);
	item_init(&late, 7);
	queue_add(&s.queue, &late);
	s.rows_paused = false;
	assert_ptr_equal(schedule_take(&s, now, &wake, &want), &s.question);
	schedule_fini(&s);
}

/* The first question in an outage is the last request of the server's window, which is full again an
 * hour later. */
static void
a_question_that_the_rate_withholds_has_not_failed(void **state)
{
	struct schedule_answer two_left = {OUTCOME_UPLOADED, false, true, -1, -1, {-1, -1, 2, 3600}};
	struct item items[4];
	int64_t now = START;

	(void)state;
	begin(items, 4);
	s.rate.unpaced = false;
	assert_ptr_equal(take(&now), &items[0]);
	schedule_done(&s, &items[0], &two_left, now += 5);
	assert_ptr_equal(take(&now), &items[1]);
	answer(&items[1], OUTCOME_NO_ANSWER, -1, now += 5);
	answer_next(OUTCOME_NO_ANSWER, -1, &now); /* to the question */
	assert_true(now < START + MINUTE);
	assert_ptr_equal(take(&now), &s.question);
	assert_true(now > START + 59 * MINUTE);
	/* it counts when it fails */
	answer(&s.question, OUTCOME_NO_ANSWER, -1, now += 5);
	assert_null(take(&now));
	assert_int_equal(s.stop, STOP_OUTAGE);
	schedule_fini(&s);
}

static void
there_is_one_question_at_a_time(void **state)
{
	struct item items[8], *it[3];
	int64_t now = START, wake;
	bool want;
	int i;

	(void)state;
	begin(items, 8);
	answer_next(OUTCOME_UPLOADED, -1, &now);
	for (i = 0; i < 3; i++)
		it[i] = take(&now);
	answer(it[0], OUTCOME_NO_ANSWER, -1, now += 50);
	assert_ptr_equal(take(&now), &s.question);
	/* the server is back before that is answered, and gone again */
	answer(it[1], OUTCOME_UPLOADED, -1, now += 10);
	assert_int_equal(s.outage.state, OUTAGE_NONE);
	answer(it[2], OUTCOME_NO_ANSWER, -1, now += 10);
	assert_null(schedule_take(&s, now + 10 * SECOND, &wake, &want));
	assert_true(wake > now + 10 * SECOND);
	answer(&s.question, OUTCOME_NO_ANSWER, -1, now += 11 * SECOND);
	assert_ptr_equal(take(&now), &s.question);
	schedule_fini(&s);
}

/* A doubtful failure, and what a question about an asset that does not exist is answered. */
static enum outage_state
state_after(enum outcome o, bool envelope)
{
	struct schedule_answer a = {o, false, envelope, -1, -1, QUOTA_NOTICE_NONE};
	struct item items[4];
	int64_t now = START;
	enum outage_state state;

	begin(items, 4);
	answer_next(OUTCOME_NO_ANSWER, -1, &now);
	assert_ptr_equal(take(&now), &s.question);
	schedule_answered(&s, &a, now += 5);
	state = s.outage.state;
	schedule_fini(&s);
	return state;
}

static void
the_envelope_says_that_the_server_is_back(void **state)
{
	(void)state;
	assert_int_equal(state_after(OUTCOME_REJECTED, true), OUTAGE_LONE);
	assert_int_equal(state_after(OUTCOME_BAD_ANSWER, true), OUTAGE_LONE); /* code 0, no id */
	assert_int_equal(state_after(OUTCOME_REJECTED, false), OUTAGE_DOWN); /* 404 of whoever */
	assert_int_equal(state_after(OUTCOME_BAD_ANSWER, false), OUTAGE_DOWN);
	assert_int_equal(state_after(OUTCOME_FORBIDDEN, false), OUTAGE_DOWN);
	/* one that says that there is no server */
	assert_int_equal(state_after(OUTCOME_UNAVAILABLE, true), OUTAGE_DOWN);
	assert_int_equal(state_after(OUTCOME_NO_ANSWER, true), OUTAGE_DOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_named_time_is_waited_for_though_it_is_longer_than_the_patience),
		cmocka_unit_test(a_server_that_says_when_is_waited_for_as_long_as_a_pause_may_last),
		cmocka_unit_test(a_503_after_many_refusals_is_the_beginning_of_an_outage),
		cmocka_unit_test(a_refusal_after_an_outage_is_the_first_of_its_kind),
		cmocka_unit_test(a_server_that_is_down_and_refuses_by_turns_is_not_waited_for_for_ever),
		cmocka_unit_test(what_a_pause_is_too_long_for_is_said_as_it_is),
		cmocka_unit_test(while_nothing_is_to_be_sent_nobody_is_given_up),
		cmocka_unit_test(a_question_that_the_rate_withholds_has_not_failed),
		cmocka_unit_test(there_is_one_question_at_a_time),
		cmocka_unit_test(the_envelope_says_that_the_server_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
