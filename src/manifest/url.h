/*
 * URLs of assets (RFC 3986): whether one can be sent, and how. Over libcurl's URL API, with what it
 * lets pass closed.
 */
#ifndef LADE_MANIFEST_URL_H
#define LADE_MANIFEST_URL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* What was found of the last host: most catalogs name few. Zeroed to begin with. */
struct url_memo {
	struct buf authority; /* with the scheme, as in the URL */
	struct buf sent;      /* the two as they are sent */
	bool allow_private;
};

void url_memo_free(struct url_memo *m);

/*
 * NULL when the URL can be sent, else why not (static text); *is_private tells whether the reason
 * is that no outside server reaches its host. sent (cleared first) gets it as it is sent:
 * percent-encoded, the host in ASCII.
 */
const char *url_check(struct span url, bool allow_private, struct url_memo *memo, struct buf *sent,
		      bool *is_private);

/*
 * Whether a literal host (as in a URL: a name, an IPv4 address in any spelling, an IPv6 address in
 * brackets) cannot be reached from outside: names without a dot or of local zones (RFC 6761, 6762,
 * 8375), and addresses that the registry of RFC 6890 calls not globally reachable.
 */
bool url_host_is_private(struct span host);

/* What is odd about a URL that can be sent: NULL, or a warning (static text). */
const char *url_oddity(struct span url);

/* The extension of the URL's path, without the dot; empty when it has none. */
struct span url_extension(struct span url);

#endif
