#include "server.h"

#include <math.h>
#include <stdlib.h>

void
server_init(struct server *s, const struct server_model *m, double phase)
{
	*s = (struct server){
		.model = m,
		.tokens = m->burst,
		.banned_until_s = -1,
		.phase_s = phase * m->window_s,
		.window = -1,
	};
	if (m->kind == LIMIT_LOG) {
		s->log_cap = (size_t)m->quota;
		s->log = calloc(s->log_cap, sizeof *s->log);
		if (!s->log)
			exit(71);
	}
}

void
server_fini(struct server *s)
{
	free(s->log);
}

static double
bucket_rate(const struct server_model *m, double at_s)
{
	double rate = m->rate_per_s;
	size_t i;

	for (i = 0; i < m->n_steps; i++)
		if (at_s >= m->steps[i].at_s)
			rate = m->steps[i].rate_per_s;
	return rate;
}

/* Tokens that come between two times, step by step. */
static double
bucket_inflow(const struct server_model *m, double from_s, double to_s)
{
	double sum = 0, t = from_s;
	size_t i;

	for (i = 0; i <= m->n_steps && t < to_s; i++) {
		double end = i < m->n_steps ? fmin(m->steps[i].at_s, to_s) : to_s;

		if (end <= t)
			continue;
		sum += (end - t) * bucket_rate(m, t);
		t = end;
	}
	return sum;
}

static bool
take_bucket(struct server *s, double now_s, double *wait_s)
{
	const struct server_model *m = s->model;

	s->tokens = fmin(m->burst, s->tokens + bucket_inflow(m, s->filled_s, now_s));
	s->filled_s = now_s;
	*wait_s = (1 - s->tokens) / bucket_rate(m, now_s);
	if (s->tokens < 1)
		return false;
	s->tokens -= 1;
	return true;
}

static bool
take_window(struct server *s, double now_s, double *wait_s)
{
	const struct server_model *m = s->model;
	int64_t window = (int64_t)floor((now_s + s->phase_s) / m->window_s);

	if (window != s->window) {
		s->window = window;
		s->used = 0;
	}
	*wait_s = (double)(window + 1) * m->window_s - s->phase_s - now_s;
	if (s->used >= m->quota)
		return false;
	s->used++;
	return true;
}

static bool
take_log(struct server *s, double now_s, double *wait_s)
{
	const struct server_model *m = s->model;

	while (s->log_n > 0 && s->log[s->log_from] <= now_s - m->window_s) {
		s->log_from = (s->log_from + 1) % s->log_cap;
		s->log_n--;
	}
	*wait_s = s->log_n > 0 ? s->log[s->log_from] + m->window_s - now_s : 0;
	if (s->log_n >= s->log_cap)
		return false;
	s->log[(s->log_from + s->log_n++) % s->log_cap] = now_s;
	return true;
}

static bool
take(struct server *s, double now_s, double *wait_s)
{
	switch (s->model->kind) {
	case LIMIT_BUCKET:
		return take_bucket(s, now_s, wait_s);
	case LIMIT_WINDOW:
		return take_window(s, now_s, wait_s);
	case LIMIT_LOG:
		return take_log(s, now_s, wait_s);
	case LIMIT_LOAD:
		return s->in_service < s->model->quota;
	default:
		return true;
	}
}

static void
tell(const struct server *s, double now_s, double wait_s, struct quota_notice *n)
{
	const struct server_model *m = s->model;
	bool bucket = m->kind == LIMIT_BUCKET;

	if (m->fields == FIELDS_NONE)
		return;
	n->quota = bucket ? bucket_rate(m, now_s) : m->quota;
	n->remaining = floor(bucket		       ? s->tokens
			     : m->kind == LIMIT_WINDOW ? m->quota - s->used
						       : m->quota - (double)s->log_n);
	n->reset_s = ceil(bucket ? fmax(1, (m->burst - s->tokens) / n->quota) : wait_s);
	if (m->fields == FIELDS_DRAFT)
		n->window_s = bucket ? 1 : m->window_s;
	if (m->fields == FIELDS_X_FIXED)
		n->reset_s = m->window_s;
}

static bool
in_outage(const struct server_model *m, double now_s)
{
	return m->outage != OUTAGE_NO && now_s >= m->outage_from_s && now_s < m->outage_to_s;
}

static struct server_answer
out_of_order(const struct server_model *m)
{
	struct server_answer a = {.notice = QUOTA_NOTICE_NONE};

	a.status = m->outage == OUTAGE_REFUSES ? -1 : m->outage == OUTAGE_HANGS ? 0 : 503;
	a.retry_after_s = m->outage == OUTAGE_503_TIMED ? 10 : 0;
	return a;
}

struct server_answer
server_take(struct server *s, double now_s, double chance)
{
	const struct server_model *m = s->model;
	struct server_answer a = {.status = 200, .notice = QUOTA_NOTICE_NONE};
	double wait_s = 0;

	if (in_outage(m, now_s))
		return out_of_order(m);
	if (m->ban_s > 0 && now_s < s->banned_until_s) {
		s->banned_until_s = now_s + m->ban_s;
		a.status = 429;
		return a;
	}
	if (take(s, now_s, &wait_s)) {
		a.status = chance < m->fail_share ? 500 : 200;
		a.occupies = m->kind == LIMIT_LOAD;
		s->in_service += a.occupies;
	} else {
		a.status = m->refuses_with_503 || m->kind == LIMIT_LOAD ? 503 : 429;
		a.retry_after_s = m->retry_after_s < 0 ? ceil(wait_s) : m->retry_after_s;
		s->banned_until_s = now_s + m->ban_s;
	}
	tell(s, now_s, wait_s, &a.notice);
	return a;
}

void
server_release(struct server *s)
{
	s->in_service--;
}

double
server_rate_at(const struct server_model *m, double at_s, double rtt_s, unsigned concurrency)
{
	switch (m->kind) {
	case LIMIT_BUCKET:
		return bucket_rate(m, at_s);
	case LIMIT_WINDOW:
	case LIMIT_LOG:
		return m->quota / m->window_s;
	case LIMIT_LOAD:
		return fmin(m->quota / m->service_s, concurrency / (rtt_s + m->service_s));
	default:
		return concurrency / (rtt_s + m->service_s);
	}
}

double
server_allows(const struct server *s, double until_s, double rtt_s, unsigned concurrency)
{
	const struct server_model *m = s->model;
	double sum, from = m->outage_from_s, to = fmin(m->outage_to_s, until_s);

	if (m->kind == LIMIT_BUCKET) {
		sum = m->burst + bucket_inflow(m, 0, until_s);
		if (m->outage != OUTAGE_NO && to > from)
			sum -= bucket_inflow(m, from, to);
		return sum;
	}
	sum = server_rate_at(m, 0, rtt_s, concurrency) * until_s;
	/* where in its window a run begins and ends is chance: half of one on average */
	return m->kind == LIMIT_WINDOW || m->kind == LIMIT_LOG ? sum + m->quota / 2 : sum;
}
