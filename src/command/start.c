/*
 * What is around a run: the key, what machines are left with, several results files one after the
 * other, and the review that may follow an upload.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "command/check.h"
#include "command/key.h"
#include "command/review.h"
#include "command/run.h"

/* What comes after an upload that was finished: --review. Of the two exit statuses the graver. */
static int
review_after(const struct job *j, char *path, int status)
{
	int review;

	if (!path || (status != EXIT_DONE && status != EXIT_SOME_FAILED))
		return status;
	review = review_files(j->options, j->outputs, j->key, &path, 1);
	return review == EXIT_DONE || (review == EXIT_UNSETTLED && status == EXIT_SOME_FAILED)
		       ? status
		       : review;
}

/* Results files one after the other; what stops one run stops all. The exit status is the gravest.
 */
static int
run_each(struct job *j)
{
	int i, status, gravest = EXIT_DONE;

	for (i = 0; i < j->options->n_operands; i++) {
		status = run_files(j, &j->options->operands[i], 1, NULL);
		if (status != EXIT_DONE) /* one that stops is graver than one with failures */
			gravest = status;
		if (status != EXIT_DONE && status != EXIT_SOME_FAILED)
			break;
	}
	return gravest;
}

/* What run_command does once there is a key. */
static int
run_with_key(struct job *j)
{
	const struct options *o = j->options;
	char *path = NULL;
	int status;

	if (o->command == COMMAND_REVIEW)
		return review_files(o, j->outputs, j->key, o->operands, (size_t)o->n_operands);
	if (o->command == COMMAND_RETRY)
		return run_each(j);
	status = run_files(j, o->operands, (size_t)o->n_operands, o->review ? &path : NULL);
	status = review_after(j, path, status);
	free(path);
	return status;
}

/* The deadline on the monotonic clock. */
static int64_t
deadline_ms(const struct options *o, int64_t now_ms)
{
	if (o->deadline_in_ms >= 0)
		return now_ms + o->deadline_in_ms;
	if (o->deadline_at_min >= 0)
		return now_ms + clock_until_local_ms(o->deadline_at_min, clock_wall_ms());
	return INT64_MAX;
}

int
run_command(const struct options *o)
{
	struct outputs outputs;
	struct job job = {.options = o,
			  .outputs = &outputs,
			  .deadline_ms = deadline_ms(o, clock_now_ms())};
	struct fault f;
	char *key = NULL;
	int status;

	if (outputs_check(o) < 0)
		return EXIT_USAGE;
	outputs_open(&outputs, o);
	status = o->strict ? check_strictly(o) : -1;
	if (status < 0)
		key = key_read(o->key_file, &f);
	if (key) {
		diag_set_secret(key);
		job.key = key;
		status = run_with_key(&job);
	} else if (status < 0) {
		diag_error("%s", f.text);
		status = EXIT_USAGE;
	}
	status = outputs_close(&outputs, status);
	diag_set_secret(NULL);
	key_free(key);
	return status;
}
