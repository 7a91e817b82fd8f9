#include "base/units.h"

#include <ctype.h>
#include <string.h>

#define MAX_DURATION_MS (INT64_C(366) * 86400 * 1000)
#define MIN_INTERVAL_NS 1000
#define MAX_INTERVAL_NS (INT64_C(86400) * 1000000000)
#define MAX_DIGITS 9      /* of the whole part; keeps every product, of hours too, inside 64 bits */
#define FRACTION_DIGITS 3 /* thousandths are enough for a duration or a rate */

/*
 * A decimal number with up to three digits behind the point, in thousandths; *rest is what follows.
 * -1 when there is none. Without strtod: the locale must not decide what a point is.
 */
static int64_t
thousandths(const char *p, const char **rest)
{
	int64_t value = 0;
	int digits = 0, fraction = 0;

	while (isdigit((unsigned char)*p) && digits <= MAX_DIGITS) {
		value = value * 10 + (*p++ - '0');
		digits++;
	}
	if (digits == 0 || digits > MAX_DIGITS)
		return -1;
	if (*p == '.') {
		p++;
		while (isdigit((unsigned char)*p) && fraction <= FRACTION_DIGITS) {
			value = value * 10 + (*p++ - '0');
			fraction++;
		}
		if (fraction == 0 || fraction > FRACTION_DIGITS)
			return -1;
	}
	for (; fraction < FRACTION_DIGITS; fraction++)
		value *= 10;
	*rest = p;
	return value;
}

int64_t
units_duration_ms(const char *text)
{
	static const struct {
		const char *suffix;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	const char *rest;
	int64_t value = thousandths(text, &rest);
	size_t i;

	if (value < 0)
		return -1;
	for (i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(rest, units[i].suffix) == 0) {
			value = value * units[i].ms / 1000;
			return value > MAX_DURATION_MS ? -1 : value;
		}
	}
	return value == 0 && *rest == '\0' ? 0 : -1;
}

int64_t
units_rate_interval_ns(const char *text)
{
	const char *rest;
	int64_t value = thousandths(text, &rest), period_s, ns;

	if (value <= 0)
		return -1;
	if (strcmp(rest, "") == 0 || strcmp(rest, "/s") == 0)
		period_s = 1;
	else if (strcmp(rest, "/m") == 0)
		period_s = 60;
	else if (strcmp(rest, "/h") == 0)
		period_s = 3600;
	else if (strcmp(rest, "/d") == 0)
		period_s = 86400;
	else
		return -1;
	/* rounded up, so that the rate is never passed */
	ns = (period_s * INT64_C(1000000000000) + value - 1) / value;
	return ns < MIN_INTERVAL_NS || ns > MAX_INTERVAL_NS ? -1 : ns;
}

int
units_int(const char *text, int64_t low, int64_t high, int64_t *out)
{
	int64_t value = 0;
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return -1;
	for (; isdigit((unsigned char)*p); p++) {
		if (value > (INT64_MAX - 9) / 10)
			return -1;
		value = value * 10 + (*p - '0');
	}
	if (*p != '\0' || value < low || value > high)
		return -1;
	*out = value;
	return 0;
}

void
units_show_ms(struct buf *out, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 10000)
		buf_printf(out, "%lld.%lld s", (long long)s, (long long)(ms / 100 % 10));
	else if (s < 60)
		buf_printf(out, "%lld s", (long long)s);
	else if (s < 3600)
		buf_printf(out, "%lld min %lld s", (long long)(s / 60), (long long)(s % 60));
	else
		buf_printf(out, "%lld h %lld min", (long long)(s / 3600), (long long)(s / 60 % 60));
}

void
units_show_count(struct buf *out, int64_t n)
{
	if (n >= 1000) {
		units_show_count(out, n / 1000);
		buf_printf(out, ",%03lld", (long long)(n % 1000));
	} else {
		buf_add_int(out, n);
	}
}
