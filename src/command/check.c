/*
 * Theory. One pass over each manifest with the reader and the checks that upload uses; nothing is
 * kept of a row but a hash of its identity. A manifest that cannot be read on is a problem like
 * others, and the next manifest is read all the same.
 */
#include "command/check.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/diag.h"
#include "base/text.h"
#include "command/run.h"

#define FLUSH_BYTES 65536
#define TYPE_FACTOR UINT64_C(0x9E3779B97F4A7C15) /* odd, so that types give different hashes */

static const char *const type_names[FINDINGS_TYPES] = {"no type", "Image", "Video", "Audio",
						       "Document"};

void
check_flush(struct check *c, bool all)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
	size_t at = 0;
	ssize_t n = 0;

	if (c->out.len == 0 || (!all && c->out.len < FLUSH_BYTES))
		return;
	if (c->strict) {
		diag_block(&c->out);
	} else {
		while (!c->write_failed && at < c->out.len) {
			n = write(STDOUT_FILENO, c->out.data + at, c->out.len - at);
			if (n < 0 && errno == EAGAIN) { /* whoever opened it wants it so */
				poll(&p, 1, -1);
			} else if (n < 0 && errno != EINTR) {
				diag_error("cannot write to standard output: %s", strerror(errno));
				c->write_failed = true;
			}
			at += n > 0 ? (size_t)n : 0;
		}
	}
	buf_clear(&c->out);
}

void
check_say(struct check *c, enum finding_kind kind, const char *file, int64_t line, int64_t column,
	  const char *what)
{
	size_t before = c->out.len;

	if (c->strict)
		buf_add_str(&c->out, "lade: ");
	findings_add(&c->findings, kind, strcmp(file, "-") == 0 ? "standard input" : file, line,
		     column, what, &c->out);
	if (c->strict && c->out.len == before + strlen("lade: "))
		c->out.len = before; /* it is not shown any more */
}

/* ---- rows ---- */

static void
count(struct check *c, enum asset_type type, enum finding_state state)
{
	c->findings.rows[type][state]++;
}

/* Looks up the identities of a batch: their places were fetched while others were read. */
static void
look_up_batch(struct check *c)
{
	unsigned i;

	for (i = 0; i < c->n_batch; i++)
		count(c, c->batch[i].type,
		      hashset_add(&c->seen, c->batch[i].hash) ? FINDING_GOOD : FINDING_DUPLICATE);
	c->n_batch = 0;
}

/* Whether the row's identity was not met before; without want_rows that is found out later. */
static bool
is_new(struct check *c)
{
	const struct manifest_row *row = &c->row;
	uint64_t hash = XXH3_64bits(row->url.p, row->url.n) + (uint64_t)row->type * TYPE_FACTOR;
	bool is_new;

	if (c->want_rows) {
		is_new = hashset_add(&c->seen, hash);
		count(c, row->type, is_new ? FINDING_GOOD : FINDING_DUPLICATE);
		return is_new;
	}
	hashset_prefetch(&c->seen, hash);
	c->batch[c->n_batch].hash = hash;
	c->batch[c->n_batch].type = row->type;
	if (++c->n_batch == CHECK_BATCH)
		look_up_batch(c);
	return false;
}

static void
bad_row(struct check *c, int64_t line, int64_t column, const char *what)
{
	count(c, c->row.type, FINDING_INVALID);
	check_say(c, FINDING_PROBLEM, c->path, line, column, what);
}

static void
warn(struct check *c, int64_t line, const char *what)
{
	if (!c->strict && diag_level() > DIAG_QUIET)
		check_say(c, FINDING_WARNING, c->path, line, 0, what);
}

/* Checks the row; whether it is good and known to be new. */
static bool
check_row(struct check *c)
{
	const struct manifest_row *row = &c->row;
	struct asset_finding found;

	if (row->bad) {
		bad_row(c, row->bad_line ? row->bad_line : row->line, row->bad_column, row->bad);
		return false;
	}
	found = asset_check(row->type, row->type_word, row->url, row->name,
			    manifest_plan(c->manifest)->has_name, c->options->allow_private,
			    &c->memo, &c->sent_url);
	if (found.problem != ASSET_GOOD) {
		bad_row(c, row->line, 0, found.reason);
		return false;
	}
	if (found.warning_text)
		warn(c, row->line, found.warning_text);
	return is_new(c);
}

static void
broken(struct check *c)
{
	c->findings.incomplete = true;
	check_say(c, FINDING_PROBLEM, c->path, c->fault.line, c->fault.column, c->fault.text);
}

static void
close_manifest(struct check *c)
{
	manifest_free(c->manifest);
	c->manifest = NULL;
	c->operand++;
}

/* Whether the manifest is a results file that options would read otherwise than upload does, which
 * refuses them. */
static bool
is_misread(struct check *c)
{
	const struct manifest_options *o = &c->options->manifest;
	struct buf shown = {0};

	if (!manifest_plan(c->manifest)->is_results ||
	    !(o->map_url || o->map_name || o->map_type || o->type != ASSET_NONE || o->split_urls))
		return false;
	text_escape(&shown, span_of(c->path), 0);
	diag_error("%s is a results file: it takes no --map, --type or --split-urls", shown.data);
	buf_free(&shown);
	c->misused = true;
	return true;
}

/* Opens the next manifest that can be opened; false: there is none, or it is not to be read. */
static bool
open_next(struct check *c)
{
	while (c->operand < c->options->n_operands) {
		c->path = c->options->operands[c->operand];
		c->manifest = manifest_open(c->path, &c->options->manifest, &c->fault);
		if (c->manifest)
			return !is_misread(c);
		broken(c);
		close_manifest(c);
	}
	return false;
}

enum check_step
check_next(struct check *c)
{
	while (!c->write_failed && !c->misused && (c->manifest || open_next(c))) {
		switch (manifest_next(c->manifest, &c->row, &c->fault)) {
		case MANIFEST_ROW:
			if (check_row(c) && c->want_rows)
				return CHECK_ROW;
			check_flush(c, false);
			break;
		case MANIFEST_EMPTY:
			c->findings.passed_over++;
			break;
		case MANIFEST_WAIT:
			check_flush(c, true);
			return CHECK_WAIT;
		case MANIFEST_BROKEN:
			broken(c);
			close_manifest(c);
			break;
		case MANIFEST_END:
			if (manifest_unmet(c->manifest, &c->fault))
				warn(c, 0, c->fault.text);
			close_manifest(c);
			break;
		}
	}
	look_up_batch(c);
	return CHECK_END;
}

static void
read_all(struct check *c)
{
	struct pollfd p = {.events = POLLIN};

	while (check_next(c) == CHECK_WAIT) {
		p.fd = manifest_fd(c->manifest);
		poll(&p, 1, -1);
	}
}

/* ---- the two commands ---- */

static void
check_init(struct check *c, const struct options *o)
{
	*c = (struct check){.options = o};
	c->findings.max_shown = o->max_problems;
}

static void
check_fini(struct check *c)
{
	manifest_free(c->manifest);
	hashset_free(&c->seen);
	url_memo_free(&c->memo);
	buf_free(&c->sent_url);
	buf_free(&c->out);
}

static int
exit_status(const struct check *c)
{
	if (c->misused)
		return EXIT_USAGE;
	if (c->write_failed)
		return EXIT_UNWRITABLE;
	if (c->findings.incomplete)
		return EXIT_UNREADABLE;
	return c->findings.met[FINDING_PROBLEM] > 0 ? EXIT_SOME_FAILED : EXIT_DONE;
}

int
check_command(const struct options *o)
{
	struct check c;
	int status = -1;

	check_init(&c, o);
	c.findings.json = o->json;
	if (o->probe)
		status = probe_rows(&c);
	else
		read_all(&c);
	if (c.misused)
		buf_clear(&c.out);
	else if (diag_level() > DIAG_QUIET || c.findings.met[FINDING_PROBLEM] > 0)
		findings_summary(&c.findings, type_names, &c.out);
	check_flush(&c, true);
	if (c.write_failed || status < 0)
		status = exit_status(&c);
	check_fini(&c);
	return status;
}

/* A pipe can be read only once. */
static bool
are_files(const struct options *o)
{
	struct stat st;
	int i;

	for (i = 0; i < o->n_operands; i++) {
		if (strcmp(o->operands[i], "-") == 0 ||
		    (stat(o->operands[i], &st) == 0 && !S_ISREG(st.st_mode) &&
		     !S_ISDIR(st.st_mode))) {
			diag_error("--strict reads a manifest twice: it wants a file, not a pipe");
			return false;
		}
	}
	return true;
}

int
check_strictly(const struct options *o)
{
	struct check c;
	int64_t bad, rows;
	int status;

	if (!are_files(o))
		return EXIT_USAGE;
	check_init(&c, o);
	c.strict = true;
	read_all(&c);
	check_flush(&c, true);
	status = exit_status(&c);
	bad = findings_count(&c.findings, FINDING_INVALID);
	rows = findings_count(&c.findings, FINDING_STATES);
	check_fini(&c);
	if (status == EXIT_DONE)
		return -1;
	if (status == EXIT_USAGE)
		return status;
	diag_error("%lld of %lld rows are invalid%s; nothing was sent (--strict)", (long long)bad,
		   (long long)rows, status == EXIT_UNREADABLE ? ", and not all could be read" : "");
	return status;
}
