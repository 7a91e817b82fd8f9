/*
 * lade: loads a manifest of media assets into the Seedance 2.0 asset library.
 *
 * A map of the code. Each folder is a room; a file includes only files of its own room or of one
 * that stands before it here (`make check-layers`).
 *
 *   base/      messages, memory, buffers, text, units, clocks: what C lacks
 *   policy/    decisions, without I/O: outcome of an answer, how fast (rate: estimate, quota, load),
 *              whether at all (outage), retries (backoff, budget), what next (queue, schedule),
 *              rounds of a review
 *   manifest/  bytes in, rows out: CSV, JSON, lists, gzip; the checks of a row
 *   ledger/    what is known: records, identity index, results file, journal
 *   api/       the two requests of the API, one transfer, the loop over many
 *   show/      what people see: progress line, summary, findings of a check, report; what machines
 *              see: fields, event log, machine (summary and metrics)
 *   command/   the wiring: options, help, completion, key, run (start.c, then run.c), review, what
 *              both have in common (session), check and its probes, report
 *
 * A row's way: manifest_next -> admit (known already?) -> schedule_take -> engine -> outcome_of ->
 * schedule_done -> settle -> results_append, and at the end results_publish. Before a request leaves,
 * settle_start has it in the journal.
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "command/check.h"
#include "command/options.h"
#include "command/report.h"
#include "command/run.h"

/* A descriptor 0, 1 or 2 that is closed would be given to the next file that is opened. What stands
 * in for it is of the wrong direction, so that using it is the error that it would have been. */
static void
open_standard_descriptors(void)
{
	int fd = -1;

	do
		fd = open("/dev/null", fd < 0 && fcntl(STDIN_FILENO, F_GETFD) < 0 ? O_WRONLY : O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* SIGUSR1 asks how far a run is. Before there is anything to say, it waits; it never kills. */
static void
hold_question(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int
work(const struct options *o)
{
	if (o->command == COMMAND_CHECK)
		return check_command(o);
	if (o->command == COMMAND_REPORT)
		return report_command(o);
	return run_command(o);
}

int
main(int argc, char **argv)
{
	const struct rlimit no_core = {0, 0};
	struct options options;
	int status;

	open_standard_descriptors();
	setrlimit(RLIMIT_CORE, &no_core); /* the key is in memory */
	signal(SIGPIPE, SIG_IGN);
	hold_question();
	setlocale(LC_CTYPE, "C.UTF-8"); /* for international host names in libcurl */
	status = options_parse(&options, argc, argv);
	if (status < 0) {
		diag_set_level((enum diag_level)options.verbosity);
		if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
			mem_exhausted();
		status = work(&options);
		curl_global_cleanup();
	}
	options_free(&options);
	return status;
}
