/* Prints what lade's rate control comes to on every server of the simulation. usage: bench [SEEDS
 * [NAME...]] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios.h"

#define MAX_SEEDS 1000

static bool
is_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 2; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc <= 2;
}

static void
print_times(const struct sim_result *r, int seeds)
{
	char cell[64];
	int i, k, width = 0;

	for (k = 0; k <= STEPS; k++) {
		double sum = 0, worst = 0;
		int n = 0;

		for (i = 0; i < seeds; i++) {
			if (r[i].settled_s[k] < 0)
				continue;
			sum += r[i].settled_s[k];
			worst = fmax(worst, r[i].settled_s[k]);
			n++;
		}
		if (n == 0)
			continue;
		snprintf(cell, sizeof cell, "%s%.1f(%.1f)", k ? " " : "", sum / n, worst);
		width += printf("%s", cell);
	}
	printf("%*s", width < 28 ? 28 - width : 1, "");
}

static void
print(const struct scenario *sc, const struct sim_result *r, int seeds)
{
	double used = 0, worst = 9, refused = 0, most = 0, late = 0, late_refused = 0, jain = 0,
	       fair = 1;
	double wasted = 0, most_wasted = 0, failed = 0, doubt = 0;
	int i;

	for (i = 0; i < seeds; i++) {
		used += r[i].used / seeds;
		worst = fmin(worst, r[i].used);
		refused += r[i].refused_share / seeds;
		most = fmax(most, r[i].refused_share);
		late += r[i].late_used / seeds;
		late_refused += r[i].late_refused_share / seeds;
		jain += r[i].jain / seeds;
		fair = fmin(fair, r[i].jain);
		wasted += (double)r[i].wasted / seeds;
		most_wasted = fmax(most_wasted, (double)r[i].wasted);
		failed = fmax(failed, (double)r[i].failed);
		doubt = fmax(doubt, (double)r[i].in_doubt);
	}
	printf("%-5s %6.1f %6.1f %6.1f  %7.3f %6.2f %7.3f  ", sc->name, 100 * used, 100 * worst,
	       100 * late, 100 * refused, 100 * most, 100 * late_refused);
	print_times(r, seeds);
	printf(" %5.1f %4.0f %4.0f %4.0f  %.3f %.3f  %s\n", wasted, most_wasted, failed, doubt,
	       jain, fair, sc->text);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	static struct sim_result r[MAX_SEEDS];
	int seeds = argc > 1 ? atoi(argv[1]) : 8, i;
	const struct scenario *sc;

	if (seeds < 1 || seeds > MAX_SEEDS)
		return 2;
	printf("%d seeds, round trips of 20 to 200 ms; shares in percent; settled: mean (worst) "
	       "seconds from "
	       "the start, each step, the outage's end\n",
	       seeds);
	printf("%-5s %6s %6s %6s  %7s %6s %7s  %-28s %5s %4s %4s %4s  %5s %5s  %s\n", "", "used",
	       "worst", "late", "refused", "worst", "late", "settled", "wast.", "wst", "fail",
	       "dbt", "Jain", "worst", "server");
	for (sc = scenarios; sc->name; sc++) {
		if (!is_wanted(sc->name, argc, argv))
			continue;
		for (i = 0; i < seeds; i++)
			r[i] = sim_run(sc, 0.020 * pow(10, (i + 0.5) / seeds), (uint64_t)i + 1);
		print(sc, r, seeds);
	}
	return 0;
}
