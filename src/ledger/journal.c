/*
 * Theory. An entry is true if its checksum is. What a dying process or machine leaves behind is a
 * prefix of the entries, then at most one torn entry or, after a power cut, blocks of anything: so
 * reading ends at the first entry that is not true, unless a true one stands behind it; then the
 * file was damaged otherwise, and nothing in it is trusted. Behind a start whose record reaches past
 * the end of the file there is only that record, whatever its lines look like.
 *
 * Folding entries into fates: the last start of a number opens it, a clear closes it, a result that
 * turns out to be on the disk settles it. A result at the place of an earlier one, or before it, says
 * that the file was cut off there in between, by whoever carried on.
 */
#include "ledger/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/units.h"

#define HEX32 8
#define HEX64 16
#define LINE_BYTES 128 /* more than any entry's line has */
#define WORDS 4 /* values of an entry at most, without its sum */
#define READ_BYTES (1u << 20)

uint32_t
journal_hash(struct span record)
{
	return (uint32_t)XXH3_64bits(record.p, record.n);
}

/* ---- writing ---- */

void
journal_init(struct journal *j, const char *results)
{
	struct buf path = {0};

	buf_printf(&path, "%s.journal", results);
	*j = (struct journal){.path = path.data, .fd = -1};
}

void
journal_fini(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	buf_free(&j->out);
	*j = (struct journal){.fd = -1};
}

static void
add_hex(struct buf *out, uint64_t value, int digits)
{
	char text[HEX64];
	int i;

	for (i = digits - 1; i >= 0; i--, value >>= 4)
		text[i] = "0123456789abcdef"[value & 15];
	buf_add(out, text, (size_t)digits);
}

static void
add_number(struct buf *out, int64_t value)
{
	buf_add_int(out, value);
	buf_add_char(out, ' ');
}

/* Ends an entry's line with its checksum. */
static void
seal(struct journal *j, size_t start)
{
	struct span line = {j->out.data + start, j->out.len - start};

	add_hex(&j->out, journal_hash(line), HEX32);
	buf_add_char(&j->out, '\n');
}

void
journal_start(struct journal *j, uint32_t number, struct span record)
{
	size_t start = j->out.len;

	buf_add_str(&j->out, "start ");
	add_number(&j->out, number);
	add_number(&j->out, (int64_t)record.n);
	add_hex(&j->out, journal_hash(record), HEX32);
	buf_add_char(&j->out, ' ');
	seal(j, start);
	buf_add_span(&j->out, record);
	j->starts = true;
}

void
journal_clear(struct journal *j, uint32_t number)
{
	size_t start = j->out.len;

	buf_add_str(&j->out, "clear ");
	add_number(&j->out, number);
	seal(j, start);
}

void
journal_result(struct journal *j, uint32_t number, int64_t place, struct span record)
{
	size_t start = j->out.len;

	buf_add_str(&j->out, "result ");
	add_number(&j->out, number);
	add_number(&j->out, place);
	add_number(&j->out, (int64_t)record.n);
	add_hex(&j->out, journal_hash(record), HEX32);
	buf_add_char(&j->out, ' ');
	seal(j, start);
}

static void
add_mark(struct journal *j, const char *word, struct file_mark m)
{
	size_t start = j->out.len;

	buf_add_str(&j->out, word);
	add_number(&j->out, m.bytes);
	add_hex(&j->out, m.hash, HEX64);
	buf_add_char(&j->out, ' ');
	seal(j, start);
}

void
journal_published(struct journal *j, struct file_mark m)
{
	add_mark(j, "published ", m);
}

int
journal_begin(struct journal *j, struct file_mark results, struct fault *f)
{
	struct buf entries = j->out;
	bool starts = j->starts;
	int rc;

	j->fd = open(j->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->fd < 0)
		return file_fault(f, "create", j->path);
	j->out = (struct buf){0};
	j->starts = false;
	j->bytes = 0;
	add_mark(j, "lade-journal 1 ", results);
	rc = journal_flush(j, f);
	buf_free(&j->out);
	j->out = entries;
	j->starts = starts;
	if (rc < 0) { /* without its first line it is none */
		unlink(j->path);
		close(j->fd);
		j->fd = -1;
	}
	return rc;
}

int
journal_flush(struct journal *j, struct fault *f)
{
	int error;

	if (j->torn)
		return file_fault_unwritten(f, j->path);
	if (file_write(j->fd, j->out.data, j->out.len, NULL) < 0) {
		error = errno;
		j->torn = ftruncate(j->fd, j->bytes) < 0;
		errno = error;
		return file_fault(f, "write", j->path);
	}
	j->bytes += (int64_t)j->out.len;
	j->unsynced |= j->out.len > 0;
	j->unsynced_starts |= j->starts;
	j->starts = false;
	buf_clear(&j->out);
	return 0;
}

int
journal_sync(struct journal *j, struct fault *f)
{
	if (j->fd >= 0 && j->unsynced && fdatasync(j->fd) < 0)
		return file_fault(f, "sync", j->path);
	j->unsynced = j->unsynced_starts = false;
	return 0;
}

int
journal_remove(struct journal *j, struct fault *f)
{
	if (unlink(j->path) < 0 && errno != ENOENT)
		return file_fault(f, "remove", j->path);
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	return 0;
}

/* ---- reading ---- */

/* The journal in memory as far as it is looked at. */
struct reader {
	int fd;
	struct buf data;
	int64_t start; /* offset of data[0] */
	int64_t at;    /* offset of the next entry */
	int64_t line;
};

enum entry_kind { ENTRY_NONE, ENTRY_HEADER, ENTRY_START, ENTRY_CLEAR, ENTRY_RESULT, ENTRY_PUBLISHED };

struct entry {
	enum entry_kind kind;
	uint32_t number, hash;
	int64_t place, bytes; /* of a mark: bytes */
	uint64_t mark;
	int64_t text; /* offset of a start's record */
	int64_t end;  /* offset behind it all */
	int64_t lines;
};

/* Up to n bytes at an offset; fewer at the end of the file. p NULL: the file cannot be read. */
static struct span
look(struct reader *r, int64_t offset, size_t n)
{
	int64_t end = r->start + (int64_t)r->data.len, got;
	size_t want = n > READ_BYTES ? n : READ_BYTES;

	if (offset < r->start || offset + (int64_t)n > end) {
		buf_clear(&r->data);
		if (buf_reserve(&r->data, want) < 0)
			return (struct span){0};
		got = file_read_at(r->fd, r->data.data, want, offset);
		if (got < 0)
			return (struct span){0};
		r->start = offset;
		r->data.len = (size_t)got;
		end = offset + got;
	}
	if (offset + (int64_t)n > end)
		n = (size_t)(end - offset);
	return (struct span){r->data.data + (offset - r->start), n};
}

/* A number as add_hex writes it. -1: it is none. */
static int
parse_hex(const char *text, size_t digits, uint64_t *out)
{
	size_t i;
	const char *digit;

	*out = 0;
	for (i = 0; i < digits; i++) {
		digit = text[i] ? strchr("0123456789abcdef", text[i]) : NULL;
		if (!digit)
			return -1;
		*out = *out << 4 | (uint64_t)(digit - "0123456789abcdef");
	}
	return text[digits] == '\0' ? 0 : -1;
}

/* The values behind an entry's word: 'n' a record number, 'b' bytes, 'p' a place, 'h' a hash of a
 * record, 'm' a mark. -1: one of them is none. */
static int
parse_values(char *const *words, const char *kinds, struct entry *e)
{
	uint64_t hex = 0;
	int64_t n = 0;
	int rc = 0;

	for (; *kinds && rc == 0; kinds++, words++) {
		if (*kinds == 'h' || *kinds == 'm')
			rc = parse_hex(*words, *kinds == 'h' ? HEX32 : HEX64, &hex);
		else
			rc = units_int(*words, 0, *kinds == 'n' ? UINT32_MAX - 1 : INT64_MAX, &n);
		if (*kinds == 'n')
			e->number = (uint32_t)n;
		else if (*kinds == 'b')
			e->bytes = n;
		else if (*kinds == 'p')
			e->place = n;
		else if (*kinds == 'h')
			e->hash = (uint32_t)hex;
		else
			e->mark = hex;
	}
	return rc;
}

/* Takes an entry's line apart, strictly; ENTRY_NONE when it is none or its checksum is wrong. */
static struct entry
parse_line(struct span line)
{
	static const struct {
		const char *word, *kinds;
		enum entry_kind kind;
	} shapes[] = {
		{"lade-journal 1", "bm", ENTRY_HEADER}, {"start", "nbh", ENTRY_START},
		{"clear", "n", ENTRY_CLEAR},            {"result", "npbh", ENTRY_RESULT},
		{"published", "bm", ENTRY_PUBLISHED},
	};
	struct entry e = {.kind = ENTRY_NONE}, none = e;
	char text[LINE_BYTES], *words[WORDS], *rest;
	uint64_t sum = 0;
	size_t i, n = 0, length;

	if (line.n >= sizeof text || line.n < HEX32 + 1 || memchr(line.p, '\0', line.n))
		return none;
	memcpy(text, line.p, line.n);
	text[line.n] = '\0';
	if (parse_hex(text + line.n - HEX32, HEX32, &sum) < 0 ||
	    sum != journal_hash((struct span){text, line.n - HEX32}))
		return none;
	text[line.n - HEX32 - 1] = '\0';
	for (i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		length = strlen(shapes[i].word);
		if (strncmp(text, shapes[i].word, length) == 0 && text[length] == ' ')
			break;
	}
	if (i == sizeof shapes / sizeof *shapes)
		return none;
	for (rest = text + length + 1; rest && n < WORDS;)
		words[n++] = strsep(&rest, " ");
	if (n != strlen(shapes[i].kinds) || rest || parse_values(words, shapes[i].kinds, &e) < 0)
		return none;
	e.kind = shapes[i].kind;
	return e;
}

/* The whole and true entry at r->at; ENTRY_NONE: there is none. -1: the file cannot be read. */
static int
next_entry(struct reader *r, struct entry *e)
{
	struct span text = look(r, r->at, LINE_BYTES);
	const char *end;

	if (!text.p)
		return -1;
	e->kind = ENTRY_NONE;
	end = memchr(text.p, '\n', text.n);
	if (!end)
		return 0;
	*e = parse_line((struct span){text.p, (size_t)(end - text.p)});
	e->end = r->at + (end - text.p) + 1;
	e->lines = 1;
	if (e->kind != ENTRY_START)
		return 0;
	e->text = e->end;
	e->end += e->bytes;
	text = e->bytes > LIMIT_RECORD_BYTES ? (struct span){"", 0}
					     : look(r, e->text, (size_t)e->bytes);
	if (!text.p)
		return -1;
	if ((int64_t)text.n != e->bytes || journal_hash(text) != e->hash)
		e->kind = ENTRY_NONE;
	for (; text.n > 0 && (end = memchr(text.p, '\n', text.n)); e->lines++)
		text = (struct span){end + 1, text.n - (size_t)(end + 1 - text.p)};
	return 0;
}

/* Whether a whole entry stands anywhere behind an offset where none does. -1: unreadable. */
static int
find_entry_behind(struct reader *r)
{
	int64_t from = r->at;
	struct entry e;
	struct span text;
	const char *end;

	for (;;) {
		text = look(r, from, LINE_BYTES);
		if (!text.p)
			return -1;
		if (text.n == 0)
			return 0;
		end = memchr(text.p, '\n', text.n);
		if (!end) {
			from += (int64_t)text.n;
			continue;
		}
		from += end - text.p + 1;
		r->at = from;
		if (next_entry(r, &e) < 0)
			return -1;
		if (e.kind != ENTRY_NONE)
			return 1;
	}
}

/* Room of a story's two arrays. */
struct room {
	uint32_t fates;
	size_t outcomes;
};

static struct journal_fate *
fate_of(struct journal_story *s, uint32_t number, struct room *room)
{
	while (number >= s->n_fates) {
		if (s->n_fates == room->fates) {
			room->fates = room->fates ? room->fates * 2 : 1024;
			s->fates = mem_resize(s->fates, room->fates, sizeof *s->fates);
		}
		s->fates[s->n_fates++] = (struct journal_fate){.start = -1, .place = -1};
	}
	return &s->fates[number];
}

static void
add_outcome(struct journal_story *s, const struct entry *e, struct room *room)
{
	while (s->n_outcomes > 0 && s->outcomes[s->n_outcomes - 1].place >= e->place)
		s->n_outcomes--;
	if (s->n_outcomes == room->outcomes) {
		room->outcomes = room->outcomes ? room->outcomes * 2 : 1024;
		s->outcomes = mem_resize(s->outcomes, room->outcomes, sizeof *s->outcomes);
	}
	s->outcomes[s->n_outcomes++] = (struct journal_outcome){
		.place = e->place, .number = e->number, .bytes = (uint32_t)e->bytes, .hash = e->hash};
}

static void
fold(struct journal_story *s, const struct entry *e, struct room *room)
{
	struct journal_fate *fate;

	if (e->kind == ENTRY_PUBLISHED) {
		s->published = (struct file_mark){e->bytes, e->mark};
		return;
	}
	fate = fate_of(s, e->number, room);
	if (e->kind == ENTRY_CLEAR)
		fate->start = -1;
	if (e->kind == ENTRY_START) {
		fate->start = e->text;
		fate->start_bytes = (uint32_t)e->bytes;
	}
	if (e->kind == ENTRY_RESULT) /* the start stays: the result may not have reached the disk */
		add_outcome(s, e, room);
}

void
journal_believe(struct journal_story *s, int64_t bytes)
{
	const struct journal_outcome *o = s->outcomes;
	size_t n = s->n_outcomes;

	for (; n > 0 && o->bytes <= bytes - o->place; n--, o++)
		s->fates[o->number].place = o->place;
}

static int
unreadable(struct fault *f)
{
	return fault_set(f, 0, 0, "cannot read the journal: %s", strerror(errno));
}

int
journal_read(int fd, struct journal_story *s, struct fault *f)
{
	struct reader r = {.fd = fd, .line = 1};
	struct entry e = {.kind = ENTRY_NONE};
	struct room room = {0};
	int64_t end = lseek(fd, 0, SEEK_END);
	int rc = 0, behind;

	*s = (struct journal_story){.published.bytes = -1};
	if (end < 0)
		return unreadable(f);
	rc = next_entry(&r, &e);
	while (rc == 0 && e.kind != ENTRY_NONE && (e.kind == ENTRY_HEADER) == !s->begun) {
		if (e.kind == ENTRY_HEADER) {
			s->begun = true;
			s->base = (struct file_mark){e.bytes, e.mark};
		} else {
			fold(s, &e, &room);
		}
		r.line += e.lines;
		r.at = s->bytes = e.end;
		rc = next_entry(&r, &e);
	}
	s->dropped = end - s->bytes;
	behind = rc < 0 || s->dropped == 0 || e.end > end ? rc : find_entry_behind(&r);
	if (behind < 0)
		unreadable(f);
	else if (behind > 0)
		fault_set(f, r.line, 0, "the journal is damaged here, and not at its end");
	buf_free(&r.data);
	return behind == 0 ? 0 : -1;
}

void
journal_story_free(struct journal_story *s)
{
	free(s->fates);
	free(s->outcomes);
	*s = (struct journal_story){0};
}
