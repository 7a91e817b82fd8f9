/*
 * Calls of libcurl that fail only for lack of memory, or because of a bug or a libcurl that is too old: then
 * nothing may be sent, and the program ends.
 */
#ifndef LADE_API_EASY_H
#define LADE_API_EASY_H

#include <curl/curl.h>
#include <stdlib.h>

#include "base/mem.h"

static inline void
easy_must(CURLcode rc)
{
	if (rc == CURLE_OUT_OF_MEMORY)
		mem_exhausted();
	if (rc != CURLE_OK)
		abort();
}

/* Sets an option; a macro, for curl_easy_setopt checks the value's type. */
#define EASY_SET(easy, option, value) easy_must(curl_easy_setopt(easy, option, value))

/* A part of a URL, for the caller to curl_free; NULL: it has none. */
static inline char *
easy_url_part(CURLU *url, CURLUPart which)
{
	char *part = NULL;

	if (curl_url_get(url, which, &part, 0) == CURLUE_OUT_OF_MEMORY)
		mem_exhausted();
	return part;
}

#endif
