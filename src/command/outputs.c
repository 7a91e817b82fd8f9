#include "command/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "command/help.h"
#include "command/run.h"
#include "ledger/file.h"
#include "version.h"

#define METRICS_BYTES (1 << 20) /* of an earlier textfile that is looked at; ours have 3 KB */

/* ---- before the work ---- */

/* A file that an option names. */
struct target {
	const char *option, *path;
};

/* Whether a target is this file, which would be lost; path NULL: there is none. */
static bool
hits(const struct target *t, const char *path, const char *what)
{
	struct buf shown = {0};

	if (!path || strcmp(path, "-") == 0 || !file_is_same(t->path, path))
		return false;
	text_escape(&shown, span_of(t->path), 200);
	diag_error("%s: %s is %s; name another file", t->option, shown.data, what);
	buf_free(&shown);
	return true;
}

/* Whether a target is a results file, or lies where lade keeps what belongs to one: beside it, its
 * links followed. path NULL: there is none. */
static bool
hits_results(const struct target *t, const char *path, const char *what)
{
	static const char *const beside[] = {".journal", ".index"};
	bool hit = hits(t, path, what);
	struct buf name = {0};
	char *whole;
	size_t i;

	if (!path || strcmp(path, "-") == 0)
		return hit;
	whole = file_resolve(path);
	for (i = 0; i < sizeof beside / sizeof *beside && !hit; i++) {
		buf_clear(&name);
		buf_printf(&name, "%s%s", whole ? whole : path, beside[i]);
		hit = hits(t, name.data, "kept for lade's own use beside results of that name");
	}
	free(whole);
	buf_free(&name);
	return hit;
}

/* The same of where the results go; what they are called may depend on what the manifest is. */
static bool
hits_output(const struct options *o, const struct target *t)
{
	static const enum manifest_format formats[] = {MANIFEST_CSV, MANIFEST_TSV, MANIFEST_JSON};
	bool hit = hits_results(t, o->output, "where the results go");
	char *path;
	size_t i;

	if (o->command != COMMAND_UPLOAD || o->output || o->n_operands != 1)
		return hit;
	for (i = 0; i < sizeof formats / sizeof *formats && !hit; i++) {
		path = open_default_output(o, o->operands[0], formats[i]);
		hit = hits_results(t, path, "where the results go");
		free(path);
	}
	return hit;
}

int
outputs_check(const struct options *o)
{
	const struct target targets[] = {{"--asset-map", o->asset_map},
					 {"--summary-json", o->summary_json},
					 {"--metrics-file", o->metrics_file},
					 {"--log-json", o->log_json}};
	const struct target *t, *end = targets + sizeof targets / sizeof *targets, *other;
	int i;

	for (t = targets; t < end; t++) {
		if (!t->path || strcmp(t->path, "-") == 0)
			continue;
		for (i = 0; i < o->n_operands; i++)
			if (hits_results(t, o->operands[i], "what this run works on"))
				return -1;
		for (other = targets; other < t; other++)
			if (hits(t, other->path, "named by another option, too"))
				return -1;
		if (hits(t, o->key_file, "the key") || hits_output(o, t))
			return -1;
	}
	return 0;
}

static void
start_event(struct outputs *out)
{
	struct eventlog *l = &out->log;
	int i;

	if (!eventlog_is_on(l))
		return;
	eventlog_begin(l, "start");
	field_text(&l->out, "command", span_of(out->machine.command));
	field_text(&l->out, "version", span_of(LADE_VERSION));
	field_int(&l->out, "pid", getpid());
	field_name(&l->out, "operands");
	buf_add_char(&l->out, '[');
	for (i = 0; i < out->machine.n_operands; i++)
		field_item(&l->out, span_of(out->machine.operands[i]));
	buf_add_char(&l->out, ']');
	eventlog_end(l);
	eventlog_flush(l);
}

void
outputs_open(struct outputs *out, const struct options *o)
{
	*out = (struct outputs){.options = o, .started_ms = clock_now_ms()};
	out->machine.command = help_command_name(o->command);
	out->machine.operands = o->operands;
	out->machine.n_operands = o->n_operands;
	out->machine.started_wall_ms = clock_wall_ms();
	eventlog_open(&out->log, o->log_json);
	start_event(out);
}

const char *
outputs_stop_word(enum stop_reason why)
{
	static const char *const words[] = {
		[STOP_SIGNAL] = "signal",
		[STOP_WRITE] = "write",
		[STOP_KEY] = "key",
		[STOP_MISDIRECTED] = "misdirected",
		[STOP_CERTIFICATE] = "certificate",
		[STOP_OUTAGE] = "outage",
		[STOP_LIMIT] = "limit",
		[STOP_DEADLINE] = "deadline",
		[STOP_PAUSE] = "pause",
		[STOP_FAILURES] = "failures",
	};

	if (why == STOP_NONE)
		return NULL;
	return (size_t)why < sizeof words / sizeof *words && words[why] ? words[why] : "other";
}

/* One that was told of goes on until the server is open again, also while it is being tried. */
static enum outputs_outage
outage_of(const struct outage *o, enum outputs_outage before)
{
	if (o->state == OUTAGE_NONE)
		return OUTPUTS_OPEN;
	if (o->state != OUTAGE_DOWN)
		return before;
	return o->throttled ? OUTPUTS_REFUSING : OUTPUTS_DOWN;
}

static void
outage_event(struct eventlog *l, enum outputs_outage outage, const char *trouble)
{
	static const char *const words[] = {
		[OUTPUTS_OPEN] = "over", [OUTPUTS_DOWN] = "down", [OUTPUTS_REFUSING] = "refusing"};

	eventlog_begin(l, "outage");
	field_text(&l->out, "state", span_of(words[outage]));
	if (outage == OUTPUTS_DOWN)
		field_text_or_null(&l->out, "message", span_of(trouble));
	eventlog_end(l);
}

void
outputs_turn(struct outputs *out, struct outputs_seen *seen, const struct outputs_state *state,
	     int64_t now_ms)
{
	enum outputs_outage outage = outage_of(state->outage, seen->outage);
	struct eventlog *l = &out->log;

	if (!eventlog_is_on(l))
		return;
	if (state->pause_until_ms > seen->pause_until_ms && state->pause_until_ms > now_ms) {
		eventlog_begin(l, "pause");
		field_int(&l->out, "waitMs", state->pause_until_ms - now_ms);
		eventlog_end(l);
		seen->pause_until_ms = state->pause_until_ms;
	}
	if (outage != seen->outage)
		outage_event(l, outage, state->trouble);
	seen->outage = outage;
	if (state->stop != seen->stop) {
		eventlog_begin(l, "stop");
		field_text(&l->out, "reason", span_of(outputs_stop_word(state->stop)));
		eventlog_end(l);
		seen->stop = state->stop;
	}
	eventlog_flush(l);
}

/* ---- files of the end ---- */

/* Writes to what is no regular file, as it comes. */
static int
write_through(const char *path, const struct buf *text, struct fault *f)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDOUT_FILENO : open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), rc = 0;

	if (fd < 0 || file_write(fd, text->data, text->len, NULL) < 0)
		rc = file_fault(f, "write", standard ? "standard output" : path);
	if (fd >= 0 && !standard && close(fd) < 0 && rc == 0)
		rc = file_fault(f, "write", path);
	return rc;
}

/* Replaces the file at path in one step; a new one has this mode, as the umask allows. */
static int
replace(const char *path, mode_t mode, const struct buf *text, struct fault *f)
{
	struct replacement new = {.fd = -1};
	struct file_mark mark;
	struct stat st;
	mode_t mask = umask(0);
	int fd = -1;

	umask(mask);
	if (strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return write_through(path, text, f);
	if (replacement_open(&new, path, mode & ~mask, f) == 0 &&
	    replacement_add(&new, buf_span(text), f) == 0 &&
	    replacement_finish(&new, &mark, f) == 0)
		fd = replacement_commit(&new, f);
	if (fd >= 0)
		close(fd);
	replacement_abort(&new);
	return fd < 0 ? -1 : 0;
}

/* The times that the textfile had before. */
static void
read_metrics(struct machine *m, const char *path)
{
	struct buf text = {0};
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int64_t n;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    buf_reserve(&text, METRICS_BYTES) == 0) {
		n = file_read_at(fd, text.data, METRICS_BYTES, 0);
		if (n > 0)
			text.len = (size_t)n;
		machine_read_metrics(m, buf_span(&text));
	}
	if (fd >= 0)
		close(fd);
	buf_free(&text);
}

/* The graver of a status and of a write that failed, by the contract's order. */
static int
unwritten(int status)
{
	return status == EXIT_BUG || status > 128 || status == EXIT_USAGE ? status
									  : EXIT_UNWRITABLE;
}

static void
end_event(struct outputs *out)
{
	struct eventlog *l = &out->log;
	const struct counts *c = &out->machine.counts;

	if (!eventlog_is_on(l))
		return;
	eventlog_begin(l, "end");
	field_int(&l->out, "exitStatus", out->machine.exit_status);
	field_text_or_null(&l->out, "stopped", span_of(out->machine.stopped));
	field_int(&l->out, "durationMs", out->machine.duration_ms);
	field_int(&l->out, "read", c->read);
	field_int(&l->out, "uploaded", c->uploaded);
	field_int(&l->out, "failed", c->failed);
	field_int(&l->out, "inDoubt", c->in_doubt);
	field_int(&l->out, "pending", c->pending);
	eventlog_end(l);
}

/* Writes the file that an option names; frees the text. */
static void
write_file(struct machine *m, const char *option, const char *path, mode_t mode, struct buf *text)
{
	struct fault f;

	if (replace(path, mode, text, &f) < 0) {
		diag_error("%s: %s", option, f.text);
		m->exit_status = unwritten(m->exit_status);
	}
	buf_free(text);
}

/* Says once that the log is not complete. */
static void
note_log(struct outputs *out, bool *said)
{
	if (!out->log.failed || *said)
		return;
	diag_error("--log-json: %s; the log is not complete", out->log.fault.text);
	out->machine.exit_status = unwritten(out->machine.exit_status);
	*said = true;
}

int
outputs_close(struct outputs *out, int status)
{
	const struct options *o = out->options;
	struct machine *m = &out->machine;
	struct buf summary = {0}, metrics = {0};
	bool log_said = false;

	m->exit_status = status;
	m->ended_wall_ms = clock_wall_ms();
	m->duration_ms = clock_now_ms() - out->started_ms;
	eventlog_flush(&out->log);
	note_log(out, &log_said);
	if (o->summary_json) {
		machine_json(m, &summary);
		write_file(m, "--summary-json", o->summary_json, 0600, &summary);
	}
	end_event(out);
	eventlog_close(&out->log);
	note_log(out, &log_said);
	if (o->metrics_file) { /* last: alarms go by it */
		read_metrics(m, o->metrics_file);
		machine_metrics(m, &metrics);
		write_file(m, "--metrics-file", o->metrics_file, 0644, &metrics);
	}
	machine_free(m);
	return m->exit_status;
}
