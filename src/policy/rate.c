/*
 * Theory. GCRA in its virtual-scheduling form (ITU-T I.371, annex A): each start moves the
 * theoretical arrival time (tat) on by the interval T; a request conforms when it starts no earlier
 * than tat - tau. tau = 4 ms makes up for timers that wake late, and T is stretched by tau's share
 * of a second, so that N starts span at least (N-1)T - tau and no second holds more starts than
 * the user's rate.
 *
 * A refusal without Retry-After pauses for a doubling time, from half a second to a minute.
 */
#include "policy/rate.h"

#include "policy/backoff.h"

#define NS_PER_MS INT64_C(1000000)
#define TAU_NS (4 * NS_PER_MS)
#define TAU_SHARE 250 /* a second holds so many TAU_NS */
#define FIRST_PAUSE_MS 500
#define LONGEST_PAUSE_MS 60000

void
rate_init(struct rate *r, int64_t interval_ns, int64_t now_ms)
{
	*r = (struct rate){
		.interval_ns = interval_ns + (interval_ns + TAU_SHARE - 1) / TAU_SHARE,
		.tat_ns = now_ms * NS_PER_MS,
		.pause_until_ms = now_ms,
		.paused_at_ms = now_ms - 1,
		.refused_since_ms = -1,
	};
}

int64_t
rate_next_ms(const struct rate *r, int64_t now_ms)
{
	/* a tat in the past is lateness made up for, at most tau of it: rate_started sees to that */
	int64_t next = r->interval_ns ? (r->tat_ns + NS_PER_MS - 1) / NS_PER_MS : now_ms;

	return next > r->pause_until_ms ? next : r->pause_until_ms;
}

void
rate_started(struct rate *r, int64_t now_ms)
{
	int64_t earliest_ns = now_ms * NS_PER_MS - TAU_NS;

	if (r->tat_ns < earliest_ns)
		r->tat_ns = earliest_ns;
	r->tat_ns += r->interval_ns;
}

void
rate_refused(struct rate *r, int64_t now_ms, int64_t sent_ms, int64_t retry_after_ms,
	     uint64_t random)
{
	int64_t until, pause = FIRST_PAUSE_MS;
	bool news = sent_ms > r->paused_at_ms;
	unsigned i;

	if (r->refused_since_ms < 0)
		r->refused_since_ms = now_ms;
	if (retry_after_ms >= 0) {
		/* the server's word counts whenever it is said, never shortened, never by others' */
		until = now_ms + retry_after_ms;
	} else {
		if (!news)
			return;
		for (i = 0; i < r->refusals && pause < LONGEST_PAUSE_MS; i++)
			pause *= 2;
		if (pause > LONGEST_PAUSE_MS)
			pause = LONGEST_PAUSE_MS;
		until = now_ms + backoff_jitter_ms(pause, random);
	}
	if (news) {
		r->refusals++;
		r->paused_at_ms = now_ms;
	}
	if (until > r->pause_until_ms)
		r->pause_until_ms = until;
}

void
rate_accepted(struct rate *r)
{
	r->refusals = 0;
	r->refused_since_ms = -1;
}
