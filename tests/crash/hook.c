/*
 * A library to preload into lade (LD_PRELOAD): counts the calls that write, sync, rename, remove,
 * lock, create or allocate, and lets the Nth do something else.
 *
 *	HOOK_FILES	only calls on paths that hold this text count (not for malloc)
 *	HOOK_CALLS	only these calls count, as ",write,fsync,": default all but malloc
 *	HOOK_AT		number of the call, from 1; 0 or absent: none
 *	HOOK_DO		kill (before the call), after (behind it), torn (a half of a write, then kill),
 *			short (a write writes half), full (a write writes half, the next one fails: no
 *			space), or an errno: ENOSPC, EIO, EDQUOT, EINTR, ENOMEM, ENOLCK
 *	HOOK_COUNT	a file that gets the number of calls when the program ends in order
 *	HOOK_DISK	a folder that gets what a power cut would leave: data/INODE is a file as it was
 *			when it was last synced, names the folder's entries when that was
 *	HOOK_CLOCK	the wall clock jumps back by so many seconds at its 20th reading
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t count, size_t n);
extern void *__libc_realloc(void *p, size_t n);

enum deed { DEED_NONE, DEED_KILL, DEED_AFTER, DEED_TORN, DEED_SHORT, DEED_FULL, DEED_ERRNO };

static long at, count;
static enum deed deed;
static int deed_errno;
static const char *files, *calls, *count_path, *disk;
static int ready;

static int
errno_of(const char *word)
{
	static const struct {
		const char *word;
		int value;
	} known[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EDQUOT", EDQUOT},
		     {"EINTR", EINTR},   {"ENOMEM", ENOMEM}, {"ENOLCK", ENOLCK}};
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].word, word) == 0)
			return known[i].value;
	return EIO;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *what = getenv("HOOK_DO"), *number = getenv("HOOK_AT");

	files = getenv("HOOK_FILES");
	calls = getenv("HOOK_CALLS");
	count_path = getenv("HOOK_COUNT");
	disk = getenv("HOOK_DISK");
	at = number ? atol(number) : 0;
	if (!what)
		what = "kill";
	deed = strcmp(what, "kill") == 0    ? DEED_KILL
	       : strcmp(what, "after") == 0 ? DEED_AFTER
	       : strcmp(what, "torn") == 0  ? DEED_TORN
	       : strcmp(what, "short") == 0 ? DEED_SHORT
	       : strcmp(what, "full") == 0  ? DEED_FULL
					    : DEED_ERRNO;
	deed_errno = errno_of(what);
	ready = 1;
}

__attribute__((destructor)) static void
end(void)
{
	FILE *out;

	ready = 0;
	if (!count_path || !(out = fopen(count_path, "w")))
		return;
	fprintf(out, "%ld\n", count);
	fclose(out);
}

static void
die(void)
{
	syscall(SYS_kill, getpid(), SIGKILL);
	for (;;)
		pause();
}

/* What is to be done at this call; path NULL: that of fd. */
static enum deed
deed_of(const char *call, const char *path, int fd)
{
	char link[64], target[PATH_MAX], wanted[32];
	ssize_t n;

	if (!ready)
		return DEED_NONE;
	if (calls) {
		snprintf(wanted, sizeof wanted, ",%s,", call);
		if (!strstr(calls, wanted))
			return DEED_NONE;
	} else if (strcmp(call, "malloc") == 0) {
		return DEED_NONE;
	}
	if (files && strcmp(call, "malloc") != 0) {
		if (!path) {
			snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
			n = readlink(link, target, sizeof target - 1);
			target[n < 0 ? 0 : n] = '\0';
			path = target;
		}
		if (!strstr(path, files))
			return DEED_NONE;
	}
	if (++count != at)
		return DEED_NONE;
	if (deed == DEED_KILL)
		die();
	if (deed == DEED_ERRNO)
		errno = deed_errno;
	return deed;
}

#define CALL(call, path, fd, doing)                                                                \
	enum deed d = deed_of(call, path, fd);                                                     \
	long rc;                                                                                   \
	if (d == DEED_ERRNO)                                                                       \
		return -1;                                                                         \
	rc = (doing);                                                                              \
	if (d == DEED_AFTER || d == DEED_TORN)                                                     \
		die();                                                                             \
	return (int)rc

ssize_t
write(int fd, const void *p, size_t n)
{
	static int full = -1; /* the descriptor whose next write fails */
	enum deed d = deed_of("write", NULL, fd);
	ssize_t rc;

	if (d == DEED_ERRNO)
		return -1;
	if (full == fd) {
		full = -1;
		errno = ENOSPC;
		return -1;
	}
	if (d == DEED_FULL)
		full = fd;
	if (d == DEED_TORN || ((d == DEED_SHORT || d == DEED_FULL) && n > 1))
		n /= 2;
	rc = syscall(SYS_write, fd, p, n);
	if (d == DEED_AFTER || d == DEED_TORN)
		die();
	return rc;
}

/* Keeps a copy of a file, or of a folder's names, as a power cut would leave it. */
static void
keep(int fd)
{
	char path[PATH_MAX], chunk[65536];
	struct stat st;
	ssize_t n;
	int in, out;

	if (!disk || fstat(fd, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY);
		DIR *dir = fdopendir(copy);
		struct dirent *entry;
		FILE *names;

		snprintf(path, sizeof path, "%s/names", disk);
		names = fopen(path, "w");
		while ((entry = readdir(dir)))
			if (entry->d_name[0] != '.')
				fprintf(names, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
		fclose(names);
		closedir(dir);
		return;
	}
	snprintf(path, sizeof path, "%s/data/%lu", disk, (unsigned long)st.st_ino);
	out = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* fd itself may be for writing only */
	in = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
	while ((n = read(in, chunk, sizeof chunk)) > 0)
		syscall(SYS_write, out, chunk, n);
	close(in);
	close(out);
}

static int
sync_and_keep(int fd, long number)
{
	int rc = (int)syscall(number, fd);

	ready = 0;
	if (rc == 0)
		keep(fd);
	ready = 1;
	return rc;
}

int
fsync(int fd)
{
	CALL("fsync", NULL, fd, sync_and_keep(fd, SYS_fsync));
}

int
fdatasync(int fd)
{
	CALL("fdatasync", NULL, fd, sync_and_keep(fd, SYS_fdatasync));
}

int
ftruncate(int fd, off_t n)
{
	CALL("ftruncate", NULL, fd, syscall(SYS_ftruncate, fd, n));
}

int
rename(const char *from, const char *to)
{
	CALL("rename", to, -1, syscall(SYS_rename, from, to));
}

int
unlink(const char *path)
{
	CALL("unlink", path, -1, syscall(SYS_unlink, path));
}

int
fchmod(int fd, mode_t mode)
{
	CALL("fchmod", NULL, fd, syscall(SYS_fchmod, fd, mode));
}

int
flock(int fd, int operation)
{
	CALL("flock", NULL, fd, syscall(SYS_flock, fd, operation));
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (!(flags & O_CREAT))
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	{
		CALL("open", path, -1, syscall(SYS_openat, AT_FDCWD, path, flags, mode));
	}
}

void *
malloc(size_t n)
{
	return deed_of("malloc", NULL, -1) == DEED_ERRNO ? NULL : __libc_malloc(n);
}

void *
calloc(size_t k, size_t n)
{
	return deed_of("malloc", NULL, -1) == DEED_ERRNO ? NULL : __libc_calloc(k, n);
}

void *
realloc(void *p, size_t n)
{
	return deed_of("malloc", NULL, -1) == DEED_ERRNO ? NULL : __libc_realloc(p, n);
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	static long readings, back = -1;
	const char *text;
	int rc = (int)syscall(SYS_clock_gettime, id, t);

	if (back < 0) {
		text = getenv("HOOK_CLOCK");
		back = text ? atol(text) : 0;
	}
	if (id == CLOCK_REALTIME && ++readings > 20)
		t->tv_sec -= back;
	return rc;
}
