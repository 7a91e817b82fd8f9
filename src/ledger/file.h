/*
 * Files that must not be lost: checked writes, and the replacement of a file by a new one in one
 * step. EINTR is never an error here, a short write is continued.
 */
#ifndef LADE_LEDGER_FILE_H
#define LADE_LEDGER_FILE_H

#include <stdbool.h>
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

/* Whether two paths lead to one regular file, or would where there is none yet. */
bool file_is_same(const char *a, const char *b);

/* Syncs the folder that a file is in: its name is on the disk then. -1: *f filled in. */
int file_sync_folder(const char *path, struct fault *f);

/* Which bytes a file has: their number and XXH3-64 of some of them. */
struct file_mark {
	int64_t bytes;
	uint64_t hash;
};

/* The mark of a file's first bytes, by the last 4096 of them. -1: errno says why. */
int file_mark_tail(int fd, int64_t bytes, struct file_mark *out);

/* Whether a file is, byte for byte, what a replacement's mark says. */
bool file_is(int fd, struct file_mark mark);

/* Fills in a fault from errno: "cannot WHAT PATH: why". Returns -1; errno is kept. */
int file_fault(struct fault *f, const char *what, const char *path);

/* Fills in a fault: writing the file failed before. Returns -1. */
int file_fault_unwritten(struct fault *f, const char *path);

/* Removes a replacement for this path that was not finished: its writer has died. Whoever calls
 * holds the lock on the file. */
void replacement_sweep(const char *path);

/* A file that is written beside another and then takes its place. */
struct replacement {
	char *path, *temporary;
	int fd; /* -1: none */
	struct buf out;
	int64_t bytes;   /* written and waiting to be */
	void *hash_state; /* of all bytes written */
};

/* Begins, for whoever holds the lock on the file; the mode is that of the file to be replaced. The new
 * file is locked. -1: *f filled in. */
int replacement_begin(struct replacement *r, const char *path, mode_t mode, struct fault *f);

/*
 * Begins at a path that somebody named and no lock guards: links are followed, what is there must be a
 * regular file and gives its mode (mode where there is none), what a writer that died left behind is
 * removed, and another who is writing is waited for, 10 s at most. -1: *f filled in.
 */
int replacement_open(struct replacement *r, const char *path, mode_t mode, struct fault *f);

/* Adds bytes. -1: *f filled in. */
int replacement_add(struct replacement *r, struct span s, struct fault *f);

/* Adds n bytes of a file from an offset on. -1: *f filled in. */
int replacement_add_from(struct replacement *r, int fd, int64_t offset, int64_t n, struct fault *f);

/* Writes and syncs what was added: the file is whole, and *mark says which. -1: *f filled in. */
int replacement_finish(struct replacement *r, struct file_mark *mark, struct fault *f);

/*
 * Renames the finished file over the old one and syncs the folder. Returns the descriptor of the
 * new file, locked, for reading and appending; -1: *f filled in.
 */
int replacement_commit(struct replacement *r, struct fault *f);

/* Gives up: the new file is removed. After a commit nothing happens. */
void replacement_abort(struct replacement *r);

#endif
