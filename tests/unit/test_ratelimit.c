#include "unit.h"

#include <math.h>

#include "api/ratelimit.h"

#define WALL INT64_C(1774828800000) /* 2026-03-30 00:00:00 UTC */

/* Reads up to three fields and compares. */
static void
expect(const char *const *fields, double quota, double window, double remaining, double reset)
{
	struct quota_notice n = QUOTA_NOTICE_NONE;

	for (; *fields; fields += 2)
		ratelimit_field(&n, fields[0], fields[1], WALL);
	if (n.quota != quota || n.window_s != window || n.remaining != remaining ||
	    n.reset_s != reset)
		fail_msg("%g %g %g %g", n.quota, n.window_s, n.remaining, n.reset_s);
}

#define EXPECT(q, w, r, t, ...) expect((const char *const[]){__VA_ARGS__, NULL, NULL}, q, w, r, t)

static void
the_drafts_forms_are_read(void **state)
{
	(void)state;
	EXPECT(100, 60, 50, 30, "RateLimit", "\"default\";r=50;t=30", "RateLimit-Policy",
	       "\"default\";q=100;w=60");
	EXPECT(-1, -1, 0, -1, "ratelimit", "default;r=0");
	/* of several the tightest */
	EXPECT(1000, 3600, 2, 5, "RateLimit", "\"day\";r=70;t=9000, \"burst\";r=2;t=5",
	       "RateLimit-Policy", "\"burst\";q=10;w=1, \"hour\";q=1000;w=3600");
	/* several lines are one list */
	EXPECT(-1, -1, 0, 5, "RateLimit", "\"burst\";r=0;t=5", "RateLimit", "\"day\";r=70;t=9000");
	EXPECT(-1, -1, 0, 5, "RateLimit", "\"day\";r=70;t=9000", "RateLimit", "\"burst\";r=0;t=5");
	EXPECT(10, 60, -1, -1, "RateLimit-Policy", "\"a\";q=10;w=60", "RateLimit-Policy",
	       "\"b\";q=1000;w=3600");
	/* of those with as much left the one that resets last */
	EXPECT(-1, -1, 0, 9000, "RateLimit", "\"day\";r=0;t=9000, \"burst\";r=0;t=5");
	EXPECT(-1, -1, 0, 9000, "RateLimit", "\"burst\";r=0;t=5, \"day\";r=0;t=9000");
	/* names may hold what would end an item or a parameter */
	EXPECT(-1, -1, 7, 8, "RateLimit", "\"a,b;r=1\" ; r=7 ; t=8");
	/* bytes and requests at once are other things */
	EXPECT(10, 1, -1, -1, "RateLimit-Policy",
	       "\"x\";q=5;w=60;qu=\"content-bytes\", \"y\";q=10;w=1;qu=\"requests\"");
	/* draft 07, and 03 to 06 */
	EXPECT(100, -1, 50, 30, "RateLimit", "limit=100, remaining=50, reset=30");
	EXPECT(100, 60, -1, -1, "RateLimit-Policy", "100;w=60");
	EXPECT(100, 60, 50, 30, "RateLimit-Limit", "100, 100;w=60", "RateLimit-Remaining", "50",
	       "RateLimit-Reset", "30");
}

static void
what_sites_use_is_read(void **state)
{
	(void)state;
	EXPECT(5000, -1, 4999, 3600, "X-RateLimit-Limit", "5000", "x-ratelimit-remaining", "4999",
	       "X-RateLimit-Reset", "1774832400");
	EXPECT(-1, -1, -1, 10, "X-RateLimit-Reset", "1774828810000");
	EXPECT(-1, -1, -1, 0, "X-RateLimit-Reset", "1774828700");
	EXPECT(-1, -1, -1, 60, "X-RateLimit-Reset", "Mon, 30 Mar 2026 00:01:00 GMT");
	EXPECT(-1, -1, 1, 1, "X-RateLimit-Reset-After", "1.5", "X-Rate-Limit-Remaining", "1");
}

static void
what_cannot_be_read_is_absent(void **state)
{
	static const char *const bad[] = {"",
					  "-1",
					  "-0",
					  "abc",
					  "1e9",
					  "0x10",
					  "1 2",
					  "\"5",
					  ";",
					  ",",
					  "1234567890123456",
					  "5;",
					  "\xff\xfe"};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(bad); i++) {
		EXPECT(-1, -1, -1, -1, "X-RateLimit-Remaining", bad[i], "X-RateLimit-Reset",
		       bad[i]);
		EXPECT(-1, -1, -1, -1, "RateLimit", bad[i], "Retry-After", "5");
	}
	EXPECT(-1, -1, -1, -1, "RateLimit", "\"x\";r=-5;t=3", "RateLimit-Policy", "\"x\";q=5;w=0");
	EXPECT(-1, -1, -1, -1, "X-RateLimited", "5", "RateLimit-", "5", "RateLimitRemaining", "5");
	/* absurd values are bounded */
	EXPECT(-1, -1, -1, 86400, "X-RateLimit-Reset", "99999999");
	EXPECT(-1, -1, 1, 86400, "RateLimit", "x;r=1;t=999999999999");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_drafts_forms_are_read),
		cmocka_unit_test(what_sites_use_is_read),
		cmocka_unit_test(what_cannot_be_read_is_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
