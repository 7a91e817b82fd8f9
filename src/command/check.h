/*
 * `lade check`: manifests read and checked to their ends, every problem named; and the same before
 * `lade upload --strict` sends anything.
 *
 * check.c reads and checks rows; probe.c asks the good ones' own servers. The struct is shared by
 * these two and by nobody else.
 */
#ifndef LADE_COMMAND_CHECK_H
#define LADE_COMMAND_CHECK_H

#include <stdbool.h>

#include "base/hashset.h"
#include "command/options.h"
#include "manifest/manifest.h"
#include "show/findings.h"

#define CHECK_BATCH 32 /* identities that are looked up together */

struct check {
	const struct options *options;
	int operand;		   /* number of the manifest that is being read */
	const char *path;	   /* its name */
	struct manifest *manifest; /* NULL: the next one is to be opened */
	bool strict;		   /* for upload: findings go to standard error */
	bool write_failed;	   /* standard output takes no more */
	bool misused;		   /* an option cannot be meant for a manifest */
	bool want_rows;		   /* check_next stops at good rows */
	struct findings findings;
	struct hashset seen; /* identities of the good rows */
	struct {
		uint64_t hash;
		enum asset_type type;
	} batch[CHECK_BATCH]; /* of good rows that are not looked up yet (without want_rows) */
	unsigned n_batch;
	struct url_memo memo;
	struct manifest_row row;
	struct buf sent_url; /* of the row */
	struct buf out;
	struct fault fault;
};

enum check_step { CHECK_ROW, CHECK_WAIT, CHECK_END };

/*
 * Reads and checks rows: to the next good one that is no duplicate if want_rows is set (in c->row
 * and c->sent_url, valid until the next call), until a pipe has nothing (c->manifest's descriptor
 * to be waited for), or to the end of all manifests.
 */
enum check_step check_next(struct check *c);

/* Adds a problem or warning of the manifest named file; column 0: none. what is escaped. */
void check_say(struct check *c, enum finding_kind kind, const char *file, int64_t line,
	       int64_t column, const char *what);

/* Writes what is to be shown, if it is much or at the end. */
void check_flush(struct check *c, bool all);

/* probe.c: reads all rows and asks their servers. -1, or the exit status with which that failed. */
int probe_rows(struct check *c);

/* Runs `lade check`; the exit status. */
int check_command(const struct options *o);

/* Checks the manifests of `lade upload --strict`: -1 when all is well, else the exit status, after
 * the messages. */
int check_strictly(const struct options *o);

#endif
