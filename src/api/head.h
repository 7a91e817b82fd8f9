/*
 * The head of an answer: its header fields that tell of the server's limit, kept as they come in.
 *
 * Knows what a header line is (RFC 9112, 5), nothing of libcurl.
 */
#ifndef LADE_API_HEAD_H
#define LADE_API_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "policy/quota.h"

/* A zeroed one is empty. */
struct head {
	struct buf fields; /* name, NUL, value, NUL, ... of those that may matter */
	bool open;	   /* between a status line and the empty line that ends the head */
};

/* Forgets what was kept, for the next attempt. */
void head_clear(struct head *h);
void head_free(struct head *h);

/*
 * Takes a line with its line end. A status line forgets what came before it: only the last answer's
 * head counts, not a 103's. Trailers do not count.
 */
void head_line(struct head *h, struct span line);

/* The fields of ratelimit.h; QUOTA_NOTICE_NONE without any. wall_ms: see there. */
struct quota_notice head_notice(const struct head *h, int64_t wall_ms);

/* The first Retry-After, as reply_retry_after_ms gives it; -1: none. */
int64_t head_retry_after_ms(const struct head *h, int64_t wall_ms);

#endif
