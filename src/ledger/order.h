/*
 * Putting a results file in order: copies records by number from where their newest texts are, and
 * lets the copy take the file's place in one step.
 */
#ifndef LADE_LEDGER_ORDER_H
#define LADE_LEDGER_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"
#include "ledger/file.h"
#include "ledger/journal.h"
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

/* A results file that is out of order. */
struct order {
	const struct layout *layout;
	int fd;
	int64_t end;      /* bytes of the file */
	int64_t appended; /* where the run began to append: before it records lie by their numbers */
	uint32_t n;       /* record numbers are below this */
	int64_t (*place)(const void *ctx, uint32_t number); /* of a record's newest text; -1: none */
	void (*moved)(void *ctx, uint32_t number, int64_t place); /* in the copy; may be NULL */
	void *ctx;
};

/* Whether the records lie in the file in the order of their numbers already. */
bool order_is_sorted(const struct order *o);

/*
 * Replaces the file at path by its header and every record that has a place, by number. What the
 * journal needs to tell whether that has happened is written to it before. Returns the new file's
 * descriptor, locked; -1: *f filled in, and the file is as it was, or replaced if only the sync of its
 * folder failed.
 */
int order_publish(const struct order *o, const char *path, mode_t mode, struct journal *j,
		  struct fault *f);

#endif
