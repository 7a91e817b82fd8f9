#include "base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NEAR_WORD_BYTES 64 /* longer words are nobody's near miss */

/*
 * The length in bytes of the valid character at p, 0 when there is none; *cp gets the code point.
 * Table 3-7 of the Unicode standard, "Well-Formed UTF-8 Byte Sequences".
 */
static size_t
utf8_char(const unsigned char *p, size_t n, uint32_t *cp)
{
	unsigned char lead = p[0], low = 0x80, high = 0xBF;
	size_t len, i;

	if (lead < 0x80) {
		*cp = lead;
		return 1;
	}
	if (lead >= 0xC2 && lead <= 0xDF)
		len = 2;
	else if ((lead & 0xF0) == 0xE0)
		len = 3;
	else if (lead >= 0xF0 && lead <= 0xF4)
		len = 4;
	else
		return 0;
	if (len > n)
		return 0;
	if (lead == 0xE0)
		low = 0xA0; /* overlong */
	else if (lead == 0xED)
		high = 0x9F; /* surrogates */
	else if (lead == 0xF0)
		low = 0x90; /* overlong */
	else if (lead == 0xF4)
		high = 0x8F; /* above U+10FFFF */
	if (p[1] < low || p[1] > high)
		return 0;
	*cp = lead & (0xFFu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3Fu);
	}
	return len;
}

bool
text_utf8_valid(struct span s, size_t *bad)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, len;
	uint32_t cp;

	while (i < s.n) {
		uint64_t eight;

		/* nearly all text is ASCII: eight bytes at a time */
		while (s.n - i >= sizeof eight) {
			memcpy(&eight, p + i, sizeof eight);
			if (eight & UINT64_C(0x8080808080808080))
				break;
			i += sizeof eight;
		}
		if (i == s.n)
			break;
		if (p[i] < 0x80) {
			i++;
			continue;
		}
		len = utf8_char(p + i, s.n - i, &cp);
		if (len == 0)
			break;
		i += len;
	}
	if (bad)
		*bad = i;
	return i == s.n;
}

size_t
text_utf8_count(struct span s)
{
	size_t i, count = 0;

	for (i = 0; i < s.n; i++)
		count += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return count;
}

static bool
is_hidden(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0x200E || cp == 0x200F ||
	       (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xFEFF;
}

void
text_escape(struct buf *out, struct span s, size_t max)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, len, n;
	char esc[16];
	uint32_t cp = 0;

	while (i < s.n) {
		len = utf8_char(p + i, s.n - i, &cp);
		if (len == 0)
			n = (size_t)snprintf(esc, sizeof esc, "\\x%02x", p[i]);
		else if (cp == '\n')
			n = (size_t)snprintf(esc, sizeof esc, "\\n");
		else if (cp == '\r')
			n = (size_t)snprintf(esc, sizeof esc, "\\r");
		else if (cp == '\t')
			n = (size_t)snprintf(esc, sizeof esc, "\\t");
		else if (is_hidden(cp) && cp < 0x80)
			n = (size_t)snprintf(esc, sizeof esc, "\\x%02x", cp);
		else if (is_hidden(cp))
			n = (size_t)snprintf(esc, sizeof esc, "\\u{%x}", cp);
		else
			n = 0;
		if (max && out->len + (n ? n : len) > max)
			return;
		if (n)
			buf_add(out, esc, n);
		else
			buf_add(out, p + i, len);
		i += len ? len : 1;
	}
}

void
text_show_url(struct buf *out, struct span url, size_t max)
{
	const char *query = url.n ? memchr(url.p, '?', url.n) : NULL;

	if (query)
		url.n = (size_t)(query - url.p);
	text_escape(out, url, max);
	if (query)
		buf_add_str(out, "?…");
}

static bool
is_filler(char c)
{
	return c == ' ' || c == '-' || c == '_';
}

void
text_place(struct buf *out, const char *file, int64_t line, int64_t column)
{
	text_escape(out, span_of(strcmp(file, "-") == 0 ? "standard input" : file), 0);
	if (line > 0)
		buf_printf(out, ":%lld", (long long)line);
	if (column > 0)
		buf_printf(out, ":%lld", (long long)column);
}

bool
text_same_loosely(struct span a, struct span b)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a.n && is_filler(a.p[i]))
			i++;
		while (j < b.n && is_filler(b.p[j]))
			j++;
		if (i == a.n || j == b.n)
			return i == a.n && j == b.n;
		if (tolower((unsigned char)a.p[i++]) != tolower((unsigned char)b.p[j++]))
			return false;
	}
}

/* Levenshtein's distance with ASCII case ignored; both at most NEAR_WORD_BYTES long. */
static size_t
distance(struct span a, struct span b)
{
	size_t row[NEAR_WORD_BYTES + 1], i, j, diagonal, above, best;

	for (j = 0; j <= b.n; j++)
		row[j] = j;
	for (i = 1; i <= a.n; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= b.n; j++) {
			above = row[j];
			best = diagonal + (tolower((unsigned char)a.p[i - 1]) !=
					   tolower((unsigned char)b.p[j - 1]));
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[b.n];
}

int
text_nearest(struct span word, const struct span *candidates, size_t n)
{
	size_t i, d, best = word.n < 4 ? 2 : word.n / 3 + 2; /* one slip in a short word, more in a long one */
	int nearest = -1;

	if (word.n == 0 || word.n > NEAR_WORD_BYTES)
		return -1;
	for (i = 0; i < n; i++) {
		if (candidates[i].n == 0 || candidates[i].n > NEAR_WORD_BYTES)
			continue;
		d = distance(word, candidates[i]);
		if (d < best) {
			best = d;
			nearest = (int)i;
		}
	}
	return nearest;
}

static bool
same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

#define SLIP_BYTES 3 /* of the shorter name: of less, one letter more makes another word */

bool
text_is_slip(struct span a, struct span b)
{
	bool same_end;

	if (text_same_loosely(a, b))
		return a.n > 0;
	if (a.n < SLIP_BYTES || b.n < SLIP_BYTES)
		return false;
	same_end = same_letter(a.p[a.n - 1], b.p[b.n - 1]);
	/* what differs is between what both begin and end with */
	for (; a.n > 0 && b.n > 0 && same_letter(a.p[0], b.p[0]); a.n--, b.n--) {
		a.p++;
		b.p++;
	}
	for (; a.n > 0 && b.n > 0 && same_letter(a.p[a.n - 1], b.p[b.n - 1]); a.n--)
		b.n--;
	if (a.n == 2 && b.n == 2)
		return same_letter(a.p[0], b.p[1]) && same_letter(a.p[1], b.p[0]);
	/* names that end differently are siblings: tag and tags, title_en and title_es */
	return a.n <= 1 && b.n <= 1 && same_end;
}
