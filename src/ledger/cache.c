/*
 * Theory. The cache begins with a header that says which file it is of: device, inode, size, the
 * times of its last change, and a hash of its first and of its last bytes. Whoever edits a file
 * moves its ctime, which no program can set back, so that a size and an mtime that were restored do
 * not deceive. Times go in ticks of the kernel's clock: a file that is longer than what is hashed is
 * given its cache only when the tick of its last change is over.
 *
 * The header and what follows it have a checksum each, so nothing has to reach the disk in order: a
 * cache that a power cut has torn is none. Its entries are those of this program on this machine,
 * and the program's version stands in the header, for another one may read the same file otherwise.
 */
#include "ledger/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ledger/file.h"
#include "version.h"

#define MAGIC "lade index 2\n\0\0"
#define BYTE_ORDER_MARK 0x01020304u
#define EDGE_BYTES 65536 /* of the results file, at either end */
#define TICKS_WAITED 30  /* of a millisecond: the kernel's have 1 to 10 */

/* All its bytes are written: no padding. */
struct header {
	char magic[16];
	uint32_t byte_order, entry_bytes;
	uint32_t n, n_versions; /* records; values of the version column: 0 or n */
	uint64_t program, version_column; /* hashes of the version and of the name; 0: none */
	uint64_t device, inode;
	int64_t bytes;
	int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
	uint64_t first, last; /* hashes of the edges */
	uint64_t sum;         /* of what follows the header */
	uint64_t header_sum;  /* of the header but for this */
};

static char *
name_of(const char *path, const char *suffix)
{
	struct buf name = {0};

	buf_printf(&name, "%s.index%s", path, suffix);
	return name.data;
}

static void
remove_file(const char *path, const char *suffix)
{
	char *name = name_of(path, suffix);

	unlink(name);
	free(name);
}

void
cache_drop(const char *path)
{
	remove_file(path, "");
}

void
cache_sweep(const char *path)
{
	remove_file(path, ".lade-new");
}

/* A header but for the two sums and the counts. -1: the results file cannot be read. */
static int
describe(int fd, const char *version_column, struct header *h)
{
	char edge[EDGE_BYTES];
	int64_t n;
	struct stat st;

	memset(h, 0, sizeof *h);
	if (fstat(fd, &st) < 0)
		return -1;
	memcpy(h->magic, MAGIC, sizeof h->magic);
	h->byte_order = BYTE_ORDER_MARK;
	h->entry_bytes = (uint32_t)index_entry_bytes();
	h->program = XXH3_64bits(LADE_VERSION, strlen(LADE_VERSION));
	if (version_column)
		h->version_column = XXH3_64bits(version_column, strlen(version_column)) | 1;
	h->device = (uint64_t)st.st_dev;
	h->inode = (uint64_t)st.st_ino;
	h->bytes = st.st_size;
	h->mtime_s = st.st_mtim.tv_sec;
	h->mtime_ns = st.st_mtim.tv_nsec;
	h->ctime_s = st.st_ctim.tv_sec;
	h->ctime_ns = st.st_ctim.tv_nsec;
	n = file_read_at(fd, edge, sizeof edge, 0);
	if (n < 0)
		return -1;
	h->first = XXH3_64bits(edge, (size_t)n);
	n = file_read_at(fd, edge, sizeof edge, h->bytes > EDGE_BYTES ? h->bytes - EDGE_BYTES : 0);
	if (n < 0)
		return -1;
	h->last = XXH3_64bits(edge, (size_t)n);
	return 0;
}

static uint64_t
header_sum(const struct header *h)
{
	return XXH3_64bits(h, offsetof(struct header, header_sum));
}

static uint64_t
sum_of(struct span entries, struct span versions)
{
	return XXH3_64bits(entries.p, entries.n) ^ XXH3_64bits_withSeed(versions.p, versions.n, 1);
}

/* ---- reading ---- */

/* Whether a header that was read is that of the file that is described. */
static bool
is_of(const struct header *is, const struct header *file, int64_t cache_bytes)
{
	struct header want = *file;

	want.n = is->n;
	want.n_versions = file->version_column ? is->n : 0;
	want.sum = is->sum;
	want.header_sum = header_sum(is);
	return memcmp(is, &want, sizeof want) == 0 && is->n < INDEX_NONE &&
	       cache_bytes == (int64_t)(sizeof want + (uint64_t)is->n * is->entry_bytes +
					(uint64_t)is->n_versions * sizeof(uint64_t));
}

static bool
read_entries(int fd, const struct header *h, struct index *x)
{
	struct span entries = {.n = (size_t)h->n * h->entry_bytes};
	struct span versions = {.n = (size_t)h->n_versions * sizeof(uint64_t)};
	char *into;

	entries.p = into = index_room(x, h->n);
	if (file_read_at(fd, into, entries.n, sizeof *h) != (int64_t)entries.n)
		return false;
	versions.p = into = index_room_versions(x);
	if (versions.n > 0 && file_read_at(fd, into, versions.n, (int64_t)(sizeof *h + entries.n)) !=
				      (int64_t)versions.n)
		return false;
	return sum_of(entries, versions) == h->sum && index_adopt(x, h->n);
}

bool
cache_load(const char *path, int fd, const char *version_column, struct index *x)
{
	char *name = name_of(path, "");
	int cache = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct header is, file;
	struct stat st;
	bool ok;

	free(name);
	if (cache < 0)
		return false;
	ok = fstat(cache, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	     (st.st_mode & 022) == 0 &&
	     file_read_at(cache, (char *)&is, sizeof is, 0) == (int64_t)sizeof is &&
	     describe(fd, version_column, &file) == 0 && is_of(&is, &file, st.st_size) &&
	     read_entries(cache, &is, x);
	close(cache);
	return ok;
}

/* ---- writing ---- */

/* Whether a change from now on would be stamped otherwise than the file is. */
static bool
tick_is_over(const struct header *h)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct timespec now;
	int i;

	for (i = 0; i < TICKS_WAITED; i++) {
		clock_gettime(CLOCK_REALTIME_COARSE, &now); /* the one that files are stamped by */
		if (now.tv_sec > h->ctime_s || (now.tv_sec == h->ctime_s && now.tv_nsec > h->ctime_ns))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static int
write_cache(const char *name, const struct header *h, struct span entries, struct span versions)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), rc = -1;

	if (fd < 0)
		return -1;
	if (file_write(fd, (const char *)h, sizeof *h, NULL) == 0 &&
	    file_write(fd, entries.p, entries.n, NULL) == 0 &&
	    file_write(fd, versions.p, versions.n, NULL) == 0)
		rc = 0;
	return close(fd) < 0 ? -1 : rc;
}

void
cache_store(const char *path, int fd, const char *version_column, struct index *x)
{
	char *name = name_of(path, ""), *temporary = name_of(path, ".lade-new");
	struct span entries = index_pack(x), versions = index_packed_versions(x);
	struct header h;

	if (describe(fd, version_column, &h) == 0 &&
	    (h.bytes <= 2 * EDGE_BYTES || tick_is_over(&h))) {
		h.n = (uint32_t)(entries.n / h.entry_bytes);
		h.n_versions = version_column ? h.n : 0;
		h.sum = sum_of(entries, versions);
		h.header_sum = header_sum(&h);
		if (write_cache(temporary, &h, entries, versions) < 0 || rename(temporary, name) < 0)
			unlink(temporary);
	}
	free(name);
	free(temporary);
}
