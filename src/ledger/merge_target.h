/*
 * The file that a merge writes, before it is written: whether what is there may be replaced.
 */
#ifndef LADE_LEDGER_MERGE_TARGET_H
#define LADE_LEDGER_MERGE_TARGET_H

#include <stdint.h>

#include "base/fault.h"
#include "ledger/index.h"
#include "ledger/merge.h"
#include "ledger/scan.h"

/* What is at the path now. */
struct merge_target {
	int lock;	      /* descriptor of what is there, locked; -1: nothing is there */
	struct index *assets; /* those that it knows; NULL: it is no file to lose */
	uint32_t records;     /* of assets */
	int64_t left;	      /* assets among them that the files to be merged have not shown yet */
};

/*
 * Looks at the path and locks what is there. It must be none of the n files at paths, no lade may
 * work on it, and it must be a results file. merge_target_close in any case.
 */
enum merge_status merge_target_open(struct merge_target *t, const char *path, char **paths,
				    size_t n, struct fault *f);

/* A record of the files to be merged. */
void merge_target_show(struct merge_target *t, const struct scan_record *r);

/* After all of them: whether every asset that the file there knows is in the merged one too. */
enum merge_status merge_target_judge(const struct merge_target *t, struct fault *f);

void merge_target_close(struct merge_target *t);

#endif
