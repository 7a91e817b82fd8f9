/*
 * An asset: its type, its URL, its name, and the checks that a row passes before it is sent.
 *
 * Pure functions over bytes; nothing here reads a file, prints, or asks the network. URLs are
 * taken apart by libcurl's URL API (RFC 3986), with what it lets pass closed.
 */
#ifndef LADE_MANIFEST_ASSET_H
#define LADE_MANIFEST_ASSET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"
#include "manifest/url.h"

/* The four words that the API takes, and none. */
enum asset_type { ASSET_NONE, ASSET_IMAGE, ASSET_VIDEO, ASSET_AUDIO, ASSET_DOCUMENT };

/* The API's spelling ("Image"); "" for ASSET_NONE. */
const char *asset_type_name(enum asset_type type);

/* The type that a word means, in any case, blanks around it cut; ASSET_NONE when it is none of the four. */
enum asset_type asset_type_parse(struct span word);

/* The type that the extension of a URL's path tells (".jpg" before query and fragment), or ASSET_NONE. */
enum asset_type asset_type_infer(struct span url);

/* Whether a server's content type (without parameters) can be that of such an asset; one that says
 * nothing (none, application/octet-stream) can. A page is no document: it mostly says what is wrong. */
bool asset_type_fits(enum asset_type type, struct span content_type);

/* Why a row is bad, or what is odd about it. Warnings come behind ASSET_WARNING. */
enum asset_problem {
	ASSET_GOOD,
	ASSET_BAD_TYPE,    /* not one of the four */
	ASSET_NO_TYPE,     /* neither given nor to be inferred */
	ASSET_BAD_URL,     /* not absolute, no host, credentials, control characters, a backslash ... */
	ASSET_PRIVATE_URL, /* names a host that no outside server can reach */
	ASSET_BAD_TEXT,    /* not UTF-8, or holds a NUL */
	ASSET_WARNING,
	ASSET_LONG_NAME = ASSET_WARNING, /* over LIMIT_NAME_CHARS */
	ASSET_NO_NAME,
	ASSET_ODD_EXTENSION, /* the extension tells another type */
	ASSET_ODD_URL,       /* it holds what nobody sees, or several URLs */
};

/* What asset_check found. */
struct asset_finding {
	enum asset_problem problem; /* the fault, or ASSET_GOOD */
	const char *reason;         /* "no host": static text, NULL when good */
	enum asset_problem warning; /* the first warning, or ASSET_GOOD */
	const char *warning_text;   /* static text, NULL without a warning */
};

/*
 * Checks one row's asset. type_word is the manifest's own word (for the reason), type what it came
 * to. Adds to sent_url (cleared first) the URL as it is sent: percent-encoded, the host in ASCII.
 * memo is kept by the caller from row to row.
 * An empty name is ASSET_NO_NAME only when want_name is set (the manifest has such a column) and its
 * span points somewhere (this row has it).
 */
struct asset_finding asset_check(enum asset_type type, struct span type_word, struct span url,
				 struct span name, bool want_name, bool allow_private,
				 struct url_memo *memo, struct buf *sent_url);

#endif
