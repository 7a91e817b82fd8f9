#include "unit.h"

#include "api/head.h"

#define WALL INT64_C(1774828800000) /* 2026-03-30 00:00:00 UTC */

/* Gives the lines to a head that was used before. */
static void
lines(struct head *h, const char *const *line)
{
	head_clear(h);
	for (; *line; line++)
		head_line(h, span_of(*line));
}

#define LINES(h, ...) lines(h, (const char *const[]){__VA_ARGS__, NULL})

static void
the_fields_of_the_last_answer_count(void **state)
{
	struct head h = {.open = false};

	(void)state;
	LINES(&h, "HTTP/1.1 103 Early Hints\r\n", "Retry-After: 9\r\n", "X-RateLimit-Limit: 9\r\n",
	      "\r\n", "HTTP/1.1 429 Too Many Requests\r\n", "Date: x\r\n", "retry-after:  7 \r\n",
	      "Retry-After: 8\r\n", "RateLimit: \"a\";r=3;t=4\r\n", "\r\n");
	assert_int_equal(head_retry_after_ms(&h, WALL), 7000);
	assert_true(head_notice(&h, WALL).remaining == 3);
	assert_true(head_notice(&h, WALL).reset_s == 4);
	assert_true(head_notice(&h, WALL).quota == -1);
	head_free(&h);
}

static void
a_head_without_them_says_nothing(void **state)
{
	struct head h = {.open = false};

	(void)state;
	LINES(&h, "HTTP/1.1 200 OK\r\n", "Retry-After: 7\r\n", "\r\n");
	LINES(&h, "HTTP/1.1 200 OK\r\n", "X-Request-Id: 1\r\n", "Retry-After\r\n",
	      "retry-after : 7\r\n", "X-RateLimit-Limit\n", "\r\n");
	assert_int_equal(head_retry_after_ms(&h, WALL), -1);
	assert_true(head_notice(&h, WALL).quota == -1);
	LINES(&h, "HTTP/1.1 200 OK\r\n");
	assert_int_equal(head_retry_after_ms(&h, WALL), -1);
	head_free(&h);
}

static void
trailers_do_not_count(void **state)
{
	struct head h = {.open = false};

	(void)state;
	LINES(&h, "HTTP/1.1 200 OK\r\n", "\r\n", "Retry-After: 7\r\n", "\r\n");
	assert_int_equal(head_retry_after_ms(&h, WALL), -1);
	head_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fields_of_the_last_answer_count),
		cmocka_unit_test(a_head_without_them_says_nothing),
		cmocka_unit_test(trailers_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
