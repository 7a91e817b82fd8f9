/*
 * How much of the work may be retries: a budget, so that they can't outgrow it. Pure.
 *
 * Source: the retry quota of the AWS SDKs (botocore/retries/quota.py) and Finagle's RetryBudget: a
 * retry costs, a success pays.
 */
#ifndef LADE_POLICY_BUDGET_H
#define LADE_POLICY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget {
	double retries; /* that may start now */
	int64_t filled_ms;
};

void budget_init(struct budget *b, int64_t now_ms);

/* When a retry may start: at most now_ms, or the time at which the trickle allows one. */
int64_t budget_next_ms(const struct budget *b, int64_t now_ms);

/* A retry starts. */
void budget_spend(struct budget *b, int64_t now_ms);

/* A request succeeded; retry: it was one, which then was worth its price. */
void budget_earn(struct budget *b, bool retry);

#endif
