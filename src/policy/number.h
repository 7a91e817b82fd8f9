/*
 * Least and most of two numbers, neither of which is NaN: one instruction, where C's fmin and fmax are
 * calls because of NaN.
 */
#ifndef LADE_POLICY_NUMBER_H
#define LADE_POLICY_NUMBER_H

#include <stdint.h>

/* Of two times of one clock. */
static inline int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline double
least(double a, double b)
{
	return a < b ? a : b;
}

static inline double
most(double a, double b)
{
	return a > b ? a : b;
}

#endif
