#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"

static void
durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"500ms", 500}, {"10s", 10000}, {"15m", 900000}, {"2h", 7200000}, {"1.5s", 1500},
		{"0", 0}, {"0s", 0}, {"1.5ms", 1}, {"8784h", 31622400000},
		{"", -1}, {"10", -1}, {"s", -1}, {"-1s", -1}, {"1 s", -1}, {"1s ", -1}, {"1.s", -1},
		{"1.2345s", -1}, {"8785h", -1}, {"8784.001h", -1}, {"31622400.001s", -1},
		{"9999999999s", -1}, {"1d", -1}, {"0x1s", -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++)
		if (units_duration_ms(cases[i].text) != cases[i].ms)
			fail_msg("%s: %lld", cases[i].text,
				 (long long)units_duration_ms(cases[i].text));
}

static void
rates(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{"20/s", 50000000}, {"20", 50000000}, {"600/m", 100000000}, {"5000/h", 720000000},
		{"20000/d", 4320000000}, {"0.5/s", 2000000000}, {"3/s", 333333334},
		{"1000000/s", 1000}, {"1/d", 86400000000000},
		{"2000000/s", -1}, {"0", -1}, {"0.5/d", -1}, {"", -1}, {"/s", -1}, {"20/w", -1},
		{"-1/s", -1}, {"20 /s", -1}, {"1e3/s", -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++)
		if (units_rate_interval_ns(cases[i].text) != cases[i].ns)
			fail_msg("%s: %lld", cases[i].text,
				 (long long)units_rate_interval_ns(cases[i].text));
}

static void
integers(void **state)
{
	int64_t n = 7;

	(void)state;
	assert_int_equal(units_int("1", 1, 1000, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(units_int("1000", 1, 1000, &n), 0);
	assert_int_equal(units_int("1001", 1, 1000, &n), -1);
	assert_int_equal(units_int("0", 1, 1000, &n), -1);
	assert_int_equal(units_int("", 0, 9, &n), -1);
	assert_int_equal(units_int("+1", 0, 9, &n), -1);
	assert_int_equal(units_int("1 ", 0, 9, &n), -1);
	assert_int_equal(units_int("99999999999999999999", 0, INT64_MAX, &n), -1);
	assert_int_equal(n, 1000);
}

static void
shown(void **state)
{
	struct buf b = {0};

	(void)state;
	units_show_count(&b, 1234567);
	buf_add_char(&b, ' ');
	units_show_count(&b, 999);
	buf_add_char(&b, ' ');
	units_show_ms(&b, 400);
	buf_add_char(&b, ' ');
	units_show_ms(&b, 27000);
	buf_add_char(&b, ' ');
	units_show_ms(&b, 200000);
	buf_add_char(&b, ' ');
	units_show_ms(&b, 7500000);
	assert_string_equal(b.data, "1,234,567 999 0.4 s 27 s 3 min 20 s 2 h 5 min");
	buf_free(&b);
}

static void
stamps(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{951782399999, "2000-02-28T23:59:59.999Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{1774880518123, "2026-03-30T14:21:58.123Z"},
		{4107542400000, "2100-03-01T00:00:00.000Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
	};
	char out[CLOCK_STAMP_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(clock_stamp(cases[i].ms, out), strlen(cases[i].text));
		assert_string_equal(out, cases[i].text);
	}
}

static void
utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t n, bad;
	} cases[] = {
		{"plain ascii that is long", 24, 24}, {"\xC3\xA9", 2, 2}, {"\xE7\xB4\xA0", 3, 3},
		{"\xF0\x9F\x98\x80", 4, 4}, {"\xF4\x8F\xBF\xBF", 4, 4}, {"\xED\x9F\xBF", 3, 3},
		{"a\xC0\xAF", 3, 1}, {"\xE0\x80\xAF", 3, 0}, {"\xF0\x80\x80\xAF", 4, 0},
		{"\xED\xA0\x80", 3, 0}, {"\xF4\x90\x80\x80", 4, 0}, {"\xF5\x80\x80\x80", 4, 0},
		{"\xC3", 1, 0}, {"\xE7\xB4", 2, 0}, {"12345678\x80", 9, 8}, {"\xC3(", 2, 0},
		{"caf\xE9", 4, 3}, {"", 0, 0},
	};
	size_t i, bad;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		struct span s = {cases[i].bytes, cases[i].n};

		assert_int_equal(text_utf8_valid(s, &bad), cases[i].bad == cases[i].n);
		assert_int_equal(bad, cases[i].bad);
	}
}

static void
escaped(void **state)
{
	static const struct {
		const char *in, *out;
		size_t max;
	} cases[] = {
		{"plain \xE7\xB4\xA0\xE6\x9D\x90", "plain \xE7\xB4\xA0\xE6\x9D\x90", 0},
		{"a\nb\tc\rd", "a\\nb\\tc\\rd", 0},
		{"\x1b[31mred", "\\x1b[31mred", 0},
		{"\x7f\xC2\x9B", "\\x7f\\u{9b}", 0},
		{"\xE2\x80\xAEtxt", "\\u{202e}txt", 0},
		{"\xff", "\\xff", 0},
		{"12345", "123", 3},
		{"12\xE7\xB4\xA0", "12", 4},
		{"12\n", "12", 3},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		struct buf b = {0};

		text_escape(&b, span_of(cases[i].in), cases[i].max);
		assert_string_equal(b.data, cases[i].out);
		buf_free(&b);
	}
}

static void
urls_shown_without_their_query(void **state)
{
	struct buf b = {0};

	(void)state;
	text_show_url(&b, span_of("https://a.example/x.jpg?sig=secret#f"), 100);
	assert_string_equal(b.data, "https://a.example/x.jpg?\xE2\x80\xA6");
	buf_free(&b);
}

static void
nearest(void **state)
{
	const struct span names[] = {{"concurrency", 11}, {"retries", 7}, {"rate", 4}, {"url", 3}};

	(void)state;
	assert_int_equal(text_nearest(span_of("concurency"), names, 4), 0);
	assert_int_equal(text_nearest(span_of("retrys"), names, 4), 1);
	assert_int_equal(text_nearest(span_of("URL"), names, 4), 3);
	assert_int_equal(text_nearest(span_of("qwertz"), names, 4), -1);
	assert_int_equal(text_nearest(span_of(""), names, 4), -1);
	assert_true(text_same_loosely(span_of("Asset Type"), span_of("assetType")));
	assert_true(text_same_loosely(span_of("asset_type"), span_of("assetType")));
	assert_false(text_same_loosely(span_of("asset_types"), span_of("assetType")));
	assert_false(text_same_loosely(span_of(""), span_of("url")));
}

static void
slips(void **state)
{
	static const char *const pairs[][2] = {
		{"titel", "title"}, {"knd", "kind"}, {"updatedat", "updated_at"}, {"Title", "title"},
		{"titlee", "title"}, {"tytle", "title"}, {"itle", "title"}};
	static const char *const others[][2] = {
		{"title", "file"}, {"updated_at", "created_at"}, {"name", "title"}, {"id", "ie"},
		{"", "url"}, {"title", "tit"}, {"title", "ttile2"}, {"tag", "tags"},
		{"title_en", "title_es"}, {"image_1", "image_2"}, {"date", "data"}};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(pairs); i++) {
		assert_true(text_is_slip(span_of(pairs[i][0]), span_of(pairs[i][1])));
		assert_true(text_is_slip(span_of(pairs[i][1]), span_of(pairs[i][0])));
	}
	for (i = 0; i < COUNT_OF(others); i++) {
		assert_false(text_is_slip(span_of(others[i][0]), span_of(others[i][1])));
		assert_false(text_is_slip(span_of(others[i][1]), span_of(others[i][0])));
	}
}

static void
a_time_of_day_is_its_next_occurrence(void **state)
{
	const int64_t hour = 3600000, noon = 1774699200000; /* 2026-03-28 12:00 UTC */

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	assert_int_equal(clock_until_local_ms(13 * 60, noon), hour);
	assert_int_equal(clock_until_local_ms(12 * 60, noon), 24 * hour);
	assert_int_equal(clock_until_local_ms(12 * 60, noon - 1), 1);
	assert_int_equal(clock_until_local_ms(0, noon), 12 * hour);
	/* summer time begins in the night: 13:00 in Berlin to 03:30, an hour less than clocks show */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_int_equal(clock_until_local_ms(3 * 60 + 30, noon), 13 * hour + hour / 2);
	unsetenv("TZ");
	tzset();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_of_day_is_its_next_occurrence),
		cmocka_unit_test(durations), cmocka_unit_test(rates), cmocka_unit_test(integers),
		cmocka_unit_test(shown),     cmocka_unit_test(stamps), cmocka_unit_test(utf8),
		cmocka_unit_test(escaped),   cmocka_unit_test(urls_shown_without_their_query),
		cmocka_unit_test(nearest),
		cmocka_unit_test(slips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
