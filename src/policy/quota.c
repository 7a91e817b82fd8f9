/*
 * Theory. Two bounds follow from the fields. What is left may be sent and no more before the reset:
 * those in flight have been counted or will be, so they are taken off. And where the window is
 * short (two minutes at most), the rest of it is spread evenly, at least at 98 % of q/w, so that
 * the last hundredth is there for requests of others and for rounding. A longer window is spent at
 * once and waited out: the draft allows both, and this way a run ends first.
 *
 * t has whole seconds: with less than two of them a bound by t would err by up to the whole, so
 * then only an empty window holds.
 */
#include "policy/quota.h"

#include <math.h>

#include "policy/number.h"

#define SHORT_WINDOW_S 120.0
#define SHARE 0.98 /* of q/w */
#define COARSE_RESET_S 2.0 /* under this the whole seconds of t say too little */
#define BELIEVED_S 60.0 /* at least so long a ceiling by q and w holds after it was told */

void
quota_init(struct quota *q, double now_s)
{
	*q = (struct quota){
		.ceiling_per_s = INFINITY,
		.left = INFINITY,
		.told_s = now_s - 1,
		.until_s = now_s,
		.reset_s = now_s,
	};
}

static double
even_rate(const struct quota_notice *n, double window_s, double left)
{
	double even = -1;

	if (window_s > SHORT_WINDOW_S)
		return -1;
	if (n->reset_s >= COARSE_RESET_S && left >= 1) /* else quota_is_spent holds */
		even = left / n->reset_s;
	if (n->quota > 0 && window_s > 0)
		even = most(even, SHARE * n->quota / window_s);
	return even;
}

double
quota_told(struct quota *q, double now_s, double sent_s, const struct quota_notice *n,
	   unsigned in_flight)
{
	double left = n->remaining - in_flight, window_s = n->window_s, even;

	if (n->remaining < 0 || sent_s < q->told_s)
		return -INFINITY;
	if (n->reset_s > q->longest_s)
		q->longest_s = n->reset_s;
	if (window_s <= 0)
		window_s = q->longest_s;
	even = even_rate(n, window_s, left);
	q->told_s = sent_s;
	/* without q and w nothing is known of the next window */
	q->until_s = now_s + (n->quota > 0 ? most(window_s, BELIEVED_S) : most(n->reset_s, 0));
	q->ceiling_per_s = even >= 0 ? even : INFINITY;
	q->left = INFINITY;
	if (n->reset_s >= COARSE_RESET_S) {
		q->left = left;
		q->reset_s = now_s + n->reset_s;
	} else if (n->remaining <= 0 && n->reset_s > 0) {
		return now_s + n->reset_s;
	}
	return -INFINITY;
}

void
quota_started(struct quota *q)
{
	q->left -= 1;
}

double
quota_ceiling_per_s(const struct quota *q, double at_s)
{
	return at_s < q->until_s ? q->ceiling_per_s : INFINITY;
}

bool
quota_is_spent(const struct quota *q, double now_s)
{
	return q->left < 1 && now_s < q->reset_s;
}
