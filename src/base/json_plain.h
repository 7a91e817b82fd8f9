/*
 * The bytes that a JSON string holds as they are (RFC 8259, 7): all but the quotation mark, the
 * backslash and those below 0x20.
 */
#ifndef LADE_BASE_JSON_PLAIN_H
#define LADE_BASE_JSON_PLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * The first byte from p on that is not plain, or end; *ascii becomes false where there may be bytes
 * beyond ASCII before it. Eight at a time: a byte's top bit is set in odd where it is below 0x20, a
 * quotation mark, or a backslash; a borrow can set only higher ones falsely, so the lowest is
 * right.
 */
static inline const char *
json_plain_end(const char *p, const char *end, bool *ascii)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
	uint64_t eight, quotes, slashes, odd, high = 0;

	for (; end - p >= 8; p += 8) {
		memcpy(&eight, p, sizeof eight);
		quotes = eight ^ ones * '"';
		slashes = eight ^ ones * '\\';
		high |= eight;
		odd = (((eight - ones * 0x20) & ~eight) | ((quotes - ones) & ~quotes) |
		       ((slashes - ones) & ~slashes)) &
		      tops;
		if (odd) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			p += __builtin_ctzll(odd) / 8;
#endif
			break;
		}
	}
	for (; p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\'; p++)
		high |= (unsigned char)*p;
	if (high & tops)
		*ascii = false;
	return p;
}

#endif
