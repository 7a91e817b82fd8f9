/*
 * Theory. Three families are met in the wild:
 *
 *   RateLimit: "name";r=50;t=30            RateLimit-Policy: "name";q=100;w=60    (drafts 08 to 10)
 *   RateLimit: limit=100, remaining=50, reset=30                                  (draft 07)
 *   RateLimit-Limit: 100, 100;w=60         RateLimit-Remaining: 50 ...            (drafts 03 to 06)
 *   X-RateLimit-Limit, -Remaining, -Reset, -Reset-After; X-Rate-Limit-...   (GitHub, Discord, ...)
 *
 * They are lists of items with parameters (RFC 9651), read here without a structured-field parser:
 * items end at a comma outside quotes, parameters at a semicolon. A reset is seconds from now;
 * numbers that can only be a date are seconds or milliseconds since 1970.
 */
#include "api/ratelimit.h"

#include <ctype.h>
#include <curl/curl.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/span.h"

#define LONGEST_S 86400.0 /* the draft warns of absurd values */
#define MAX_DIGITS 15 /* what a double holds exactly */
#define LEAST_DATE_S 1e8 /* a number from here on is seconds since 1970 (1973 and later) ... */
#define LEAST_DATE_MS 1e11 /* ... and from here on milliseconds */

/* A number without a sign, perhaps in quotes, with a fraction that is cut; -1: there is none. */
static double
number(struct span s)
{
	double value = 0;
	size_t i;

	s = span_trim(s);
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		s = (struct span){s.p + 1, s.n - 2};
	for (i = 0; i < s.n && isdigit((unsigned char)s.p[i]); i++)
		value = value * 10 + (s.p[i] - '0');
	if (i == 0 || i > MAX_DIGITS)
		return -1;
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && isdigit((unsigned char)s.p[i]);)
			i++;
	return i == s.n ? value : -1;
}

/* Cuts the next part off *rest, up to a separator outside quotes; false: there is none left. */
static bool
next_part(struct span *rest, char separator, struct span *part)
{
	bool quoted = false;
	size_t i;

	if (rest->n == 0)
		return false;
	for (i = 0; i < rest->n && (quoted || rest->p[i] != separator); i++)
		quoted ^= rest->p[i] == '"';
	*part = span_trim((struct span){rest->p, i});
	if (i < rest->n)
		i++;
	rest->p += i;
	rest->n -= i;
	return true;
}

/* The value of a parameter of one item; *found: there is one. */
static struct span
parameter(struct span item, const char *name, bool *found)
{
	size_t n = strlen(name);
	struct span part;

	while (next_part(&item, ';', &part)) {
		if (part.n > n && part.p[n] == '=' && strncasecmp(part.p, name, n) == 0) {
			*found = true;
			return (struct span){part.p + n + 1, part.n - n - 1};
		}
	}
	*found = false;
	return span_none();
}

static double
parameter_number(struct span item, const char *name)
{
	bool found;
	struct span value = parameter(item, name, &found);

	return found ? number(value) : -1;
}

/* Whether the item counts something else than requests: bytes, or requests at once. */
static bool
counts_other_units(struct span item)
{
	bool found;
	struct span unit = parameter(item, "qu", &found);

	return found && !span_is(unit, "\"requests\"") && !span_is(unit, "\"request\"");
}

static double
at_most_a_day(double s)
{
	return s < 0 ? -1 : fmin(s, LONGEST_S);
}

/* A reset: seconds from now, a date in one of three forms, or -1. */
static double
reset_from_now(const char *value, int64_t wall_ms)
{
	double x = number(span_of(value)), wall_s = (double)wall_ms / 1000;

	if (x < 0) {
		time_t date = isalpha((unsigned char)*value) ? curl_getdate(value, NULL) : -1;

		if (date == (time_t)-1)
			return -1;
		x = (double)date;
	} else if (x >= LEAST_DATE_MS) {
		x /= 1000;
	}
	if (x >= LEAST_DATE_S)
		x = fmax(x - wall_s, 0);
	return at_most_a_day(x);
}

/* RateLimit-Policy: the item that allows least in the long run; of several lines, which are one list,
 * too (RFC 9110, 5.3). */
static void
take_policy(struct quota_notice *n, struct span list)
{
	double lowest = n->quota >= 0 && n->window_s > 0 ? n->quota / n->window_s : INFINITY;
	struct span item;

	while (next_part(&list, ',', &item)) {
		double quota = parameter_number(item, "q"), window = parameter_number(item, "w");
		struct span rest = item, first;

		if (quota < 0 && next_part(&rest, ';', &first))
			quota = number(first); /* "100;w=60" */
		if (counts_other_units(item) || quota < 0 || window <= 0 ||
		    quota / window >= lowest)
			continue;
		lowest = quota / window;
		n->quota = quota;
		n->window_s = window;
	}
}

/* Whether a limit is tighter than what is held already: less left, or the same for longer. */
static bool
is_tighter(const struct quota_notice *n, double remaining, double reset_s)
{
	return n->remaining < 0 || remaining < n->remaining ||
	       (remaining == n->remaining && reset_s > n->reset_s);
}

/* RateLimit: the tightest item, of all lines; or draft 07's three, each an item. */
static void
take_limits(struct quota_notice *n, struct span list)
{
	struct span item;
	double value;

	while (next_part(&list, ',', &item)) {
		double remaining = parameter_number(item, "r");
		double reset_s = at_most_a_day(parameter_number(item, "t"));

		if (remaining >= 0 && is_tighter(n, remaining, reset_s) &&
		    !counts_other_units(item)) {
			n->remaining = remaining;
			n->reset_s = reset_s;
		}
		value = parameter_number(item, "limit");
		if (value >= 0)
			n->quota = value;
		value = parameter_number(item, "remaining");
		if (value >= 0)
			n->remaining = value;
		value = parameter_number(item, "reset");
		if (value >= 0)
			n->reset_s = at_most_a_day(value);
	}
}

/* "100", or "100, 100;w=60" */
static void
take_limit(struct quota_notice *n, struct span list)
{
	struct span first, item;
	double window;

	if (!next_part(&list, ',', &first) || number(first) < 0)
		return;
	n->quota = number(first);
	while (next_part(&list, ',', &item)) {
		window = parameter_number(item, "w");
		if (window > 0)
			n->window_s = window;
	}
}

void
ratelimit_field(struct quota_notice *n, const char *name, const char *value, int64_t wall_ms)
{
	double x;

	if (strncasecmp(name, "x-", 2) == 0)
		name += 2;
	if (strcasecmp(name, "ratelimit-policy") == 0) {
		take_policy(n, span_of(value));
		return;
	}
	if (strcasecmp(name, "ratelimit") == 0) {
		take_limits(n, span_of(value));
		return;
	}
	if (strncasecmp(name, "ratelimit-", 10) == 0)
		name += 10;
	else if (strncasecmp(name, "rate-limit-", 11) == 0)
		name += 11;
	else
		return;
	if (strcasecmp(name, "limit") == 0) {
		take_limit(n, span_of(value));
	} else if (strcasecmp(name, "remaining") == 0) {
		x = number(span_of(value));
		n->remaining = x >= 0 ? x : n->remaining;
	} else if (strcasecmp(name, "reset") == 0 || strcasecmp(name, "reset-after") == 0) {
		x = reset_from_now(value, wall_ms);
		n->reset_s = x >= 0 ? x : n->reset_s;
	}
}
