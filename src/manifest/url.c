/*
 * Theory. What can be refused by looking at bytes is refused first, with a reason of its own, so
 * that libcurl sees only what is left: it judges host and port, converts international names, and
 * normalises addresses (0x7f.1 becomes 127.0.0.1). The URL that is sent is put together from the
 * parts as they were: libcurl's own form would resolve dots in the path.
 */
#include "manifest/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/limits.h"
#include "base/mem.h"

/* A URL, cut where its syntax cuts it. */
struct parts {
	struct span front; /* scheme and authority */
	struct span authority;
	struct span rest; /* path, query, fragment */
	bool https;
};

/* What a byte is, in a URL; bits, so that one pass over a URL collects what is in it. */
enum byte_class {
	BYTE_CONTROL = 1,
	BYTE_LINE_END = 2,
	BYTE_BACKSLASH = 4,
	BYTE_PERCENT = 8,
	BYTE_ENCODE = 16, /* RFC 3986 allows it nowhere: becomes %XX */
};

#define C BYTE_CONTROL
#define L BYTE_LINE_END
#define B BYTE_BACKSLASH
#define P BYTE_PERCENT
#define E BYTE_ENCODE
#define E16 E, E, E, E, E, E, E, E, E, E, E, E, E, E, E, E

static const unsigned char class_of[256] = {
	C, C, C, C, C, C, C, C, C, C, L, C, C, L, C, C,
	C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
	E, 0, E, 0, 0, P, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* blank " % */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, E, 0, E, 0, /* < > */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, B, 0, E, 0, /* \\ ^ */
	E, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* ` */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, E, E, E, 0, C, /* { | } */
	E16, E16, E16, E16, E16, E16, E16, E16,
};

#undef C
#undef L
#undef B
#undef P
#undef E
#undef E16

/* A % that is not followed by two hex digits. */
static bool
has_bad_percent(struct span url)
{
	const char *p = url.p, *end = url.p + url.n;

	for (; (p = memchr(p, '%', (size_t)(end - p))); p++)
		if (end - p < 3 || !isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
			return true;
	return false;
}

/* Why a URL's bytes cannot stand; *seen gets the classes of all of them. */
static const char *
bad_byte(struct span url, unsigned *seen)
{
	const unsigned char *p = (const unsigned char *)url.p;
	unsigned all = 0;
	size_t i;

	for (i = 0; url.n - i >= 4; i += 4) /* most of what a good URL costs */
		all |= class_of[p[i]] | class_of[p[i + 1]] | class_of[p[i + 2]] |
		       class_of[p[i + 3]];
	for (; i < url.n; i++)
		all |= class_of[p[i]];
	*seen = all;
	if (all & BYTE_LINE_END)
		return "url: holds a line end (several URLs? --split-urls '\\n')";
	if (all & BYTE_CONTROL)
		return "url: holds a control character";
	if (all & BYTE_BACKSLASH)
		return "url: holds a backslash";
	if (all & BYTE_PERCENT && has_bad_percent(url))
		return "url: a % that is not followed by two hex digits";
	return NULL;
}

static const char *
cut(struct span url, struct parts *parts)
{
	const char *p, *start = url.p;
	size_t n = 0;

	if (url.n >= 8 && strncasecmp(url.p, "https://", 8) == 0) {
		parts->https = true;
		n = 8;
	} else if (url.n >= 7 && strncasecmp(url.p, "http://", 7) == 0) {
		parts->https = false;
		n = 7;
	} else {
		p = memchr(url.p, ':', url.n);
		return p && (size_t)(p - url.p) < 12 && !memchr(url.p, '/', (size_t)(p - url.p)) &&
				       !memchr(url.p, '.', (size_t)(p - url.p))
			       ? "url: does not begin with http:// or https://"
			       : "url: is not absolute (http://... or https://...)";
	}
	url.p += n;
	url.n -= n;
	for (n = 0; n < url.n && url.p[n] != '/' && url.p[n] != '?' && url.p[n] != '#';)
		n++;
	parts->front = (struct span){start, (size_t)(url.p + n - start)};
	parts->authority = (struct span){url.p, n};
	parts->rest = (struct span){url.p + n, url.n - n};
	if (n == 0 || url.p[0] == ':')
		return "url: no host";
	if (memchr(url.p, '@', n))
		return "url: holds a user name or a password";
	return NULL;
}

/* Bytes that RFC 3986 allows nowhere become %XX; what is encoded already stays. */
static void
encode(struct buf *out, struct span s)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (class_of[c] != BYTE_ENCODE) {
			buf_add_char(out, s.p[i]);
		} else {
			buf_add_char(out, '%');
			buf_add_char(out, hex[c >> 4]);
			buf_add_char(out, hex[c & 15]);
		}
	}
}

#define HOST_BYTES 253  /* of a whole name, RFC 1035 2.3.4 without the root's dot */
#define LABEL_BYTES 63

/* One label of a host in ASCII: letters, digits, hyphens inside, and the underscore that some have. */
static const char *
wrong_label(struct span label)
{
	size_t i;

	if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-')
		return "url: the host has an empty label, or one that begins or ends with a hyphen";
	if (label.n > LABEL_BYTES)
		return "url: the host has a label of more than 63 bytes";
	for (i = 0; i < label.n; i++)
		if (!isalnum((unsigned char)label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
			return "url: the host holds a character that no host name has";
	return NULL;
}

/* Whether a label is a number as a C library reads it: then the host can only be an IPv4 address. */
static bool
is_number(struct span label)
{
	size_t i;

	if (label.n > 2 && label.p[0] == '0' && (label.p[1] | 32) == 'x') {
		for (i = 2; i < label.n && isxdigit((unsigned char)label.p[i]);)
			i++;
		return i == label.n;
	}
	for (i = 0; i < label.n && isdigit((unsigned char)label.p[i]);)
		i++;
	return i == label.n && i > 0;
}

/* Whether a host is an IPv6 address in brackets: libcurl makes brackets of other characters too. */
static bool
is_v6_literal(struct span host)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char v6[16];

	if (host.n < 2 || host.p[host.n - 1] != ']' || host.n - 2 >= sizeof text)
		return false;
	memcpy(text, host.p + 1, host.n - 2);
	text[host.n - 2] = '\0';
	return inet_pton(AF_INET6, text, v6) == 1;
}

/* What libcurl lets pass in a host; one dot at its end is the root. */
static const char *
wrong_host(const char *host)
{
	struct span rest = span_of(host), label = {0};
	const char *dot, *wrong = NULL;
	struct in_addr v4;

	if (host[0] == '[' && is_v6_literal(rest))
		return NULL;
	if (rest.n > 1 && rest.p[rest.n - 1] == '.')
		rest.n--;
	if (rest.n > HOST_BYTES)
		return "url: the host is longer than 253 bytes";
	do {
		dot = memchr(rest.p, '.', rest.n);
		label = (struct span){rest.p, dot ? (size_t)(dot - rest.p) : rest.n};
		wrong = wrong_label(label);
		if (dot)
			rest = (struct span){dot + 1, rest.n - label.n - 1};
	} while (dot && !wrong);
	if (!wrong && is_number(label) && !inet_aton(host, &v4))
		wrong = "url: the host is neither a name nor an IPv4 address";
	return wrong;
}

static bool
has_zone(struct span host, const char *zone)
{
	size_t n = strlen(zone);

	return host.n >= n && strncasecmp(host.p + host.n - n, zone, n) == 0 &&
	       (host.n == n || host.p[host.n - n - 1] == '.');
}

bool
url_host_is_private(struct span host)
{
	static const char *const zones[] = {"localhost", "localdomain", "local",    "internal",
					    "lan",       "home.arpa",   "intranet", "corp",
					    "home",      "private",     "invalid"};
	unsigned char v6[16];
	char text[INET6_ADDRSTRLEN + 1];
	struct in_addr v4;
	size_t i;

	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	if (host.n > 2 && host.p[0] == '[') {
		struct span inner = {host.p + 1, host.n - 2};
		const char *zone = memchr(inner.p, '%', inner.n);

		if (zone || inner.n >= sizeof text)
			return true;
		memcpy(text, inner.p, inner.n);
		text[inner.n] = '\0';
		return inet_pton(AF_INET6, text, v6) != 1 || address_v6_is_private(v6);
	}
	if (host.n < sizeof text) {
		memcpy(text, host.p, host.n);
		text[host.n] = '\0';
		if (inet_aton(text, &v4)) /* all spellings that a C library takes */
			return address_v4_is_private(ntohl(v4.s_addr));
	}
	for (i = 0; i < sizeof zones / sizeof *zones; i++)
		if (has_zone(host, zones[i]))
			return true;
	return memchr(host.p, '.', host.n) == NULL;
}

/* What libcurl makes of scheme and authority: host and port, or why not. */
static const char *
resolve(const struct parts *parts, char **host, char **port, char **zone)
{
	struct buf text = {0};
	CURLU *u = curl_url();
	CURLUcode rc;

	if (!u)
		mem_exhausted();
	buf_add_str(&text, parts->https ? "https://" : "http://");
	buf_add_span(&text, parts->authority);
	rc = curl_url_set(u, CURLUPART_URL, text.data, CURLU_DISALLOW_USER);
	if (rc == CURLUE_OUT_OF_MEMORY)
		mem_exhausted();
	if (rc == CURLUE_OK) /* an international name that cannot be converted is "out of memory" here */
		rc = curl_url_get(u, CURLUPART_HOST, host, CURLU_PUNYCODE);
	curl_url_get(u, CURLUPART_PORT, port, 0);
	curl_url_get(u, CURLUPART_ZONEID, zone, 0);
	curl_url_cleanup(u);
	buf_free(&text);
	if (rc == CURLUE_BAD_PORT_NUMBER)
		return "url: the port is no number from 1 to 65535";
	if (rc != CURLUE_OK || !*host)
		return "url: the host is not valid";
	return NULL;
}

/* A host as it is sent: an IPv4 address in its one usual form. libcurl has made it so already unless
 * its digits were international ones. */
static void
add_host(struct buf *sent, const char *host)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr v4;

	if (host[0] != '[' && inet_aton(host, &v4) && inet_ntop(AF_INET, &v4, text, sizeof text))
		host = text;
	buf_add_str(sent, host);
}

static const char *
check_host(const struct parts *parts, bool allow_private, struct buf *sent, bool *is_private)
{
	char *host = NULL, *port = NULL, *zone = NULL;
	const char *wrong = resolve(parts, &host, &port, &zone);

	if (!wrong)
		wrong = wrong_host(host);
	if (!wrong && port && strcmp(port, "0") == 0)
		wrong = "url: the port is no number from 1 to 65535";
	if (!wrong && !allow_private && (zone || url_host_is_private(span_of(host)))) {
		*is_private = true;
		wrong = "url: no outside server reaches this host (--allow-private sends it all the same)";
	}
	if (!wrong) {
		add_host(sent, host);
		if (port) {
			buf_add_char(sent, ':');
			buf_add_str(sent, port);
		}
	}
	curl_free(host);
	curl_free(port);
	curl_free(zone);
	return wrong;
}

static void
remember(struct url_memo *memo, const struct parts *parts, bool allow_private,
	 const struct buf *sent)
{
	buf_clear(&memo->authority);
	buf_add_span(&memo->authority, parts->front);
	buf_clear(&memo->sent);
	buf_add_span(&memo->sent, buf_span(sent));
	memo->allow_private = allow_private;
}

void
url_memo_free(struct url_memo *m)
{
	buf_free(&m->authority);
	buf_free(&m->sent);
}

/* Whether scheme and authority are those of the memo; then the rest is all there is to look at. */
static bool
is_remembered(const struct url_memo *m, struct span url, bool allow_private)
{
	size_t n = m->authority.len;

	return n > 0 && m->allow_private == allow_private && url.n >= n &&
	       memcmp(url.p, m->authority.data, n) == 0 &&
	       (url.n == n || url.p[n] == '/' || url.p[n] == '?' || url.p[n] == '#');
}

const char *
url_check(struct span url, bool allow_private, struct url_memo *memo, struct buf *sent,
	  bool *is_private)
{
	struct parts parts;
	const char *wrong;
	unsigned seen;

	buf_clear(sent);
	*is_private = false;
	if (url.n == 0)
		return "url: is empty";
	wrong = bad_byte(url, &seen);
	if (wrong)
		return wrong;
	if (is_remembered(memo, url, allow_private)) {
		parts.rest = (struct span){url.p + memo->authority.len, url.n - memo->authority.len};
		buf_add_span(sent, buf_span(&memo->sent));
	} else {
		wrong = cut(url, &parts);
		if (wrong)
			return wrong;
		buf_add_str(sent, parts.https ? "https://" : "http://");
		wrong = check_host(&parts, allow_private, sent, is_private);
		if (wrong)
			return wrong;
		remember(memo, &parts, allow_private, sent);
	}
	if (seen & BYTE_ENCODE)
		encode(sent, parts.rest);
	else
		buf_add_span(sent, parts.rest);
	return sent->len > LIMIT_URL_BYTES ? "url: is longer than 8192 bytes" : NULL;
}

struct span
url_extension(struct span url)
{
	const char *end, *slash, *dot;
	struct span none = {0};

	if (url.n == 0)
		return none;
	end = memchr(url.p, '?', url.n);
	if (end)
		url.n = (size_t)(end - url.p);
	end = memchr(url.p, '#', url.n);
	if (end)
		url.n = (size_t)(end - url.p);
	slash = memrchr(url.p, '/', url.n);
	if (slash && slash - url.p >= 2 && slash[-1] == '/' && slash[-2] == ':')
		return none; /* no path: it is a host's dot */
	slash = slash ? slash + 1 : url.p;
	dot = memrchr(slash, '.', (size_t)(url.p + url.n - slash));
	return dot ? (struct span){dot + 1, (size_t)(url.p + url.n - dot - 1)} : none;
}

/* Whether the character at p, of two or three bytes, is a blank or nothing to the eye: U+00A0,
 * U+00AD, U+200B to U+200F, U+202A to U+202E, U+2060, U+FEFF. */
static bool
is_invisible(const unsigned char *p, size_t n)
{
	if (n >= 2 && p[0] == 0xC2)
		return p[1] == 0xA0 || p[1] == 0xAD;
	if (n >= 3 && p[0] == 0xE2)
		return (p[1] == 0x80 && ((p[2] >= 0x8B && p[2] <= 0x8F) || (p[2] >= 0xAA && p[2] <= 0xAE))) ||
		       (p[1] == 0x81 && p[2] == 0xA0);
	return n >= 3 && p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF;
}

/* Whether a second URL follows the first behind a separator; one in a path or a query is none. */
static bool
has_second(struct span url)
{
	const char *p = url.p + 8, *end = url.p + url.n, *colon;

	for (; p < end && (colon = memchr(p, ':', (size_t)(end - p))); p = colon + 1) {
		const char *scheme = colon;

		if (end - colon < 3 || colon[1] != '/' || colon[2] != '/')
			continue;
		while (scheme > url.p && isalpha((unsigned char)scheme[-1]))
			scheme--;
		if (scheme > url.p && strchr(",;| \t", scheme[-1]) && colon - scheme >= 4 &&
		    strncasecmp(scheme, "http", 4) == 0)
			return true;
	}
	return false;
}

const char *
url_oddity(struct span url)
{
	const unsigned char *p = (const unsigned char *)url.p;
	uint64_t eight;
	size_t i;

	for (i = 0; i < url.n; i++) {
		/* nearly all URLs are ASCII */
		for (; url.n - i >= sizeof eight; i += sizeof eight) {
			memcpy(&eight, p + i, sizeof eight);
			if (eight & UINT64_C(0x8080808080808080))
				break;
		}
		if (i < url.n && p[i] >= 0xC2 && is_invisible(p + i, url.n - i))
			return "url: holds an invisible character or a no-break space";
	}
	if (url.n > 8 && has_second(url))
		return "url: seems to hold several URLs (--split-urls SEPARATOR)";
	return NULL;
}
