/*
 * Whom all requests go to and with what: the API under its base URL, with a key; or any server of media.
 */
#ifndef LADE_API_SITE_H
#define LADE_API_SITE_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/fault.h"

/* What every request has in common; strings belong to the caller and outlive the site. */
struct site_options {
	const char *base_url;
	const char *key;
	const char *ca_file;     /* NULL: $SSL_CERT_FILE, else libcurl's own bundle */
	bool allow_http;         /* --allow-http: plain http to any host */
};

/* For this room; const once it is made. */
struct site {
	struct site_options options;
	CURLU *upload_url;
	char *asset_prefix; /* URL up to the asset id */
	char *host;
	struct curl_slist *upload_headers, *question_headers;
	bool use_proxy;
	bool https;
	bool media; /* of media files: no URL and no key */
};

/*
 * Prepares what all transfers share. NULL when the base URL, the key or the
 * certificates cannot be used: *f says why (and never holds the key).
 */
struct site *site_new(const struct site_options *o, struct fault *f);

/* A site for questions about media files (media.h): any http or https host, no key. ca_file as above. */
struct site *site_new_media(const char *ca_file);

/* Frees it and wipes the copies of the key; s may be NULL. All transfers are freed before. */
void site_free(struct site *s);

/* The host that is talked to, for messages. */
const char *site_host(const struct site *s);

#endif
