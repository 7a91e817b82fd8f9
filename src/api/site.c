#include "api/site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/easy.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/text.h"
#include "version.h"

#define UPLOAD_PATH "/kyyVideo2/asset/upload"
#define ASSET_PATH "/kyyVideo2/asset/"
#define USER_AGENT "User-Agent: lade/" LADE_VERSION

static struct curl_slist *
add_header(struct curl_slist *list, const char *line)
{
	list = curl_slist_append(list, line);
	if (!list)
		mem_exhausted();
	return list;
}

static void
make_headers(struct site *s)
{
	struct buf auth = {0};

	buf_printf(&auth, "Authorization: Bearer %s", s->options.key);
	/* libcurl's printf writes CURLOPT_USERAGENT twice for each request, a line here once. No line
	 * against its Expect: it sends that with 1 MiB or more, a body of ours has some kilobytes. */
	s->upload_headers = add_header(NULL, "Content-Type: application/json");
	s->upload_headers = add_header(s->upload_headers, USER_AGENT);
	s->upload_headers = add_header(s->upload_headers, "Accept:");
	s->upload_headers = add_header(s->upload_headers, auth.data);
	s->question_headers = add_header(NULL, USER_AGENT);
	s->question_headers = add_header(s->question_headers, "Accept:");
	s->question_headers = add_header(s->question_headers, auth.data);
	mem_wipe_free(auth.data, auth.cap);
}

static void
wipe_headers(struct curl_slist *list)
{
	struct curl_slist *line;

	for (line = list; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(list);
}

/* Whether plain http may go to this host: the machine itself, as a literal address or localhost. */
static bool
is_loopback(const char *host)
{
	unsigned char v4[4];

	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (inet_pton(AF_INET, host, v4) == 1 && v4[0] == 127);
}

/* libcurl takes https:host and https:///host for https://host, which may not be what is meant. */
static bool
has_host(const char *url)
{
	const char *host = strstr(url, "://");

	return host && !strchr("/?#", host[3]); /* nor its end */
}

static int
check_base(struct site *s, CURLU *base, struct fault *f)
{
	char *scheme, *query, *fragment;
	int rc = 0;

	scheme = easy_url_part(base, CURLUPART_SCHEME);
	s->host = easy_url_part(base, CURLUPART_HOST);
	query = easy_url_part(base, CURLUPART_QUERY);
	fragment = easy_url_part(base, CURLUPART_FRAGMENT);
	if (!s->host || !*s->host)
		rc = fault_set(f, 0, 0, "the base URL has no host");
	else if (query || fragment)
		rc = fault_set(f, 0, 0, "the base URL must not have a query or a fragment");
	else if (scheme && strcmp(scheme, "https") == 0)
		s->https = true;
	else if (!scheme || strcmp(scheme, "http") != 0)
		rc = fault_set(f, 0, 0, "the base URL must begin with https://");
	else if (!s->options.allow_http && !is_loopback(s->host))
		rc = fault_set(f, 0, 0,
			       "the base URL is plain http: the key would cross the network in the "
			       "clear (--allow-http, if that is meant)");
	curl_free(scheme);
	curl_free(query);
	curl_free(fragment);
	return rc;
}

static int
parse_base(struct site *s, struct fault *f)
{
	struct span url = span_of(s->options.base_url);
	struct buf text = {0};
	CURLU *base;
	CURLUcode rc;
	int result = -1;

	if (!has_host(url.p))
		return fault_set(f, 0, 0, "the base URL must begin with https:// and a host");
	base = curl_url();
	if (!base)
		mem_exhausted();
	while (url.n > 0 && url.p[url.n - 1] == '/')
		url.n--;
	buf_add_span(&text, url);
	buf_add_str(&text, UPLOAD_PATH);
	rc = curl_url_set(base, CURLUPART_URL, text.data, CURLU_DISALLOW_USER);
	if (rc == CURLUE_OUT_OF_MEMORY)
		mem_exhausted();
	else if (rc == CURLUE_USER_NOT_ALLOWED)
		fault_set(f, 0, 0, "the base URL must not hold a user name or a password");
	else if (rc != CURLUE_OK)
		fault_set(f, 0, 0, "the base URL cannot be used: %s", curl_url_strerror(rc));
	else
		result = check_base(s, base, f);
	s->upload_url = base;
	text.len = url.n;
	buf_add_str(&text, ASSET_PATH);
	s->asset_prefix = text.data;
	return result;
}

static bool
has_proxy_environment(void)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"};
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (getenv(names[i]))
			return true;
	return false;
}

/* The file that the option names, else the environment, where an empty name is none; NULL: none. */
static const char *
ca_file_of(const char *given)
{
	const char *named = getenv("SSL_CERT_FILE");

	return given ? given : named && *named ? named : NULL;
}

/* What libcurl would not say before the first request, and then as if the server were down. */
static int
check_certificates(const char *path, struct fault *f)
{
	struct buf shown = {0};

	if (access(path, R_OK) == 0)
		return 0;
	text_escape(&shown, span_of(path), 200);
	fault_set(f, 0, 0, "the certificates in %s cannot be read: %s",
		  shown.data ? shown.data : "", strerror(errno));
	buf_free(&shown);
	return -1;
}

struct site *
site_new(const struct site_options *o, struct fault *f)
{
	struct site *s = mem_calloc(1, sizeof *s);

	s->options = *o;
	s->options.ca_file = ca_file_of(o->ca_file);
	if (parse_base(s, f) < 0 ||
	    (s->https && s->options.ca_file && check_certificates(s->options.ca_file, f) < 0)) {
		site_free(s);
		return NULL;
	}
	s->use_proxy = s->https && has_proxy_environment();
	make_headers(s);
	return s;
}

struct site *
site_new_media(const char *ca_file)
{
	struct site *s = mem_calloc(1, sizeof *s);

	s->options.ca_file = ca_file_of(ca_file);
	s->https = s->media = true;
	return s;
}

void
site_free(struct site *s)
{
	if (!s)
		return;
	wipe_headers(s->upload_headers);
	wipe_headers(s->question_headers);
	curl_url_cleanup(s->upload_url);
	curl_free(s->host);
	free(s->asset_prefix);
	free(s);
}

const char *
site_host(const struct site *s)
{
	return s->host;
}
