#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "show/frame.h"
#include "show/plot.h"
#include "show/report.h"

static int
by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Percentiles differ from the exact ones by 0.8 % at most, whatever the values look like. */
static void
percentiles_are_near_the_exact_ones(void **state)
{
	static int64_t values[20000];
	static const double shares[] = {0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
	struct histogram *h;
	int64_t exact, got;
	size_t i, n, round;
	uint64_t seed = 1;

	(void)state;
	for (round = 0; round < 60; round++) {
		h = calloc(1, sizeof *h);
		n = round < 5 ? round + 1 : COUNT_OF(values);
		for (i = 0; i < n; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			/* of every magnitude */
			values[i] = (int64_t)((seed >> 20) >> ((seed >> 8) % 44)) >> round / 2;
			values[i] &= (INT64_C(1) << 40) - 1;
			histogram_add(h, values[i]);
		}
		qsort(values, n, sizeof *values, by_value);
		for (i = 0; i < COUNT_OF(shares); i++) {
			size_t rank = (size_t)(shares[i] * (double)n + 0.9999999);

			exact = values[rank > 0 ? rank - 1 : 0];
			got = histogram_percentile(h, shares[i]);
			assert_true((got > exact ? got - exact : exact - got) * 128 <= exact);
		}
		assert_int_equal(h->low, values[0]);
		assert_int_equal(h->high, values[n - 1]);
		free(h);
	}
}

static void
bins_leave_no_gap(void **state)
{
	int64_t low, high, end = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < HISTOGRAM_BINS; i++) {
		histogram_bounds(i, &low, &high);
		assert_int_equal(low, end);
		assert_true(high > low);
		end = high;
	}
	assert_true(end == INT64_C(1) << HISTOGRAM_MAX_BITS);
}

static void
no_values_have_no_percentile(void **state)
{
	struct histogram *h = calloc(1, sizeof *h);

	(void)state;
	assert_int_equal(histogram_percentile(h, 0.5), 0);
	histogram_add(h, -5);
	histogram_add(h, INT64_MAX);
	assert_int_equal(h->low, 0);
	assert_int_equal(histogram_percentile(h, 0.5), 0);
	assert_int_equal(h->high, (INT64_C(1) << HISTOGRAM_MAX_BITS) - 1);
	free(h);
}

static int64_t
sum_of(const struct timeline *t, enum timeline_kind kind)
{
	int64_t sum = 0;
	unsigned i;

	for (i = 0; i < t->n; i++)
		sum += t->count[i][kind];
	return sum;
}

/* Nothing is lost when intervals are joined, in whatever order times come. */
static void
a_timeline_keeps_every_count(void **state)
{
	struct timeline *forward = calloc(1, sizeof *forward), *back = calloc(1, sizeof *back);
	const int64_t begin = INT64_C(1795617851123), step = 7777;
	int64_t i, n = 100000;

	(void)state;
	for (i = 0; i < n; i++) {
		timeline_add(forward, begin + i * step, TIMELINE_UPLOADED, 1);
		timeline_add(back, begin + (n - 1 - i) * step, TIMELINE_UPLOADED, 1);
	}
	timeline_add(forward, begin, TIMELINE_RESENT, 9);
	timeline_add(back, begin, TIMELINE_RESENT, 9);
	assert_int_equal(sum_of(forward, TIMELINE_UPLOADED), n);
	assert_int_equal(sum_of(forward, TIMELINE_RESENT), 9);
	assert_memory_equal(forward, back, sizeof *back);
	assert_true(forward->n <= TIMELINE_MAX);
	assert_int_equal(timeline_width_s(forward), 3600); /* nine days */
	assert_true(timeline_at_ms(forward, 0) <= begin);
	assert_true(timeline_at_ms(forward, 1) > begin);
	/* a record of the year 9999 still fits */
	timeline_add(forward, INT64_C(253402300799000), TIMELINE_FAILED, 1);
	timeline_add(forward, 0, TIMELINE_FAILED, 1);
	assert_int_equal(sum_of(forward, TIMELINE_FAILED), 2);
	assert_int_equal(sum_of(forward, TIMELINE_UPLOADED), n);
	free(forward);
	free(back);
}

/* Minutes are counted in whatever order they come; too far apart they are given up. */
static void
minutes_are_counted(void **state)
{
	struct minutes m = {0};
	const int64_t begin = INT64_C(1795617840000);
	int64_t i;

	(void)state;
	for (i = 0; i < 30000; i++) { /* from the middle to both sides, two rows a minute */
		minutes_add(&m, begin + i * 30000);
		minutes_add(&m, begin - i * 30000);
	}
	assert_int_equal(m.busy, 30000);
	for (i = 0; i < 5; i++)
		minutes_add(&m, begin + INT64_C(86400000) * 365);
	assert_int_equal(m.busy, 30001);
	assert_int_equal(m.most, 5);
	assert_false(m.overflowed);
	assert_true(m.n <= 2 * MINUTES_MAX);
	minutes_add(&m, 0);
	assert_true(m.overflowed);
	minutes_add(&m, begin);
	assert_int_equal(m.busy, 0);
	minutes_free(&m);
}

static void
add_kind(struct failures *all, const char *code, const char *message, int64_t line)
{
	struct failure f = {.class_word = span_of("rejected"),
			    .code = span_of(code),
			    .message = span_of(message),
			    .url = span_of("https://a/b?secret"),
			    .place = {0, line}};

	failures_add(all, &f);
}

static void
failures_are_grouped_and_capped(void **state)
{
	struct failures all = {0};
	const struct failure_kind *k;
	char message[32];
	int64_t sum = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++)
		add_kind(&all, "1", "no", i);
	for (i = 0; i < 100; i++)
		add_kind(&all, "2", "never\x1b[2J", i);
	assert_int_equal(all.n, 2);
	for (i = 0; i < 5000; i++) { /* a server that numbers its messages */
		snprintf(message, sizeof message, "request %u", i);
		add_kind(&all, "3", message, i);
	}
	add_kind(&all, "1", "no", 9);
	failures_sort(&all);
	assert_true(all.n <= FAILURES_MAX);
	k = all.kinds[0];
	assert_null(k->message);
	assert_string_equal(k->code, "3");
	assert_int_equal(k->count, 5000 - (FAILURES_KINDS - 2));
	k = all.kinds[1];
	assert_int_equal(k->count, 100);
	assert_string_equal(k->message, "never\\x1b[2J");
	assert_int_equal(k->n_examples, FAILURES_EXAMPLES);
	assert_int_equal(k->n_places, FAILURES_PLACES);
	assert_string_equal(k->examples[0].url, "https://a/b?…");
	assert_int_equal(k->examples[4].place.line, 4);
	assert_int_equal(all.kinds[2]->count, 4);
	for (i = 0; i < all.n; i++)
		sum += all.kinds[i]->count;
	assert_int_equal(sum, all.count);
	failures_free(&all);
	/* and its codes */
	for (i = 0; i < 3000; i++) {
		snprintf(message, sizeof message, "%u", i);
		add_kind(&all, message, message, i);
	}
	assert_int_equal(all.n, FAILURES_MAX);
	assert_int_equal(all.others, 3000 - FAILURES_MAX);
	failures_free(&all);
}

static void
steps_are_those_that_people_count_by(void **state)
{
	(void)state;
	assert_float_equal(frame_step(100, 4), 50, 1e-9);
	assert_float_equal(frame_step(80, 4), 20, 1e-9);
	assert_float_equal(frame_step(81, 4), 50, 1e-9);
	assert_float_equal(frame_step(3, 4), 1, 1e-9);
	assert_float_equal(frame_step(0, 4), 1, 1e-9);
	assert_float_equal(frame_step(1e6, 5), 200000, 1e-6);
	assert_int_equal(frame_step_s(10, 5), 2);
	assert_int_equal(frame_step_s(3600, 6), 600);
	assert_int_equal(frame_step_s(3601, 6), 900);
	assert_int_equal(frame_step_s(86400 * 3, 7), 43200);
	assert_true(frame_step_s(INT64_C(86400) * 365 * 1000, 5) * 5 >= INT64_C(86400) * 365 * 1000);
	assert_float_equal(frame_log(10, 1, 100), 0.5, 1e-9);
	assert_float_equal(frame_log(0.5, 1, 100), 0, 1e-9);
	assert_float_equal(frame_log(1000, 1, 100), 1, 1e-9);
}

static void
stamps_are_read_back(void **state)
{
	static const char *const bad[] = {"",
					  "2026-11-25",
					  "2026-13-25T00:00:00Z",
					  "2026-11-25T00:00:00",
					  "2026-11-25T24:00:00.000Z",
					  "2026-11-25T00:00:00.1x3Z",
					  "1969-12-31T23:59:59Z",
					  "2026-11-25 00:00:00.000Z"};
	char stamp[CLOCK_STAMP_BYTES];
	int64_t at;
	size_t i;

	(void)state;
	for (at = 0; at < INT64_C(8000000000000); at += INT64_C(86399999) * 17) {
		struct span text = {stamp, clock_stamp(at, stamp)};

		assert_int_equal(clock_read_stamp(text), at);
	}
	assert_int_equal(clock_read_stamp(span_of("2024-02-29T12:00:00Z")), INT64_C(1709208000000));
	assert_int_equal(clock_read_stamp(span_of("1970-01-01T00:00:01.5Z")), 1500);
	assert_int_equal(clock_read_stamp(span_of("1970-01-01T00:00:01.123456Z")), 1123);
	for (i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(clock_read_stamp(span_of(bad[i])), -1);
}

/* One record, from its texts. */
static void
add(struct report *r, enum record_status status, const char *class_word, const char *review,
    const char *attempts, const char *sent, const char *finished, const char *duration)
{
	static int64_t line = 1;
	struct scan_record record = {
		.line = ++line, .status = status, .url = span_of("https://a/1")};

	record.value[COLUMN_ERROR_CLASS] = span_of(class_word);
	record.value[COLUMN_REVIEW_STATUS] = span_of(review);
	record.value[COLUMN_ATTEMPTS] = span_of(attempts);
	record.value[COLUMN_SENT_AT] = span_of(sent);
	record.value[COLUMN_FINISHED_AT] = span_of(finished);
	record.value[COLUMN_DURATION_MS] = span_of(duration);
	report_add(r, &record);
}

static void
records_add_up(void **state)
{
	const struct scan_news news = {0};
	struct report *r = malloc(sizeof *r);
	struct buf out = {0};

	(void)state;
	report_init(r, clock_read_stamp(span_of("2026-11-25T12:00:00Z")));
	report_file(r, "a.results.csv");
	add(r, RECORD_UPLOADED, "", "Active", "1", "2026-11-25T10:00:00.000Z",
	    "2026-11-25T10:00:00.200Z", "200");
	add(r, RECORD_UPLOADED, "", "", "3", "2026-11-25T10:00:30.000Z", "2026-11-25T10:01:00.000Z",
	    "400");
	add(r, RECORD_UPLOADED, "", "Processing", "1", "x", "y", "z");
	add(r, RECORD_DUPLICATE, "", "Failed", "0", "", "", "");
	report_file_end(r, &news);
	report_file(r, "it's b.csv");
	add(r, RECORD_FAILED, "rejected", "", "1", "2026-11-25T11:00:00.000Z",
	    "2026-11-25T11:00:01.000Z", "1000");
	add(r, RECORD_IN_DOUBT, "no_answer", "", "1", "2026-11-25T11:00:00.000Z", "", "");
	add(r, RECORD_STATUSES, "", "", "", "", "", "");
	report_file_end(r, &news);
	report_end(r);
	assert_int_equal(r->records, 7);
	assert_int_equal(r->files[0].records, 4);
	assert_int_equal(r->status[RECORD_UPLOADED], 3);
	assert_int_equal(r->status[RECORD_STATUSES], 1);
	assert_int_equal(r->requests, 7);
	assert_int_equal(r->sent, 5);
	assert_int_equal(r->resent, 1);
	assert_int_equal(r->most_attempts, 3);
	assert_int_equal(r->latency.count, 3);
	assert_int_equal(r->review[REPORT_ACTIVE], 1);
	assert_int_equal(r->age[AGE_6_H][1], 1);
	assert_int_equal(r->age[AGE_UNKNOWN][0], 1);
	assert_int_equal(report_span_ms(r), 3601000);
	assert_int_equal(r->failures.count, 2);
	/* the hour without a row is left out: three intervals have some */
	assert_int_equal(timeline_width_s(&r->timeline), 15);
	assert_float_equal(report_rows_per_min(r), 3 * 60 / 45.0, 1e-9);
	assert_float_equal(report_peak_per_min(r), 4, 1e-9);
	assert_int_equal(report_next(r), 3);
	report_next_command(r, 0, &out);
	assert_string_equal(out.data, "lade retry 'it'\\''s b.csv'");
	buf_clear(&out);
	report_next_command(r, 2, &out);
	assert_string_equal(out.data, "lade retry --only review_failed a.results.csv");
	buf_free(&out);
	report_fini(r);
	free(r);
}

/* Two nights of ten minutes each: the day between them does not slow the rate down. */
static void
nights_between_runs_do_not_count(void **state)
{
	const int64_t begin = INT64_C(1795617840000);
	struct report *r = malloc(sizeof *r);
	char stamp[CLOCK_STAMP_BYTES];
	int64_t i;

	(void)state;
	report_init(r, 0);
	report_file(r, "a");
	for (i = 0; i < 1200; i++) {
		clock_stamp(begin + i % 600 * 1000 + i / 600 * 86400000, stamp);
		add(r, RECORD_UPLOADED, "", "", "1", stamp, stamp, "1");
	}
	report_end(r);
	assert_true(timeline_width_s(&r->timeline) > 60);
	assert_float_equal(report_rows_per_min(r), 60, 1e-9);
	assert_float_equal(report_peak_per_min(r), 60, 1e-9);
	assert_int_equal(report_peak_width_s(r), 60);
	report_fini(r);
	free(r);
}

/* A page stays small whatever a server says. */
static void
a_hostile_page_stays_small(void **state)
{
	struct report *r = malloc(sizeof *r);
	struct scan_record record = {.status = RECORD_FAILED};
	struct buf out = {0};
	static char message[500], url[4000], path[3000];
	unsigned i;

	(void)state;
	memset(message, '"', sizeof message);
	memset(url, '&', sizeof url);
	memset(path, '<', sizeof path - 1);
	report_init(r, 0);
	for (i = 0; i < 3000; i++) {
		if (i % 10 == 0)
			report_file(r, path);
		snprintf(message, sizeof message, "%u", i % 1500);
		message[strlen(message)] = '"';
		record.line = i;
		record.url = (struct span){url, sizeof url};
		record.value[COLUMN_MESSAGE] = (struct span){message, sizeof message};
		record.value[COLUMN_MANIFEST] = (struct span){url, sizeof url};
		report_add(r, &record);
	}
	report_end(r);
	report_html(r, &out);
	assert_true(out.len < 1000000);
	assert_null(strstr(out.data, "<<"));
	assert_null(strstr(out.data, "&&"));
	assert_non_null(strstr(out.data, "Left out here"));
	buf_clear(&out);
	report_json(r, &out);
	assert_true(out.len < 8000000);
	buf_free(&out);
	report_fini(r);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_near_the_exact_ones),
		cmocka_unit_test(bins_leave_no_gap),
		cmocka_unit_test(no_values_have_no_percentile),
		cmocka_unit_test(a_timeline_keeps_every_count),
		cmocka_unit_test(minutes_are_counted),
		cmocka_unit_test(failures_are_grouped_and_capped),
		cmocka_unit_test(steps_are_those_that_people_count_by),
		cmocka_unit_test(stamps_are_read_back),
		cmocka_unit_test(records_add_up),
		cmocka_unit_test(nights_between_runs_do_not_count),
		cmocka_unit_test(a_hostile_page_stays_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
