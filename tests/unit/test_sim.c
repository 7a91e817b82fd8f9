/*
 * Floors of the rate control on simulated servers: what every one of a few round-trip times must
 * reach. `make bench-rate` prints the whole table.
 */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "scenarios.h"

#define SEEDS 6

/* Percentages; of the worst seed, but mean_used. */
struct floors {
	const char *name;
	double used, mean_used, refused;
	uint64_t wasted; /* requests that met the outage */
	double settled_s[3];
};

static const struct floors all[] = {
	{"a", 98, 99, 0.22, 0, {12, 0, 0}},
	{"a503", 98, 98.5, 0.22, 0, {12, 0, 0}},
	{"b", 92, 94.5, 0.15, 0, {15, 0, 0}},
	{"c", 95, 97, 1.2, 0, {0, 0, 0}},
	{"c2", 96, 98, 0.9, 0, {0, 0, 0}},
	{"d", 94, 95, 1, 0, {0, 0, 0}},
	{"h", 96.5, 97, 0, 0, {1, 0, 0}},
	{"h2", 96.5, 97, 0, 0, {1, 0, 0}},
	{"h3", 96.5, 97, 0, 0, {1, 0, 0}},
	{"h4", 96, 96, 0, 0, {1, 0, 0}},
	{"e", 58, 66, 0.3, 0, {0, 0, 0}},
	{"f", 60, 80, 0.6, 0, {12, 8, 55}},
	{"g", 99, 99, 2, 0, {0, 0, 0}},
	{"i", 95, 97, 0.4, 35, {0, 7, 0}},
	{"i2", 92, 96, 0.4, 35, {0, 7, 0}},
	{"ir", 96, 98, 0.5, 30, {0, 4, 0}},
	{"ih", 95, 97, 0.5, 45, {0, 7, 0}},
	{"il", 85, 88, 0.6, 60, {0, 65, 0}},
	{"j", 89, 92, 0, 0, {4, 0, 0}},
	{"k", 62, 70, 0.25, 0, {0, 0, 0}},
	{"w", 49.5, 50, 0.25, 0, {12, 0, 0}},
	{"a4", 98, 99, 3, 0, {0, 0, 0}},
	{"cs", 88, 94, 0.5, 0, {0, 0, 0}},
	{"gr", 88, 91, 1.3, 0, {0, 0, 0}},
};

static const struct scenario *
find(const char *name)
{
	const struct scenario *sc = scenarios;

	while (sc->name && strcmp(sc->name, name) != 0)
		sc++;
	assert_non_null(sc->name);
	return sc;
}

static int
check(const struct floors *f)
{
	const struct scenario *sc = find(f->name);
	double used = 1e9, mean = 0, refused = 0, settled[3] = {0};
	uint64_t wasted = 0, lost = 0;
	bool bad;
	int i, k;

	for (i = 0; i < SEEDS; i++) {
		struct sim_result r = sim_run(sc, 0.020 * pow(10, (i + 0.5) / SEEDS), (uint64_t)i + 100);

		used = fmin(used, 100 * r.used);
		mean += 100 * r.used / SEEDS;
		refused = fmax(refused, 100 * r.refused_share);
		wasted = r.wasted > wasted ? r.wasted : wasted;
		lost = r.failed > lost ? r.failed : lost;
		for (k = 0; k < 3; k++)
			settled[k] = fmax(settled[k], r.settled_s[k] < 0 ? 1e9 : r.settled_s[k]);
	}
	bad = used < f->used || mean < f->mean_used || refused > f->refused || wasted > f->wasted || lost;
	for (k = 0; k < 3; k++)
		bad |= f->settled_s[k] > 0 && settled[k] > f->settled_s[k];
	if (bad)
		fprintf(stderr,
			"%s: used %.2f (floor %.2f), mean %.2f (%.2f), refused %.3f (%.3f), wasted %d (%d), "
			"rows failed %d, settled %.1f %.1f %.1f (%.0f %.0f %.0f)\n",
			f->name, used, f->used, mean, f->mean_used, refused, f->refused, (int)wasted,
			(int)f->wasted, (int)lost, settled[0], settled[1], settled[2], f->settled_s[0],
			f->settled_s[1], f->settled_s[2]);
	return bad;
}

static void
every_server_is_used_and_hardly_refuses(void **state)
{
	size_t i;
	int bad = 0;

	(void)state;
	for (i = 0; i < COUNT_OF(all); i++)
		bad += check(&all[i]);
	assert_int_equal(bad, 0);
}

static void
clients_of_one_limit_get_like_shares(void **state)
{
	double jain = 0;
	int i;

	(void)state;
	for (i = 0; i < SEEDS; i++) {
		struct sim_result r = sim_run(find("g"), 0.05, (uint64_t)i + 100);

		assert_true(r.jain > 0.85);
		jain += r.jain / SEEDS;
	}
	assert_true(jain >= 0.94);
}

static void
a_limit_of_load_is_used_where_the_way_is_short(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < SEEDS; i++) {
		struct sim_result r = sim_run(find(i % 2 ? "e" : "e0"), 0.002, (uint64_t)i + 100);

		assert_true(r.used >= 0.92);
		assert_true(r.refused_share <= 0.003);
	}
}

static void
the_users_rate_is_kept_to_the_letter(void **state)
{
	static const double rates[] = {1, 3, 10, 100, 333, 1000};
	size_t i;
	int stall;

	(void)state;
	for (i = 0; i < COUNT_OF(rates); i++) {
		for (stall = 0; stall < 2; stall++) {
			struct scenario sc = {.name = "u", .server = {.service_s = 0.01, .sigma = 0.3},
					      .concurrency = 1000, .stall_share = stall * 0.005};
			struct sim_result r;

			sc.rows = (unsigned)fmax(60, rates[i] * 30);
			sc.interval_ns = (int64_t)ceil(1e9 / rates[i]);
			r = sim_run(&sc, 0.05, i + 1);
			assert_true(r.most_in_a_second <= (unsigned)rates[i]);
			assert_true(r.mean_per_s >= (stall ? 0.96 : 0.99) * rates[i]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_server_is_used_and_hardly_refuses),
		cmocka_unit_test(clients_of_one_limit_get_like_shares),
		cmocka_unit_test(a_limit_of_load_is_used_where_the_way_is_short),
		cmocka_unit_test(the_users_rate_is_kept_to_the_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
