/*
 * How long a row waits before it is sent again: exponential backoff with full jitter, U(0, min(cap,
 * base * 2^n)), after "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). Pure.
 */
#ifndef LADE_POLICY_BACKOFF_H
#define LADE_POLICY_BACKOFF_H

#include <stdint.h>

#define BACKOFF_BASE_MS 500
#define BACKOFF_CAP_MS 60000

/* The wait before re-sending number n (from 0); random: 64 random bits. Milliseconds. */
int64_t backoff_ms(unsigned n, uint64_t random);

/* A wait near ms: U(0.9, 1.1) of it, so that several clients do not march in step. */
int64_t backoff_jitter_ms(int64_t ms, uint64_t random);

/* The next 64 random bits of a small generator (splitmix64); *state is any seed. Not for secrets. */
uint64_t backoff_random(uint64_t *state);

#endif
