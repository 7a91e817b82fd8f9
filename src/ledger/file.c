#include "ledger/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"
#include "base/text.h"

#define REPLACEMENT_CHUNK (1u << 20) /* bytes gathered before a write */
#define TAIL_BYTES 4096
#define TURN_MS 10000 /* how long to wait for another writer of the same path */
#define TURN_STEP_MS 10

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
	if (lstat(path, &st) == 0) {
		if (!S_ISLNK(st.st_mode)) /* it came into being in between */
			return realpath(path, NULL);
		errno = ENOENT; /* a link to nothing: what it names is not ours to guess */
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

bool
file_is_same(const char *a, const char *b)
{
	struct stat there_a, there_b;
	bool is_a = stat(a, &there_a) == 0, is_b = stat(b, &there_b) == 0, same;
	char *whole_a, *whole_b;

	if (is_a != is_b)
		return false;
	if (is_a)
		return S_ISREG(there_a.st_mode) && there_a.st_ino == there_b.st_ino &&
		       there_a.st_dev == there_b.st_dev;
	whole_a = file_resolve(a);
	whole_b = file_resolve(b);
	same = whole_a && whole_b && strcmp(whole_a, whole_b) == 0;
	free(whole_a);
	free(whole_b);
	return same;
}

int
file_fault(struct fault *f, const char *what, const char *path)
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
file_fault_unwritten(struct fault *f, const char *path)
{
	struct buf shown = {0};

	text_escape(&shown, span_of(path), 200);
	fault_set(f, 0, 0, "%s could not be written", shown.data);
	buf_free(&shown);
	return -1;
}

int
file_mark_tail(int fd, int64_t bytes, struct file_mark *out)
{
	char tail[TAIL_BYTES];
	int64_t n = bytes < TAIL_BYTES ? bytes : TAIL_BYTES;

	n = file_read_at(fd, tail, (size_t)n, bytes - n);
	if (n < 0)
		return -1;
	*out = (struct file_mark){bytes, XXH3_64bits(tail, (size_t)n)};
	return 0;
}

static XXH3_state_t *
new_hash(void)
{
	XXH3_state_t *state = XXH3_createState();

	if (!state)
		mem_exhausted();
	XXH3_64bits_reset(state);
	return state;
}

bool
file_is(int fd, struct file_mark mark)
{
	XXH3_state_t *state;
	int64_t n, at = 0;
	struct stat st;
	char *chunk;
	bool same;

	if (fstat(fd, &st) < 0 || st.st_size != mark.bytes)
		return false;
	state = new_hash();
	chunk = mem_alloc(REPLACEMENT_CHUNK);
	while ((n = file_read_at(fd, chunk, REPLACEMENT_CHUNK, at)) > 0) {
		XXH3_64bits_update(state, chunk, (size_t)n);
		at += n;
	}
	same = n == 0 && at == mark.bytes && XXH3_64bits_digest(state) == mark.hash;
	XXH3_freeState(state);
	free(chunk);
	return same;
}

static char *
temporary_name(const char *path)
{
	struct buf name = {0};

	buf_printf(&name, "%s.lade-new", path);
	return name.data;
}

void
replacement_sweep(const char *path)
{
	char *temporary = temporary_name(path);

	unlink(temporary);
	free(temporary);
}

static bool
is_at(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static void
prepare(struct replacement *r, const char *path)
{
	*r = (struct replacement){.path = mem_strdup(path),
				  .temporary = temporary_name(path),
				  .fd = -1,
				  .hash_state = new_hash()};
}

/* Creates the new file, locked by its writer as long as that lives. -1: errno; EEXIST: another has. */
static int
create(struct replacement *r, mode_t mode)
{
	int fd = open(r->temporary, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_at(fd, r->temporary)) {
		close(fd); /* who found it unlocked took its writer for dead */
		errno = EEXIST;
		return -1;
	}
	r->fd = fd;
	return fchmod(fd, mode & 07777);
}

int
replacement_begin(struct replacement *r, const char *path, mode_t mode, struct fault *f)
{
	prepare(r, path);
	return create(r, mode) < 0 ? file_fault(f, "create", r->temporary) : 0;
}

/* Removes a replacement whose writer has died. */
static void
sweep_dead(const char *temporary)
{
	int fd = open(temporary, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_at(fd, temporary))
		unlink(temporary);
	if (fd >= 0)
		close(fd);
}

/* Creates it in turn with others who write to the same path. */
static int
create_in_turn(struct replacement *r, mode_t mode, struct fault *f)
{
	int waited_ms;

	for (waited_ms = 0; waited_ms <= TURN_MS; waited_ms += TURN_STEP_MS) {
		sweep_dead(r->temporary);
		if (create(r, mode) == 0)
			return 0;
		if (errno != EEXIST)
			break;
		nanosleep(&(struct timespec){.tv_nsec = TURN_STEP_MS * 1000000L}, NULL);
	}
	return file_fault(f, "create", r->temporary);
}

int
replacement_open(struct replacement *r, const char *path, mode_t mode, struct fault *f)
{
	char *whole = file_resolve(path);
	struct stat st = {.st_mode = mode | S_IFREG};
	struct buf shown = {0};
	int rc = -1;

	*r = (struct replacement){.fd = -1};
	if (!whole) {
		file_fault(f, "write", path);
	} else if (stat(whole, &st) == 0 && !S_ISREG(st.st_mode)) {
		text_escape(&shown, span_of(path), 200);
		fault_set(f, 0, 0, "cannot replace %s: it is no regular file", shown.data);
		buf_free(&shown);
	} else {
		prepare(r, whole);
		rc = create_in_turn(r, st.st_mode, f);
	}
	free(whole);
	return rc;
}

static int
drain(struct replacement *r, struct fault *f)
{
	if (file_write(r->fd, r->out.data, r->out.len, NULL) < 0)
		return file_fault(f, "write", r->temporary);
	XXH3_64bits_update(r->hash_state, r->out.data, r->out.len);
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

int
replacement_add_from(struct replacement *r, int fd, int64_t offset, int64_t n, struct fault *f)
{
	while (n > 0) {
		size_t part = n < (int64_t)REPLACEMENT_CHUNK ? (size_t)n : REPLACEMENT_CHUNK;

		buf_reserve(&r->out, part);
		errno = EIO; /* if it ends too early */
		if (file_read_at(fd, r->out.data + r->out.len, part, offset) != (int64_t)part)
			return file_fault(f, "read", r->path);
		r->out.len += part;
		r->bytes += (int64_t)part;
		offset += (int64_t)part;
		n -= (int64_t)part;
		if (r->out.len >= REPLACEMENT_CHUNK && drain(r, f) < 0)
			return -1;
	}
	return 0;
}

int
file_sync_folder(const char *path, struct fault *f)
{
	char *copy = mem_strdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	free(copy);
	if (fd < 0 || fsync(fd) < 0)
		rc = file_fault(f, "sync the folder of", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int
replacement_finish(struct replacement *r, struct file_mark *mark, struct fault *f)
{
	if (drain(r, f) < 0)
		return -1;
	if (fsync(r->fd) < 0)
		return file_fault(f, "sync", r->temporary);
	*mark = (struct file_mark){r->bytes, XXH3_64bits_digest(r->hash_state)};
	return 0;
}

int
replacement_commit(struct replacement *r, struct fault *f)
{
	int fd = r->fd;

	if (rename(r->temporary, r->path) < 0)
		return file_fault(f, "rename", r->temporary);
	r->fd = -1; /* it is the file now: abort must not remove it */
	if (file_sync_folder(r->path, f) < 0) {
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
	XXH3_freeState(r->hash_state);
	*r = (struct replacement){.fd = -1};
}
