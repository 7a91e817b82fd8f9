/*
 * Theory. Only the head of an answer matters. Whatever of it and of a body arrives is counted and
 * thrown away; when libcurl's next buffer could pass MEDIA_READ_BYTES the transfer is ended from a
 * callback, which libcurl calls a failure, and the status that was seen by then is the answer.
 */
#include "api/media.h"

#include <stdlib.h>
#include <string.h>

#include "api/easy.h"
#include "base/mem.h"
#include "base/text.h"
#include "version.h"

#define BUFFER_BYTES 8192L /* libcurl reads so many at a time at most */

static size_t
count(struct media *m, size_t n)
{
	m->read_bytes += n;
	m->enough |= m->read_bytes > MEDIA_READ_BYTES - BUFFER_BYTES;
	return m->enough ? 0 : n;
}

static size_t
on_head(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	return count(ctx, size * n);
}

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	return count(ctx, size * n);
}

void
media_prepare(CURL *easy)
{
	EASY_SET(easy, CURLOPT_USERAGENT, "lade/" LADE_VERSION);
	EASY_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	EASY_SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	EASY_SET(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	EASY_SET(easy, CURLOPT_PROXY, ""); /* a proxy would hide the address that is connected to */
	EASY_SET(easy, CURLOPT_HEADERFUNCTION, on_head);
	EASY_SET(easy, CURLOPT_WRITEFUNCTION, on_body);
}

void
media_begin(struct media *m, CURL *easy)
{
	m->status = 0;
	m->content_type[0] = '\0';
	m->size_bytes = -1;
	m->read_bytes = 0;
	m->enough = m->refused = false;
	buf_clear(&m->location);
	EASY_SET(easy, CURLOPT_URL, m->url);
	EASY_SET(easy, CURLOPT_HEADERDATA, m);
	EASY_SET(easy, CURLOPT_WRITEDATA, m);
	if (m->get)
		EASY_SET(easy, CURLOPT_HTTPGET, 1L); /* this also ends a HEAD's NOBODY */
	else
		EASY_SET(easy, CURLOPT_NOBODY, 1L);
	EASY_SET(easy, CURLOPT_RANGE, m->get ? "0-0" : NULL);
}

/* The size that a 206 tells: "bytes 0-0/12345". -1: unknown. */
static int64_t
range_size(CURL *easy)
{
	struct curl_header *h;
	const char *slash;
	char *end;
	long long n;

	if (curl_easy_header(easy, "Content-Range", 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return -1;
	slash = strchr(h->value, '/');
	if (!slash || slash[1] < '0' || slash[1] > '9')
		return -1;
	n = strtoll(slash + 1, &end, 10);
	return *end == '\0' ? n : -1;
}

static void
read_type(struct media *m, CURL *easy)
{
	char *type = NULL;
	struct span s;
	struct buf shown = {0};

	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	s = (struct span){type, type ? strcspn(type, ";") : 0};
	text_escape(&shown, span_trim(s), sizeof m->content_type - 1);
	memcpy(m->content_type, shown.data ? shown.data : "", shown.len);
	m->content_type[shown.len] = '\0';
	buf_free(&shown);
}

bool
media_end(struct media *m, CURL *easy, CURLcode rc)
{
	curl_off_t length = -1;
	char *location = NULL;
	long status = 0;

	if (rc != CURLE_OK && !m->enough)
		return false;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	m->status = (int)status;
	if (status == 0)
		return false;
	read_type(m, easy);
	curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	m->size_bytes = status == 206 ? range_size(easy) : length;
	if (status / 100 == 3)
		curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
	if (location)
		buf_add_str(&m->location, location);
	return true;
}
