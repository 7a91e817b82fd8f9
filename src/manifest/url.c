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
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/mem.h"

/* A URL, cut where its syntax cuts it. */
struct parts {
	struct span front; /* scheme and authority */
	struct span authority;
	struct span rest; /* path, query, fragment */
	bool https;
};

static const char *
bad_byte(struct span url)
{
	size_t i;

	for (i = 0; i < url.n; i++) {
		unsigned char c = (unsigned char)url.p[i];

		if (c < 0x20 || c == 0x7F)
			return "url: holds a control character";
		if (c == '\\')
			return "url: holds a backslash";
		if (c == '%' && (url.n - i < 3 || !isxdigit((unsigned char)url.p[i + 1]) ||
				 !isxdigit((unsigned char)url.p[i + 2])))
			return "url: a % that is not followed by two hex digits";
	}
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

		if (c > 0x20 && c < 0x7F && !strchr("<>\"{}|^`", c)) {
			buf_add_char(out, s.p[i]);
		} else {
			buf_add_char(out, '%');
			buf_add_char(out, hex[c >> 4]);
			buf_add_char(out, hex[c & 15]);
		}
	}
}

/* Labels that are empty or begin with a hyphen; one dot at the end is the root. */
static bool
has_odd_label(struct span host)
{
	size_t i;

	if (host.n > 0 && host.p[0] == '[')
		return false;
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	if (host.n == 0 || host.p[0] == '.' || host.p[0] == '-')
		return true;
	for (i = 1; i < host.n; i++)
		if (host.p[i - 1] == '.' && (host.p[i] == '.' || host.p[i] == '-'))
			return true;
	return host.p[host.n - 1] == '.';
}

static bool
ipv4_is_private(uint32_t a)
{
	static const struct {
		uint32_t net;
		unsigned bits;
	} nets[] = {
		{0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},
		{0xA9FE0000, 16}, {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24},
		{0xC0A80000, 16}, {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24},
		{0xE0000000, 3},
	};
	size_t i;

	for (i = 0; i < sizeof nets / sizeof *nets; i++)
		if ((a ^ nets[i].net) >> (32 - nets[i].bits) == 0)
			return true;
	return false;
}

static uint32_t
word_at(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool
ipv6_is_private(const unsigned char *a)
{
	static const unsigned char zero[12] = {0}, nat64[12] = {0, 0x64, 0xFF, 0x9B};

	if (memcmp(a, zero, 10) == 0 && a[10] == 0xFF && a[11] == 0xFF)
		return ipv4_is_private(word_at(a + 12)); /* mapped */
	if (memcmp(a, zero, 12) == 0)
		return true; /* ::, ::1, and what once was IPv4-compatible */
	if (memcmp(a, nat64, 12) == 0)
		return ipv4_is_private(word_at(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02)
		return ipv4_is_private(word_at(a + 2)); /* 6to4 */
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0D && a[3] == 0xB8)
		return true; /* documentation */
	return (a[0] & 0xFE) == 0xFC || a[0] == 0xFF || (a[0] == 0xFE && (a[1] & 0x80)) ||
	       (a[0] == 0x01 && a[1] == 0x00);
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
	static const char *const zones[] = {"localhost", "local", "internal", "lan", "home.arpa",
					    "intranet", "corp", "home"};
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
		return inet_pton(AF_INET6, text, v6) != 1 || ipv6_is_private(v6);
	}
	if (host.n < sizeof text) {
		memcpy(text, host.p, host.n);
		text[host.n] = '\0';
		if (inet_aton(text, &v4)) /* all spellings that a C library takes */
			return ipv4_is_private(ntohl(v4.s_addr));
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
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_HOST, host, CURLU_PUNYCODE);
	curl_url_get(u, CURLUPART_PORT, port, 0);
	curl_url_get(u, CURLUPART_ZONEID, zone, 0);
	curl_url_cleanup(u);
	buf_free(&text);
	if (rc == CURLUE_OUT_OF_MEMORY)
		mem_exhausted();
	if (rc == CURLUE_BAD_PORT_NUMBER)
		return "url: the port is no number from 1 to 65535";
	if (rc != CURLUE_OK || !*host)
		return "url: the host is not valid";
	return NULL;
}

static const char *
check_host(const struct parts *parts, bool allow_private, struct buf *sent, bool *is_private)
{
	char *host = NULL, *port = NULL, *zone = NULL;
	const char *wrong = resolve(parts, &host, &port, &zone);

	if (!wrong && has_odd_label(span_of(host)))
		wrong = "url: the host has an empty label, or one that begins with a hyphen";
	if (!wrong && port && strcmp(port, "0") == 0)
		wrong = "url: the port is no number from 1 to 65535";
	if (!wrong && !allow_private && (zone || url_host_is_private(span_of(host)))) {
		*is_private = true;
		wrong = "url: no outside server reaches this host (--allow-private sends it all the same)";
	}
	if (!wrong) {
		buf_add_str(sent, host);
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

const char *
url_check(struct span url, bool allow_private, struct url_memo *memo, struct buf *sent,
	  bool *is_private)
{
	struct parts parts;
	const char *wrong;

	buf_clear(sent);
	*is_private = false;
	if (url.n == 0)
		return "url: is empty";
	wrong = bad_byte(url);
	if (!wrong)
		wrong = cut(url, &parts);
	if (wrong)
		return wrong;
	if (memo->allow_private == allow_private && span_equal(parts.front, buf_span(&memo->authority))) {
		buf_add_span(sent, buf_span(&memo->sent));
	} else {
		buf_add_str(sent, parts.https ? "https://" : "http://");
		wrong = check_host(&parts, allow_private, sent, is_private);
		if (wrong)
			return wrong;
		remember(memo, &parts, allow_private, sent);
	}
	encode(sent, parts.rest);
	return sent->len > LIMIT_URL_BYTES ? "url: is longer than 8192 bytes" : NULL;
}

struct span
url_extension(struct span url)
{
	struct span none = {0};
	size_t i, n = url.n;

	for (i = 0; i < n; i++)
		if (url.p[i] == '?' || url.p[i] == '#')
			n = i;
	for (i = n; i > 0 && url.p[i - 1] != '/'; i--)
		if (url.p[i - 1] == '.')
			return (struct span){url.p + i, n - i};
	return none;
}
