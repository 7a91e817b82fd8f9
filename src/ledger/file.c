#include "ledger/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

#define REPLACEMENT_CHUNK (1u << 20) /* bytes gathered before a write */

int
file_write(int fd, const char *p, size_t n, size_t *done)
{
	size_t at = 0;
	int rc = 0;

	while (at < n) {
		ssize_t k = write(fd, p + at, n - at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0) {
			if (k == 0)
				errno = ENOSPC; /* a device that takes nothing and says nothing */
			rc = -1;
			break;
		}
		at += (size_t)k;
	}
	if (done)
		*done = at;
	return rc;
}

int64_t
file_read_at(int fd, char *p, size_t n, int64_t offset)
{
	size_t at = 0;

	while (at < n) {
		ssize_t k = pread(fd, p + at, n - at, offset + (int64_t)at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		if (k == 0)
			break;
		at += (size_t)k;
	}
	return (int64_t)at;
}

char *
file_resolve(const char *path)
{
	char *whole = realpath(path, NULL), *copy, *folder, *name;
	struct buf out = {0};
	struct stat st;

	if (whole || errno != ENOENT)
		return whole;
	if (lstat(path, &st) == 0) { /* a link to nothing: what it names is not ours to guess */
		errno = ENOENT;
		return NULL;
	}
	copy = mem_strdup(path);
	folder = realpath(dirname(copy), NULL);
	free(copy);
	if (!folder)
		return NULL;
	copy = mem_strdup(path);
	name = basename(copy);
	buf_printf(&out, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
	free(folder);
	free(copy);
	return out.data;
}

static int
fail(struct fault *f, const char *what, const char *path)
{
	struct buf shown = {0};
	int error = errno;

	text_escape(&shown, span_of(path), 200);
	fault_set(f, 0, 0, "cannot %s %s: %s", what, shown.data, strerror(error));
	buf_free(&shown);
	errno = error;
	return -1;
}

int
replacement_begin(struct replacement *r, const char *path, mode_t mode, struct fault *f)
{
	struct buf name = {0};

	buf_printf(&name, "%s.lade-new", path);
	*r = (struct replacement){.path = mem_strdup(path), .temporary = name.data};
	unlink(r->temporary); /* left by a run that died; we hold the lock */
	r->fd = open(r->temporary, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->fd < 0)
		return fail(f, "create", r->temporary);
	if (flock(r->fd, LOCK_EX | LOCK_NB) < 0 || fchmod(r->fd, mode & 07777) < 0)
		return fail(f, "set up", r->temporary);
	return 0;
}

static int
drain(struct replacement *r, struct fault *f)
{
	if (file_write(r->fd, r->out.data, r->out.len, NULL) < 0)
		return fail(f, "write", r->temporary);
	buf_clear(&r->out);
	return 0;
}

int
replacement_add(struct replacement *r, struct span s, struct fault *f)
{
	buf_add_span(&r->out, s);
	r->bytes += (int64_t)s.n;
	return r->out.len >= REPLACEMENT_CHUNK ? drain(r, f) : 0;
}

static int
sync_folder(const char *path, struct fault *f)
{
	char *copy = mem_strdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	free(copy);
	if (fd < 0 || fsync(fd) < 0)
		rc = fail(f, "sync the folder of", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int
replacement_commit(struct replacement *r, struct fault *f)
{
	int fd = r->fd;

	if (drain(r, f) < 0)
		return -1;
	if (fsync(fd) < 0)
		return fail(f, "sync", r->temporary);
	if (rename(r->temporary, r->path) < 0)
		return fail(f, "rename", r->temporary);
	r->fd = -1; /* it is the file now: abort must not remove it */
	if (sync_folder(r->path, f) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void
replacement_abort(struct replacement *r)
{
	if (r->fd >= 0) {
		unlink(r->temporary);
		close(r->fd);
	}
	free(r->path);
	free(r->temporary);
	buf_free(&r->out);
	*r = (struct replacement){.fd = -1};
}
