/* Limits on what the stand-in takes: a rate, a number in service, an outage. */
#ifndef STANDIN_LIMIT_H
#define STANDIN_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum limit_kind { LIMIT_NONE, LIMIT_BUCKET, LIMIT_WINDOW, LIMIT_LOG };
enum retry_after { RETRY_AFTER_NONE, RETRY_AFTER_FIXED, RETRY_AFTER_TRUE, RETRY_AFTER_DATE };

struct limit {
	enum limit_kind kind;
	double rate, burst;  /* bucket: per second, capacity */
	long count;          /* window, log: requests in ... */
	int64_t window_ms;
	int status;          /* of a refusal: 429 */
	bool as_code;        /* HTTP 200 and code 429 in the envelope */
	enum retry_after retry_after;
	long retry_after_s;
	char headers;        /* 'd' draft, 'x' X-RateLimit, 0 none */
	struct { int64_t at_ms; double rate; } steps[16];
	size_t n_steps;
	/* state */
	double tokens;
	int64_t filled_ms, window_start_ms;
	long used;
	int64_t *log; /* of the last count acceptances, a ring */
	size_t log_at;
};

/* "bucket:RATE/s:BURST", "window:COUNT/SECONDS", "log:COUNT/SECONDS". -1: cannot be read. */
int limit_parse(struct limit *l, const char *text);

/* "T:RATE,T:RATE". -1: cannot be read. */
int limit_parse_steps(struct limit *l, const char *text);

/* Whether a request at now_ms (since start) is within the limit; *wait_ms: until one would be. */
bool limit_take(struct limit *l, int64_t now_ms, int64_t *wait_ms);

/* Writes header lines that tell the limit's state; returns their length. */
size_t limit_write_headers(const struct limit *l, int64_t now_ms, char *out, size_t size);

#endif
