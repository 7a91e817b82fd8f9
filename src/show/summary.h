/*
 * What a run came to: counts, failures by kind, what to do next. Always the last that is said.
 */
#ifndef LADE_SHOW_SUMMARY_H
#define LADE_SHOW_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "show/counts.h"

#define SUMMARY_GROUPS 32      /* kinds of failure that are told apart */
#define SUMMARY_LINES 3        /* first lines that are named of each */
#define SUMMARY_MESSAGE_BYTES 120

/* Where a row is. */
struct summary_place {
	const char *manifest; /* as the user named it; NULL: there is only one */
	int64_t line;
};

/* Failures of one class, code and message. */
struct summary_group {
	const char *class_word;
	char code[65], message[SUMMARY_MESSAGE_BYTES + 1];
	int64_t count;
	struct summary_place places[SUMMARY_LINES];
};

struct summary {
	struct summary_group groups[SUMMARY_GROUPS];
	unsigned n_groups;
	int64_t others; /* failures of kinds beyond SUMMARY_GROUPS */
};

/* Counts a failure. class_word: static text; code, message: any bytes; place: outlives s. */
void summary_failure(struct summary *s, const char *class_word, struct span code,
		     struct span message, struct summary_place place);

/* Adds the summary to out, several lines, without what to do next. took_ms: of the whole run. */
void summary_write(const struct summary *s, const struct counts *c, int64_t took_ms,
		   struct buf *out);

#endif
