/*
 * Theory. A window of bytes that are read but not consumed lies in one buffer; source_more appends
 * to it. Compressed input goes through zlib's inflate on its way into the window, member by member
 * (RFC 1952, 2.2: a file may hold several). A descriptor that is no regular file is polled before
 * each read, so that a pipe with nothing in it never blocks the loop; its flags are left alone, for
 * they belong to whoever opened it too.
 */
#include "manifest/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#define READ_BYTES (128u << 10)    /* asked for at a time */
#define RATIO_SLACK_BYTES (8u << 20) /* of text before the ratio of a small member is judged */

struct source {
	int fd;
	bool regular;
	int64_t limit;      /* bytes of the file to read at most; -1: all */
	size_t limit_row;   /* of a record, for the readers */
	int64_t read_bytes; /* of the file, so far */
	int64_t size_bytes; /* of the file, or -1 */
	struct buf window;
	size_t consumed; /* bytes at the front of the window that are done with */
	bool probed;     /* the first bytes were looked at for gzip's magic */
	bool ended;      /* of the file */
	bool gzip, in_member;
	z_stream z;
	struct buf packed;  /* compressed bytes not yet inflated */
	int64_t text_bytes; /* inflated so far */
	const char *damage; /* of what comes behind the text that was given already; NULL: none */
};

struct source *
source_open(const char *path, int64_t limit, size_t limit_row, struct fault *f)
{
	struct source *s = mem_calloc(1, sizeof *s);
	struct stat st;

	s->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	s->limit = limit;
	s->limit_row = limit_row;
	s->size_bytes = -1;
	if (s->fd < 0 || fstat(s->fd, &st) < 0) {
		fault_set(f, 0, 0, "cannot open it: %s", strerror(errno));
		source_free(s);
		return NULL;
	}
	if (S_ISDIR(st.st_mode)) {
		fault_set(f, 0, 0, "is a folder");
		source_free(s);
		return NULL;
	}
	s->regular = S_ISREG(st.st_mode);
	if (s->regular)
		s->size_bytes = limit >= 0 && limit < st.st_size ? limit : st.st_size;
	return s;
}

void
source_free(struct source *s)
{
	if (!s)
		return;
	if (s->in_member)
		inflateEnd(&s->z);
	if (s->fd >= 0)
		close(s->fd);
	buf_free(&s->window);
	buf_free(&s->packed);
	free(s);
}

/* Whether a read that failed is to be tried again; of a descriptor that does not block, and should,
 * when there is something. */
static bool
try_again(struct pollfd *p, bool block)
{
	if (errno == EAGAIN && block)
		return poll(p, 1, -1) >= 0 || errno == EINTR;
	return errno == EINTR;
}

/* Reads once into b. SOURCE_BYTES, SOURCE_WAIT, SOURCE_END or SOURCE_BROKEN. */
static enum source_status
read_once(struct source *s, bool block, struct buf *b, struct fault *f)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	size_t want = READ_BYTES;
	ssize_t n;

	if (s->limit >= 0 && s->limit - s->read_bytes < (int64_t)want)
		want = (size_t)(s->limit - s->read_bytes);
	if (s->ended || want == 0)
		return SOURCE_END;
	if (!s->regular && !block && poll(&p, 1, 0) == 0)
		return SOURCE_WAIT;
	buf_reserve(b, want);
	do
		n = read(s->fd, b->data + b->len, want);
	while (n < 0 && try_again(&p, block));
	if (n < 0 && errno == EAGAIN && !block)
		return SOURCE_WAIT;
	if (n < 0) {
		fault_set(f, 0, 0, "cannot read it: %s", strerror(errno));
		return SOURCE_BROKEN;
	}
	if (n == 0) {
		s->ended = true;
		return SOURCE_END;
	}
	b->len += (size_t)n;
	s->read_bytes += n;
	return SOURCE_BYTES;
}

static enum source_status
damaged(struct source *s, const char *why, struct fault *f)
{
	fault_set(f, 0, 0, "its gzip data is damaged near byte %lld: %s",
		  (long long)(s->read_bytes - (int64_t)s->packed.len), why);
	return SOURCE_BROKEN;
}

/* Zero bytes behind a member are padding, as to gzip(1). */
static void
drop_padding(struct source *s)
{
	size_t n = 0;

	while (n < s->packed.len && s->packed.data[n] == '\0')
		n++;
	buf_drop(&s->packed, n);
}

/* Inflates some of the packed bytes. SOURCE_BYTES, SOURCE_END (needs more), SOURCE_BROKEN. */
static enum source_status
inflate_some(struct source *s, struct fault *f)
{
	size_t before = s->window.len;
	int rc;

	if (s->damage)
		return damaged(s, s->damage, f);
	if (!s->in_member)
		drop_padding(s);
	if (s->packed.len == 0)
		return SOURCE_END;
	if (!s->in_member) {
		s->z = (z_stream){0};
		if (inflateInit2(&s->z, 15 + 16) != Z_OK)
			mem_exhausted();
		s->in_member = true;
	}
	buf_reserve(&s->window, READ_BYTES);
	s->z.next_in = (unsigned char *)s->packed.data;
	s->z.avail_in = (unsigned)s->packed.len;
	s->z.next_out = (unsigned char *)s->window.data + s->window.len;
	s->z.avail_out = READ_BYTES;
	rc = inflate(&s->z, Z_NO_FLUSH);
	buf_drop(&s->packed, s->packed.len - s->z.avail_in);
	s->window.len += READ_BYTES - s->z.avail_out;
	s->text_bytes += (int64_t)(s->window.len - before);
	if (rc == Z_MEM_ERROR)
		mem_exhausted();
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		s->damage = s->z.msg ? s->z.msg : "no gzip header";
	else if (s->text_bytes > RATIO_SLACK_BYTES + s->read_bytes * (int64_t)LIMIT_GZIP_RATIO)
		s->damage = "it grows by more than any catalog would";
	if (s->damage && s->window.len == before)
		return damaged(s, s->damage, f);
	if (rc == Z_STREAM_END) {
		inflateEnd(&s->z);
		s->in_member = false;
	}
	return s->window.len > before ? SOURCE_BYTES : SOURCE_END;
}

static enum source_status
more_gzip(struct source *s, bool block, struct fault *f)
{
	enum source_status status;

	for (;;) {
		size_t packed = s->packed.len;
		bool in_member = s->in_member;

		status = inflate_some(s, f);
		if (status != SOURCE_END)
			return status;
		if (s->packed.len > 0 && (s->packed.len < packed || in_member != s->in_member))
			continue; /* a member ended without text; the next may have some */
		status = read_once(s, block, &s->packed, f);
		if (status == SOURCE_END && s->in_member)
			return damaged(s, "it ends too early", f);
		if (status != SOURCE_BYTES)
			return status;
	}
}

/* Reads until the first two bytes are there and tells whether they are gzip's (RFC 1952, 2.3.1). */
static enum source_status
probe(struct source *s, struct fault *f)
{
	enum source_status status = SOURCE_BYTES;

	while (status == SOURCE_BYTES && s->window.len < 2)
		status = read_once(s, true, &s->window, f);
	if (status == SOURCE_BROKEN)
		return status;
	s->probed = true;
	if (s->window.len >= 2 && memcmp(s->window.data, "\x1f\x8b", 2) == 0) {
		s->gzip = true;
		s->packed = s->window;
		s->window = (struct buf){0};
		return more_gzip(s, true, f);
	}
	return s->window.len > 0 ? SOURCE_BYTES : SOURCE_END;
}

enum source_status
source_more(struct source *s, bool block, struct span *out, struct fault *f)
{
	enum source_status status;

	if (s->consumed > 0) {
		buf_drop(&s->window, s->consumed);
		s->consumed = 0;
	}
	if (!s->probed)
		status = probe(s, f);
	else if (s->gzip)
		status = more_gzip(s, block, f);
	else
		status = read_once(s, block, &s->window, f);
	*out = buf_span(&s->window);
	return status;
}

size_t
source_limit_row(const struct source *s)
{
	return s->limit_row;
}

void
source_consume(struct source *s, size_t n)
{
	s->consumed += n;
}

int
source_fd(const struct source *s)
{
	return s->fd;
}

int64_t
source_read_bytes(const struct source *s)
{
	return s->read_bytes;
}

bool
source_is_packed(const struct source *s)
{
	return s->gzip;
}

int64_t
source_size_bytes(const struct source *s)
{
	return s->size_bytes;
}
