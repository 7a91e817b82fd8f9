/*
 * Bytes of a manifest, in order: from a file, from a pipe, plain or gzip-compressed.
 *
 * Never blocks on a pipe that has nothing (SOURCE_WAIT), never reads past a given end, keeps a
 * bounded window only.
 */
#ifndef LADE_MANIFEST_SOURCE_H
#define LADE_MANIFEST_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/span.h"

struct source;

enum source_status {
	SOURCE_BYTES, /* *out has at least one byte that was not there before */
	SOURCE_WAIT,  /* nothing now; source_fd() becomes readable when there is */
	SOURCE_END,
	SOURCE_BROKEN, /* fault filled in: read error, damaged gzip, ratio over LIMIT_GZIP_RATIO */
};

/*
 * Opens a path ("-" is standard input). limit is the number of bytes of the file to read at most,
 * -1 for all; limit_row what its readers take for a record at most. NULL and *f filled in when it
 * cannot be opened.
 */
struct source *source_open(const char *path, int64_t limit, size_t limit_row, struct fault *f);

/* Bytes that a record may have. */
size_t source_limit_row(const struct source *s);

/*
 * Makes more bytes available behind those not yet consumed and points *out at all that are not
 * consumed; valid until the next call here. block: wait for a pipe instead of SOURCE_WAIT.
 */
enum source_status source_more(struct source *s, bool block, struct span *out, struct fault *f);

/* Consumes n bytes from the front of what source_more gave. */
void source_consume(struct source *s, size_t n);

/* The descriptor to poll after SOURCE_WAIT. */
int source_fd(const struct source *s);

/* Bytes read from the file so far (compressed ones), and the file's size or -1 when unknown. */
int64_t source_read_bytes(const struct source *s);
int64_t source_size_bytes(const struct source *s);

/* Whether the bytes given are not those of the file. */
bool source_is_packed(const struct source *s);

/* Closes; s may be NULL. */
void source_free(struct source *s);

#endif
