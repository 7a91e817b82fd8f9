/*
 * Least and most of two numbers, neither of which is NaN: one instruction, where C's fmin and fmax are
 * calls because of NaN.
 */
#ifndef LADE_POLICY_NUMBER_H
#define LADE_POLICY_NUMBER_H

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
