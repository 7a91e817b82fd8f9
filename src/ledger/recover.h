/*
 * Carrying on after a run that died: from its journal and its results file, a results file in order
 * in which everything that was sent has a record.
 */
#ifndef LADE_LEDGER_RECOVER_H
#define LADE_LEDGER_RECOVER_H

#include <sys/stat.h>

#include "base/fault.h"
#include "ledger/results.h"

/*
 * If there is a journal beside the results file at path (resolved; locked by *fd, which may be
 * replaced by another descriptor of the same kind): records what was in flight as in doubt, puts the
 * file in order and removes the journal. To be killed while it does so loses nothing.
 */
enum results_status recover_results(const char *path, int *fd, mode_t mode,
				    struct results_news *news, struct fault *f);

#endif
