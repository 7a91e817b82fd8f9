#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
limit_parse(struct limit *l, const char *text)
{
	double seconds;

	if (sscanf(text, "bucket:%lf/s:%lf", &l->rate, &l->burst) == 2 && l->rate > 0) {
		l->kind = LIMIT_BUCKET;
		l->tokens = l->burst;
		return 0;
	}
	if (sscanf(text, "window:%ld/%lf", &l->count, &seconds) == 2 && l->count > 0)
		l->kind = LIMIT_WINDOW;
	else if (sscanf(text, "log:%ld/%lf", &l->count, &seconds) == 2 && l->count > 0)
		l->kind = LIMIT_LOG;
	else
		return -1;
	l->window_ms = (int64_t)(seconds * 1000);
	if (l->kind == LIMIT_LOG) {
		size_t i;

		l->log = malloc((size_t)l->count * sizeof *l->log);
		if (!l->log)
			exit(71);
		for (i = 0; i < (size_t)l->count; i++)
			l->log[i] = -l->window_ms;
	}
	return 0;
}

int
limit_parse_steps(struct limit *l, const char *text)
{
	double at, rate;
	int n;

	while (l->n_steps < 16 && sscanf(text, "%lf:%lf%n", &at, &rate, &n) == 2) {
		l->steps[l->n_steps].at_ms = (int64_t)(at * 1000);
		l->steps[l->n_steps++].rate = rate;
		text += n;
		if (*text == ',')
			text++;
	}
	return *text ? -1 : 0;
}

static bool
take_bucket(struct limit *l, int64_t now_ms, int64_t *wait_ms)
{
	double rate = l->rate;
	size_t i;

	for (i = 0; i < l->n_steps; i++)
		if (now_ms >= l->steps[i].at_ms)
			rate = l->steps[i].rate;
	l->tokens += (double)(now_ms - l->filled_ms) * rate / 1000;
	l->filled_ms = now_ms;
	if (l->tokens > l->burst)
		l->tokens = l->burst;
	if (l->tokens >= 1) {
		l->tokens -= 1;
		return true;
	}
	*wait_ms = (int64_t)((1 - l->tokens) * 1000 / rate) + 1;
	return false;
}

bool
limit_take(struct limit *l, int64_t now_ms, int64_t *wait_ms)
{
	switch (l->kind) {
	case LIMIT_BUCKET:
		return take_bucket(l, now_ms, wait_ms);
	case LIMIT_WINDOW:
		if (now_ms - l->window_start_ms >= l->window_ms) {
			l->window_start_ms = now_ms - now_ms % l->window_ms;
			l->used = 0;
		}
		*wait_ms = l->window_start_ms + l->window_ms - now_ms;
		if (l->used >= l->count)
			return false;
		l->used++;
		return true;
	case LIMIT_LOG:
		*wait_ms = l->log[l->log_at] + l->window_ms - now_ms;
		if (*wait_ms > 0)
			return false;
		l->log[l->log_at] = now_ms;
		l->log_at = (l->log_at + 1) % (size_t)l->count;
		return true;
	case LIMIT_NONE:
		break;
	}
	return true;
}

static long
remaining(const struct limit *l, int64_t now_ms)
{
	long n = 0;
	long i;

	if (l->kind == LIMIT_BUCKET)
		return (long)l->tokens;
	if (l->kind == LIMIT_WINDOW)
		return l->count - l->used;
	for (i = 0; i < l->count; i++)
		n += l->log[i] + l->window_ms <= now_ms;
	return n;
}

size_t
limit_write_headers(const struct limit *l, int64_t now_ms, char *out, size_t size)
{
	long r, t, q, w;
	int n = 0;

	if (l->kind == LIMIT_NONE || !l->headers)
		return 0;
	r = remaining(l, now_ms);
	q = l->kind == LIMIT_BUCKET ? (long)l->rate : l->count;
	w = l->kind == LIMIT_BUCKET ? 1 : (long)(l->window_ms / 1000);
	t = l->kind == LIMIT_WINDOW
		    ? (long)((l->window_start_ms + l->window_ms - now_ms + 999) / 1000)
		    : w;
	if (l->headers == 'd')
		n = snprintf(out, size,
			     "RateLimit: \"default\";r=%ld;t=%ld\r\n"
			     "RateLimit-Policy: \"default\";q=%ld;w=%ld\r\n", r, t, q, w);
	else
		n = snprintf(out, size,
			     "X-RateLimit-Limit: %ld\r\nX-RateLimit-Remaining: %ld\r\n"
			     "X-RateLimit-Reset: %ld\r\n", q, r, t);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}
