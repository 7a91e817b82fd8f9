/*
 * Theory. A limit of rate refuses at any load, a limit of load only at the highest. Two tests:
 *
 * At a steady rate the load still varies with the answers' times. A refused request's load, as
 * standard score among those of its neighbours, has mean 0 if the limit is one of rate and is well
 * above 1 if it is one of load. So each refusal moves the evidence by its score less one. Where
 * nothing varies both limits look the same, and a paced rate is as good.
 *
 * A first refusal that is a 503 is put to the test at once: the load is held to four fifths of the
 * refused one. A limit of load then refuses no more, a limit of rate does within a few requests; it
 * costs those one more refusal.
 *
 * Both need that the load seen here is the load there: most of the time of an accepted request is
 * spent in the server. A TCP handshake shows how long the way is, and a refusal, which is not
 * served, may; where that is over two fifths, a paced rate is as good or better.
 *
 * With a ceiling, the load grows by one after GROW accepted requests and shrinks by one (or 3 %)
 * with a refusal; where a cut costs several, for they were on their way when the first came back,
 * the growth waits so many times as long: about one in GROW is refused. A ceiling that is cut again
 * and again within SOON requests was none.
 */
#include "policy/load.h"

#include <math.h>

#include "policy/number.h"

#define MEMORY (1.0 / 32)
#define ENOUGH 3.0 /* evidence that decides */
#define LEAST_EVIDENCE (-2.0)
#define HIGHEST_SCORE 3.0
#define SMALLEST_LOAD 6 /* below it one request more or less is too much to tell anything */
#define TRY 0.8
#define LONG_WAY 0.4
#define GROW 500
#define LONGEST_BOUT 20
#define GROW_FAST 25 /* before the first cut */
#define SOON 30
#define STRIKES 3

void
load_init(struct load *l)
{
	*l = (struct load){.ceiling = INFINITY};
}

void
load_started(struct load *l, unsigned load)
{
	double off = load - l->mean;

	l->mean += MEMORY * off;
	l->variance += MEMORY * (off * off - l->variance);
}

void
load_accepted(struct load *l)
{
	unsigned grow = l->refused ? GROW * l->bout : GROW_FAST;

	l->accepted++;
	/* what was not used has not been shown to be taken */
	if (isinf(l->ceiling) || l->accepted - l->grown_at < grow || l->mean < 0.8 * l->ceiling - 1)
		return;
	l->ceiling += 1;
	l->grown_at = l->accepted;
}

static void
set_ceiling(struct load *l, double ceiling, bool refused)
{
	l->ceiling = most(ceiling, 1);
	l->accepted = l->grown_at = l->strikes = 0;
	l->bout = 1;
	l->refused = refused;
}

/* A refusal under a ceiling. */
static enum load_verdict
cut(struct load *l, double load)
{
	bool soon = l->accepted < SOON;

	l->strikes = soon ? l->strikes + 1 : 0;
	if (soon && (!l->refused || l->strikes >= STRIKES)) {
		load_init(l);
		l->tried = true;
		return LOAD_WAS_NOT;
	}
	l->ceiling = most(least(l->ceiling, load) - most(1, 0.03 * load), 1);
	l->accepted = l->grown_at = 0;
	l->bout = 1;
	l->refused = true;
	return LOAD_IS;
}

void
load_refused_late(struct load *l)
{
	if (l->bout < LONGEST_BOUT)
		l->bout++;
}

enum load_verdict
load_refused(struct load *l, const struct load_refusal *r)
{
	double load = r->load;
	double spread = most(sqrt(l->variance), most(0.05 * l->mean, 0.7));

	if (!isinf(l->ceiling))
		return cut(l, load);
	if (r->way > LONG_WAY || l->mean < SMALLEST_LOAD)
		return LOAD_IS_NOT;
	if (r->first && r->busy && !l->tried) {
		set_ceiling(l, TRY * load, false);
		l->tried = true;
		return LOAD_IS;
	}
	if (!r->steady)
		return LOAD_IS_NOT;
	l->evidence += least((load - l->mean) / spread, HIGHEST_SCORE) - 1;
	l->evidence = most(l->evidence, LEAST_EVIDENCE);
	if (l->evidence < ENOUGH)
		return LOAD_IS_NOT;
	set_ceiling(l, load - 1, true);
	return LOAD_IS;
}

bool
load_has_room(const struct load *l, unsigned in_flight)
{
	return in_flight + 1 <= l->ceiling;
}
