/*
 * Files that must not be lost: checked writes, and the replacement of a file by a new one in one
 * step. EINTR is never an error here, a short write is continued.
 */
#ifndef LADE_LEDGER_FILE_H
#define LADE_LEDGER_FILE_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/span.h"

/* Writes all n bytes; *done (may be NULL) gets how many were. -1: errno says why. */
int file_write(int fd, const char *p, size_t n, size_t *done);

/* Reads up to n bytes at an offset. Returns how many, less only at the end of the file; -1: errno. */
int64_t file_read_at(int fd, char *p, size_t n, int64_t offset);

/* The path with all links followed, for the caller to free; of a file that does not exist yet, its
 * folder's. NULL: errno says why. */
char *file_resolve(const char *path);

/* A file that is written beside another and then takes its place. */
struct replacement {
	char *path, *temporary;
	int fd; /* -1: none */
	struct buf out;
	int64_t bytes; /* written and waiting to be */
};

/* Begins; the mode is that of the file to be replaced. The new file is locked. -1: *f filled in. */
int replacement_begin(struct replacement *r, const char *path, mode_t mode, struct fault *f);

/* Adds bytes. -1: *f filled in. */
int replacement_add(struct replacement *r, struct span s, struct fault *f);

/*
 * Syncs the new file, renames it over the old one and syncs the folder. Returns the descriptor of
 * the new file, locked, for reading and appending; -1: *f filled in, the old file is untouched.
 */
int replacement_commit(struct replacement *r, struct fault *f);

/* Gives up: the new file is removed. After a commit nothing happens. */
void replacement_abort(struct replacement *r);

#endif
