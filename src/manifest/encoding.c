#include "manifest/encoding.h"

#include <stdbool.h>
#include <stddef.h>
#include <strings.h>

#define CONVERT(from) "is " from ", not UTF-8: iconv -f " from " -t UTF-8 FILE > NEW"

/* Files by their first bytes (their formats' own "magic"); the longer of two that begin alike
 * first. */
static const struct {
	const char *bytes;
	size_t n;
	const char *what;
} known[] = {
	{"\xFF\xFE\0\0", 4, CONVERT("UTF-32")},
	{"\0\0\xFE\xFF", 4, CONVERT("UTF-32")},
	{"\xFF\xFE", 2, CONVERT("UTF-16")},
	{"\xFE\xFF", 2, CONVERT("UTF-16")},
	{"PK\x03\x04", 4,
	 "is a ZIP archive, perhaps a spreadsheet (.xlsx, .ods): save it as CSV UTF-8"},
	{"\xD0\xCF\x11\xE0", 4, "is an Excel 97 file (.xls): save it as CSV UTF-8"},
	{"BZh", 3, "is compressed with bzip2: bzcat FILE | lade ... -"},
	{"\xFD"
	 "7zXZ",
	 5, "is compressed with xz: xzcat FILE | lade ... -"},
	{"\x28\xB5\x2F\xFD", 4, "is compressed with zstd: zstdcat FILE | lade ... -"},
	{"SQLite format 3", 15,
	 "is an SQLite database: sqlite3 -csv -header FILE 'select ...' > NEW"},
	{"PAR1", 4, "is a Parquet file: a manifest is CSV or JSON"},
	{"%PDF-", 5, "is a PDF: a manifest is CSV or JSON"},
	{"<?xml", 5, "is XML: a manifest is CSV or JSON"},
	{"<!DOCTYPE", 9, "is HTML or XML: a manifest is CSV or JSON"},
	{"<html", 5, "is HTML: a manifest is CSV or JSON"},
};

/* Whether a file begins so; markup is written in any case. */
static bool
begins_so(const char *p, const char *bytes, size_t n)
{
	return (bytes[0] == '<' ? strncasecmp(p, bytes, n) : memcmp(p, bytes, n)) == 0;
}

/* Whether the bytes at first, first + step ... are all NUL, and those between are not. */
static bool
every_second_is_nul(struct span s, size_t first)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((s.p[i] == '\0') != (i % 2 == first))
			return false;
	return s.n >= 2;
}

const char *
encoding_refuse(struct span first)
{
	size_t i;

	if (first.n > ENCODING_BYTES)
		first.n = ENCODING_BYTES;
	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (first.n >= known[i].n && begins_so(first.p, known[i].bytes, known[i].n))
			return known[i].what;
	/* without a mark: ASCII in two bytes a character */
	if (every_second_is_nul((struct span){first.p, first.n & ~(size_t)1}, 1))
		return CONVERT("UTF-16LE");
	if (every_second_is_nul((struct span){first.p, first.n & ~(size_t)1}, 0))
		return CONVERT("UTF-16BE");
	/* a NUL further on is its row's fault alone */
	if (first.n > 0 && memchr(first.p, '\0', first.n < 4 ? first.n : 4))
		return "is no text: it holds NUL bytes";
	return NULL;
}

/* RFC 3629, 3 names the three kinds of bytes that look like UTF-8 and are none. */
const char *
encoding_fault(struct span text, size_t bad)
{
	const unsigned char *p = (const unsigned char *)text.p + bad;
	size_t n = bad < text.n ? text.n - bad : 0;
	bool follows = n >= 2 && (p[1] & 0xC0) == 0x80;

	if (follows && (p[0] == 0xC0 || p[0] == 0xC1 || (p[0] == 0xE0 && p[1] < 0xA0) ||
			(p[0] == 0xF0 && p[1] < 0x90)))
		return "is not UTF-8: an overlong form, more bytes than the character needs";
	if (follows && p[0] == 0xED)
		return "is not UTF-8: half a character (a surrogate) in bytes of its own";
	if (follows && p[0] >= 0xF4)
		return "is not UTF-8: a character beyond U+10FFFF";
	return "is not UTF-8 (perhaps Latin-1: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW)";
}
