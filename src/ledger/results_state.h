/*
 * What results.c and open.c share: the state of an open results file. For these two only.
 */
#ifndef LADE_LEDGER_RESULTS_STATE_H
#define LADE_LEDGER_RESULTS_STATE_H

#include <sys/types.h>

#include "ledger/journal.h"
#include "ledger/results.h"

struct results {
	char *path;
	int fd;     /* of the file; of a scratch file where the output is a stream */
	int stream; /* the output that is no regular file; -1: none */
	mode_t mode;
	enum results_sync sync;
	struct layout layout;
	int **maps; /* one a manifest, for CSV ... */
	struct carry_members *members; /* ... and for NDJSON */
	size_t n_maps;
	struct index *index;
	struct journal journal;
	uint32_t count_before; /* records that the file had */
	int64_t size_before;   /* bytes when the run began to append */
	int64_t end;           /* bytes of the file and of out together */
	struct buf out;        /* added, not yet written: whole records ... */
	size_t streamed;       /* ... but for these bytes of the first, which are on the stream */
	bool superseded;       /* a record of this run takes the place of an old one */
	bool cached;           /* the cache of the index beside the file is of the file as it is */
	char *version_column;  /* whose values the index knows; NULL: none */
	bool distrusted;       /* a sync failed: what is on the disk, only the next run can find out */
	bool records_unsynced; /* written since the last sync */
	int64_t sync_due_ms;   /* when to sync the next time; INT64_MAX: all is on the disk */
};

#endif
