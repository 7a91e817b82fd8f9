#include "unit.h"

#include "policy/review.h"

#define START 1000000
#define PER_SECOND(n) (INT64_C(1000000000) / (n))

static void
test_each_waits_for_its_interval(void **state)
{
	struct rounds r;
	int64_t wake;

	(void)state;
	rounds_init(&r, 2, 30000, PER_SECOND(1000), false, START);
	rounds_add(&r, 0, START);
	rounds_add(&r, 1, START);
	assert_int_equal(rounds_take(&r, START, &wake), 0);
	/* of two the second need not wait for half the interval */
	assert_int_equal(rounds_take(&r, START, &wake), ROUNDS_NONE);
	assert_in_range(wake, START + 900, START + 1005);
	assert_int_equal(rounds_take(&r, wake, &wake), 1);
	rounds_again(&r, 0, START);
	rounds_again(&r, 1, START + 1000);
	assert_int_equal(rounds_take(&r, START + 29999, &wake), ROUNDS_NONE);
	assert_int_equal(wake, START + 30000);
	assert_int_equal(rounds_take(&r, START + 30000, &wake), 0);
	rounds_settled(&r);
	assert_int_equal(r.open, 1);
	assert_int_equal(rounds_take(&r, START + 40000, &wake), 1);
	assert_int_equal(rounds_take(&r, START + 90000, &wake), ROUNDS_NONE);
	assert_int_equal(wake, INT64_MAX);
	rounds_fini(&r);
}

static void
test_a_round_is_spread_out(void **state)
{
	enum { N = 1000 };
	static int64_t at[N];
	unsigned slot[10] = {0};
	struct rounds r;
	int64_t now = START, wake;
	uint32_t i, asked = 0;

	(void)state;
	rounds_init(&r, N, 10000, PER_SECOND(1000), false, START);
	for (i = 0; i < N; i++)
		rounds_add(&r, i, START);
	while (now < START + 60000) {
		i = rounds_take(&r, now, &wake);
		if (i == ROUNDS_NONE) {
			now = wake;
			continue;
		}
		assert_true(at[i] == 0 || now - at[i] >= 10000);
		at[i] = now;
		rounds_again(&r, i, now);
		asked++;
		if (now >= START + 40000 && now < START + 50000)
			slot[(now - START - 40000) / 1000]++;
	}
	assert_in_range(asked, 5500, 6500);
	for (i = 0; i < 10; i++) /* in the fifth round as in the first: a ninth a second at most */
		assert_true(slot[i] <= 113);
	rounds_fini(&r);
}

/* When nearly all settle in one round, neither that nor the next lasts longer than any other. */
static void
test_the_last_do_not_wait_longer(void **state)
{
	enum { N = 1000, LAST = 100 };
	struct rounds r;
	int64_t now = START, wake;
	uint32_t i, asked = 0;

	(void)state;
	rounds_init(&r, N, 10000, PER_SECOND(1000), false, START);
	for (i = 0; i < N; i++)
		rounds_add(&r, i, START);
	while (r.open > 0) {
		i = rounds_take(&r, now, &wake);
		if (i == ROUNDS_NONE)
			now = wake;
		else if (asked++ < N + LAST)
			rounds_again(&r, i, now);
		else
			rounds_settled(&r);
	}
	assert_int_equal(asked, 2 * N + LAST);
	/* the last of all were the first in each round: due when two intervals are over */
	assert_in_range(now - START, 20000, 21100);
	rounds_fini(&r);
}

static void
test_the_rate_is_a_ceiling(void **state)
{
	struct rounds r;
	int64_t now = START, wake;
	uint32_t i, n = 0;

	(void)state;
	rounds_init(&r, 100, 1000, PER_SECOND(20), true, START);
	for (i = 0; i < 100; i++)
		rounds_add(&r, i, START);
	while (now < START + 1000) {
		i = rounds_take(&r, now, &wake);
		if (i == ROUNDS_NONE)
			now = wake;
		else
			n++;
	}
	assert_int_equal(n, 20);
	rounds_again(&r, 0, now); /* once: it is not asked again */
	assert_int_equal(r.open, 99);
	rounds_fini(&r);
}

static enum review_state
state_of(int status, enum code_kind kind, int64_t code, enum review_word word, enum id_kind id)
{
	struct answer a = {.handed_over = true,
			   .http_status = status,
			   .code_kind = kind,
			   .code = code,
			   .id = id};

	return review_state_of(&a, outcome_of(&a), word, true);
}

static void
test_what_an_answer_says(void **state)
{
	struct answer other = {
		.handed_over = true, .http_status = 200, .code_kind = CODE_NUMBER, .id = ID_VALID};

	(void)state;
	assert_int_equal(state_of(200, CODE_NUMBER, 0, REVIEW_WORD_ACTIVE, ID_VALID),
			 REVIEW_ACTIVE);
	assert_int_equal(state_of(200, CODE_NUMBER, 0, REVIEW_WORD_ACTIVE, ID_ABSENT),
			 REVIEW_ACTIVE);
	assert_int_equal(state_of(200, CODE_NUMBER, 0, REVIEW_WORD_FAILED, ID_VALID),
			 REVIEW_FAILED);
	assert_int_equal(state_of(200, CODE_NUMBER, 0, REVIEW_WORD_PROCESSING, ID_VALID),
			 REVIEW_PROCESSING);
	assert_int_equal(state_of(200, CODE_NUMBER, 0, REVIEW_WORD_OTHER, ID_VALID), REVIEW_ODD);
	assert_int_equal(state_of(200, CODE_NUMBER, 0, REVIEW_WORD_ABSENT, ID_VALID),
			 REVIEW_UNANSWERED);
	assert_int_equal(state_of(200, CODE_NUMBER, -1, REVIEW_WORD_ABSENT, ID_ABSENT),
			 REVIEW_UNKNOWN);
	/* neither yes nor no */
	assert_int_equal(state_of(503, CODE_NUMBER, -1, REVIEW_WORD_ABSENT, ID_ABSENT),
			 REVIEW_UNANSWERED);
	assert_int_equal(state_of(200, CODE_NUMBER, 5, REVIEW_WORD_ACTIVE, ID_VALID),
			 REVIEW_UNANSWERED);
	assert_int_equal(state_of(500, CODE_NUMBER, 0, REVIEW_WORD_ACTIVE, ID_VALID),
			 REVIEW_UNANSWERED);
	assert_int_equal(state_of(200, CODE_ABSENT, 0, REVIEW_WORD_ACTIVE, ID_VALID),
			 REVIEW_UNANSWERED);
	assert_int_equal(state_of(429, CODE_NUMBER, -1, REVIEW_WORD_ABSENT, ID_ABSENT),
			 REVIEW_UNANSWERED);
	assert_int_equal(review_state_of(&other, outcome_of(&other), REVIEW_WORD_ACTIVE, false),
			 REVIEW_UNANSWERED); /* of another asset */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_waits_for_its_interval),
		cmocka_unit_test(test_a_round_is_spread_out),
		cmocka_unit_test(test_the_last_do_not_wait_longer),
		cmocka_unit_test(test_the_rate_is_a_ceiling),
		cmocka_unit_test(test_what_an_answer_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
