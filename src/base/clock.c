#include "base/clock.h"

#include <time.h>

#define OFFSET_LIFE_MS 100 /* how long the distance of the two clocks is believed */

static int64_t
read_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
clock_now_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t
clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t
clock_wall_at_ms(int64_t now_ms)
{
	static int64_t offset_ms, measured_ms = INT64_MIN;

	if (measured_ms == INT64_MIN || now_ms - measured_ms > OFFSET_LIFE_MS) {
		measured_ms = clock_now_ms();
		offset_ms = clock_wall_ms() - measured_ms;
	}
	return now_ms + offset_ms;
}

int64_t
clock_until_local_ms(int minute_of_day, int64_t wall_ms)
{
	time_t now = (time_t)(wall_ms / 1000), then;
	struct tm day;
	int days = 0;

	do {
		localtime_r(&now, &day);
		day.tm_mday += days++;
		day.tm_hour = minute_of_day / 60;
		day.tm_min = minute_of_day % 60;
		day.tm_sec = 0;
		day.tm_isdst = -1;
		then = mktime(&day); /* normalises the day */
	} while ((int64_t)then * 1000 <= wall_ms && days < 3);
	return (int64_t)then * 1000 - wall_ms;
}

static void
put_digits(char *out, int n, int64_t value)
{
	while (n-- > 0) {
		out[n] = (char)('0' + value % 10);
		value /= 10;
	}
}

/*
 * Called for every record, so without strftime: civil-from-days by the 400-year era of the
 * proleptic Gregorian calendar, in which the year begins in March.
 */
size_t
clock_stamp(int64_t wall_ms, char *out)
{
	static const char shape[] = "0000-00-00T00:00:00.000Z";
	int64_t days = wall_ms / 86400000, ms = wall_ms % 86400000, era, doe, yoe, doy, mp, day, month, i;

	if (ms < 0) {
		ms += 86400000;
		days--;
	}
	days += 719468; /* from 0000-03-01 to 1970-01-01 */
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	day = doy - (153 * mp + 2) / 5 + 1;
	month = mp < 10 ? mp + 3 : mp - 9;
	for (i = 0; i < (int64_t)sizeof shape; i++)
		out[i] = shape[i];
	put_digits(out, 4, yoe + era * 400 + (month <= 2));
	put_digits(out + 5, 2, month);
	put_digits(out + 8, 2, day);
	put_digits(out + 11, 2, ms / 3600000);
	put_digits(out + 14, 2, ms / 60000 % 60);
	put_digits(out + 17, 2, ms / 1000 % 60);
	put_digits(out + 20, 3, ms % 1000);
	return sizeof shape - 1;
}

/* n digits at p as a number; -1: they are none. */
static int64_t
digits(const char *p, int n)
{
	int64_t value = 0;

	while (n-- > 0) {
		if (*p < '0' || *p > '9')
			return -1;
		value = value * 10 + (*p++ - '0');
	}
	return value;
}

/* The days from 1970-01-01 to a date: days-from-civil, clock_stamp's way back. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t era, yoe, doy;

	year -= month <= 2;
	era = year / 400;
	yoe = year - era * 400;
	doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* The fraction of a second at p, dot included, in ms rounded down; *end is behind it. */
static int64_t
fraction(const char *p, const char **end)
{
	int64_t ms = 0, weight = 100;

	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, weight /= 10)
			ms += (*p - '0') * weight;
	*end = p;
	return ms;
}

int64_t
clock_read_stamp(struct span text)
{
	static const char shape[] = "0000-00-00T00:00:00";
	static const struct {
		int at, n_digits;
		int64_t least, most;
	} parts[6] = {{0, 4, 1970, 9999}, {5, 2, 1, 12}, {8, 2, 1, 31},
		      {11, 2, 0, 23}, {14, 2, 0, 59}, {17, 2, 0, 60}};
	int64_t part[6], ms;
	const char *end;
	size_t i;

	if (text.n < sizeof shape || text.p[text.n - 1] != 'Z')
		return -1;
	for (i = 0; i < sizeof shape - 1; i++)
		if (shape[i] != '0' && text.p[i] != shape[i])
			return -1;
	for (i = 0; i < 6; i++) {
		part[i] = digits(text.p + parts[i].at, parts[i].n_digits);
		if (part[i] < parts[i].least || part[i] > parts[i].most)
			return -1;
	}
	ms = fraction(text.p + sizeof shape - 1, &end); /* the Z ends it */
	if (end != text.p + text.n - 1)
		return -1;
	return (days_of(part[0], part[1], part[2]) * 86400 + part[3] * 3600 + part[4] * 60 + part[5]) *
		       1000 + ms;
}
