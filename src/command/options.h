/*
 * The command line: one table of options, from which parsing, help, and the drift tests are made.
 */
#ifndef LADE_COMMAND_OPTIONS_H
#define LADE_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "ledger/results.h"
#include "manifest/manifest.h"

/* Bits: which commands an option belongs to. */
enum command {
	COMMAND_NONE = 0,
	COMMAND_UPLOAD = 1 << 0,
	COMMAND_RETRY = 1 << 1,
	COMMAND_HELP = 1 << 2,
	COMMAND_CHECK = 1 << 3,
	COMMAND_REPORT = 1 << 5,
	COMMAND_REVIEW = 1 << 6,
};

#define COMMAND_SENDING (COMMAND_UPLOAD | COMMAND_RETRY)
#define COMMAND_READING (COMMAND_UPLOAD | COMMAND_CHECK) /* manifests */
#define COMMAND_WORKING (COMMAND_SENDING | COMMAND_CHECK)
#define COMMAND_ASKING (COMMAND_SENDING | COMMAND_REVIEW) /* that talk to the API */
#define COMMAND_ANY (COMMAND_WORKING | COMMAND_REVIEW)

enum progress_mode { PROGRESS_AUTO, PROGRESS_BAR, PROGRESS_PLAIN, PROGRESS_NONE };

/* What the command line says; const after options_parse. Strings are argv's. */
struct options {
	enum command command;
	char **operands; /* manifests, results files, or the command to explain */
	int n_operands;
	struct manifest_options manifest;
	char **maps; /* copies of each --map, which manifest's strings point into */
	size_t n_maps;
	const char *output;
	const char *output_format; /* csv, tsv or ndjson; NULL: as the output's name says */
	enum results_sync sync;
	bool new_only;
	unsigned shard, shards;  /* --shard SHARD/SHARDS; shards 0: all rows */
	int64_t limit;           /* first sendings; INT64_MAX: no limit */
	int64_t deadline_in_ms;  /* --deadline as a duration; -1: not */
	int deadline_at_min;     /* --deadline as a time of day, in minutes; -1: not */
	const char *asset_map;
	bool asset_uris;
	unsigned concurrency;
	int64_t interval_ns; /* 0: no ceiling */
	bool unpaced;        /* --rate none */
	unsigned max_failures;     /* 0: no limit */
	bool max_failures_percent; /* it is a percentage */
	bool max_failures_set;     /* it was given */
	unsigned retries;
	bool resend; /* --in-doubt resend */
	int64_t connect_timeout_ms, timeout_ms, outage_timeout_ms, max_pause_ms;
	const char *retry_codes; /* comma-separated */
	unsigned only;           /* retry --only: bit per enum error_class; 0: the default */
	bool only_review_failed; /* retry --only review_failed */
	const char *base_url, *key_file, *ca_file;
	bool allow_http, allow_private;
	bool strict;              /* upload: check everything first */
	bool json;                /* of check and report */
	bool probe;               /* of check */
	int64_t max_problems;     /* that check shows */
	const char *html, *merge; /* report: files to write; NULL: none */
	bool review, review_once;   /* upload: then review; review: one round */
	int64_t review_interval_ms; /* between two questions about one asset */
	int64_t review_interval_ns; /* between any two questions at least */
	int64_t review_timeout_ms;  /* how long to wait for the review */
	const char *summary_json, *metrics_file, *log_json; /* for machines; NULL: not */
	int verbosity; /* -1 quiet, 0, 1, 2 */
	enum progress_mode progress;
	int64_t progress_interval_ms;
};

/*
 * Reads argv. Returns -1 when there is work to do (options filled in), else the exit status with
 * which the program ends: 0 after help or version were printed, 2 after a usage error was.
 */
int options_parse(struct options *o, int argc, char **argv);

void options_free(struct options *o);

#endif
