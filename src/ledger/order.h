/*
 * Putting a results file in order: copies records by number from where their newest texts are.
 */
#ifndef LADE_LEDGER_ORDER_H
#define LADE_LEDGER_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "ledger/file.h"
#include "ledger/index.h"
#include "ledger/record.h"

/* A part of a file in memory that moves as it is asked for other parts. */
struct window {
	int fd;
	int64_t end;   /* bytes of the file */
	int64_t start; /* offset of data[0] */
	struct buf data;
};

void window_init(struct window *w, int fd, int64_t end);
void window_fini(struct window *w);

/*
 * The record that begins at an offset, with its line end; valid until the next call. -1: it cannot
 * be read (errno), or has no end (errno EINVAL).
 */
int window_record(struct window *w, int64_t offset, enum record_format format, struct span *out);

/* Whether the records lie in the file in the order of their numbers already. */
bool order_is_sorted(const struct index *x);

/*
 * Adds the header and every record that has a place to a replacement. end: bytes of the file;
 * appended: where this run began to append. -1: *f filled in.
 */
int order_write(const struct index *x, const struct layout *l, int fd, int64_t end,
		int64_t appended, struct replacement *out, struct fault *f);

#endif
