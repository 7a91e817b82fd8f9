/*
 * Asking a media file's own server whether it is there: one HEAD, or one GET of its first byte.
 *
 * No key, no proxy, no cookies; a redirect is not followed but handed back. Knows libcurl's easy
 * handles; transfer.c calls it for the attempts of a site that site_new_media made.
 */
#ifndef LADE_API_MEDIA_H
#define LADE_API_MEDIA_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define MEDIA_READ_BYTES (64u << 10) /* of an answer, head and body, at most */
#define MEDIA_TYPE_BYTES 128	     /* of a content type that is looked at */

/* What was asked and what was answered. */
struct media {
	const char *url; /* the caller's, as it is sent; NULL: this attempt is no such question */
	bool get;	 /* the first byte by a ranged GET, else HEAD */
	/* set when the attempt is done */
	int status;			     /* of HTTP; 0: no answer */
	char content_type[MEDIA_TYPE_BYTES]; /* without parameters, escaped; "": none */
	int64_t size_bytes;		     /* -1: not said */
	struct buf location;		     /* where a redirect leads; empty: it is none */
	bool asked;			     /* there was a connection: the question may have left */
	bool refused;			     /* no connection, for its address is private */
	/* while it runs */
	size_t read_bytes;
	bool enough; /* the transfer was ended because MEDIA_READ_BYTES or all that matters was read
		      */
};

/* Options that all these questions have in common. */
void media_prepare(CURL *easy);

/* Sets one question up. */
void media_begin(struct media *m, CURL *easy);

/* Fills in the answer, after the transfer has ended; whether there is a usable one. */
bool media_end(struct media *m, CURL *easy, CURLcode rc);

#endif
