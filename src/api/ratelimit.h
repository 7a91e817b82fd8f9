/*
 * What an answer's header fields say of the server's limit: RateLimit and RateLimit-Policy in the
 * forms of draft-ietf-httpapi-ratelimit-headers 03 to 10, X-RateLimit-* and RateLimit-* as sites use
 * them. Pure functions over bytes that a server wrote: what cannot be read is absent.
 */
#ifndef LADE_API_RATELIMIT_H
#define LADE_API_RATELIMIT_H

#include <stdint.h>

#include "policy/quota.h"

/*
 * Takes one header field into a notice that began as QUOTA_NOTICE_NONE. Fields of other names
 * change nothing. wall_ms: the wall clock, for resets that are given as a date. Of several limits in
 * RateLimit or RateLimit-Policy, on one line or more, the tightest is kept. No value is over a day
 * or 10^15.
 */
void ratelimit_field(struct quota_notice *n, const char *name, const char *value, int64_t wall_ms);

#endif
