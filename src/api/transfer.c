/*
 * Theory. libcurl re-sends a POST by itself when a reused connection dies before a response line
 * came, and reports plain success. CURLOPT_PREREQFUNCTION is called before every sending, so the
 * second call for one attempt is that re-send: it is refused if anything of the first sending had
 * been handed to the kernel (CURLINFO_REQUEST_SIZE has grown since the first call).
 *
 * The same two figures tell "certainly not sent" (never called, or nothing handed over) from
 * "perhaps sent"; no CURLcode does. See also curl's pull request 18417.
 */
#include "api/transfer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/head.h"
#include "base/clock.h"
#include "base/mem.h"
#include "version.h"

#define UPLOAD_PATH "/kyyVideo2/asset/upload"
#define ASSET_PATH "/kyyVideo2/asset/"
#define USER_AGENT "User-Agent: lade/" LADE_VERSION
#define RECEIVE_BYTES 1024 /* at a time: answers are short, and each handle keeps so much */
#define HOST_BYTES 256	   /* a host name has at most 253 characters */

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

struct transfer {
	CURL *easy;
	struct site *site;
	struct attempt *attempt;
	struct head head; /* of the answer */
	struct buf body;  /* of the answer */
	struct reply reply;
	char error[CURL_ERROR_SIZE];
	char redirect_host[HOST_BYTES];
	unsigned prereqs; /* calls before a sending, in this attempt */
	long base_bytes;  /* CURLINFO_REQUEST_SIZE at the first of them */
	bool too_large;	  /* the reply passed LIMIT_REPLY_BYTES */
	bool is_question; /* how the handle is set up now */
	bool is_set;	  /* it is set up at all */
};

/* An option that cannot be set is a bug or a libcurl that is too old: nothing may be sent then. */
#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		CURLcode set_rc = curl_easy_setopt(easy, option, value);                           \
		if (set_rc == CURLE_OUT_OF_MEMORY)                                                 \
			mem_exhausted();                                                           \
		if (set_rc != CURLE_OK)                                                            \
			abort();                                                                   \
	} while (0)

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
	/* libcurl's printf writes CURLOPT_USERAGENT twice for each request, a line here once */
	s->upload_headers = add_header(NULL, "Content-Type: application/json");
	s->upload_headers = add_header(s->upload_headers, USER_AGENT);
	s->upload_headers = add_header(s->upload_headers, "Accept:");
	s->upload_headers = add_header(s->upload_headers, "Expect:");
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
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "[::1]") == 0;
}

/* A part of a URL, for the caller to curl_free; NULL: it has none. */
static char *
url_part(CURLU *url, CURLUPart which)
{
	char *part = NULL;

	if (curl_url_get(url, which, &part, 0) == CURLUE_OUT_OF_MEMORY)
		mem_exhausted();
	return part;
}

static int
check_base(struct site *s, CURLU *base, struct fault *f)
{
	char *scheme, *query, *fragment;
	int rc = 0;

	scheme = url_part(base, CURLUPART_SCHEME);
	s->host = url_part(base, CURLUPART_HOST);
	query = url_part(base, CURLUPART_QUERY);
	fragment = url_part(base, CURLUPART_FRAGMENT);
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
	CURLU *base = curl_url();
	struct buf text = {0};
	CURLUcode rc;
	int result = -1;

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

struct site *
site_new(const struct site_options *o, struct fault *f)
{
	struct site *s = mem_calloc(1, sizeof *s);

	s->options = *o;
	if (!s->options.ca_file)
		s->options.ca_file = getenv("SSL_CERT_FILE");
	if (parse_base(s, f) < 0) {
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

	s->options.ca_file = ca_file ? ca_file : getenv("SSL_CERT_FILE");
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

bool
site_is_https(const struct site *s)
{
	return s->https;
}

static long
request_bytes(CURL *easy)
{
	long bytes = 0;

	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes);
	return bytes;
}

/* The guard: called before each sending of this attempt. */
static int
before_sending(void *ctx, char *primary_ip, char *local_ip, int primary_port, int local_port)
{
	struct transfer *t = ctx;

	(void)primary_ip;
	(void)local_ip;
	(void)primary_port;
	(void)local_port;
	if (t->prereqs++ == 0) {
		t->base_bytes = request_bytes(t->easy);
		return CURL_PREREQFUNC_OK;
	}
	return request_bytes(t->easy) > t->base_bytes ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* A line of a head, for each answer of the attempt; without the header API that keeps all of them.
 */
static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	head_line(&t->head, (struct span){line, size * n});
	return size * n;
}

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	if (buf_add(&t->body, data, size * n) < 0) {
		t->too_large = true;
		return 0;
	}
	return n;
}

/*
 * Debian's default CAPATH switches libcurl's cache of certificates off: each connection then parses
 * the whole bundle. So only the bundle file is used where there is one.
 */
static void
set_certificates(struct transfer *t)
{
	const char *bundle = t->site->options.ca_file;

	if (!bundle)
		bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
	if (bundle && (t->site->options.ca_file || access(bundle, R_OK) == 0)) {
		SET(t->easy, CURLOPT_CAINFO, bundle);
		SET(t->easy, CURLOPT_CAPATH, NULL);
	}
}

struct transfer *
transfer_new(struct site *s, void *owner)
{
	struct transfer *t = mem_calloc(1, sizeof *t);

	t->site = s;
	t->body.max = LIMIT_REPLY_BYTES;
	t->easy = curl_easy_init();
	if (!t->easy)
		mem_exhausted();
	SET(t->easy, CURLOPT_PRIVATE, owner);
	SET(t->easy, CURLOPT_NOSIGNAL, 1L);
	SET(t->easy, CURLOPT_ERRORBUFFER, t->error);
	SET(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(t->easy, CURLOPT_PROTOCOLS_STR, s->https ? "https" : "http");
	SET(t->easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	SET(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* No timeouts here: deadlines are the engine's, for libcurl's own cost two timers a
	 * request. What stays is its default of 300 s for a connection. */
	SET(t->easy, CURLOPT_PREREQFUNCTION, before_sending);
	SET(t->easy, CURLOPT_PREREQDATA, t);
	SET(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(t->easy, CURLOPT_WRITEDATA, t);
	SET(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(t->easy, CURLOPT_HEADERDATA, t);
	if (!s->use_proxy)
		SET(t->easy, CURLOPT_PROXY, "");
	if (s->https)
		set_certificates(t);
	if (s->media)
		media_prepare(t->easy);
	return t;
}

void
transfer_free(struct transfer *t)
{
	if (!t)
		return;
	curl_easy_cleanup(t->easy);
	head_free(&t->head);
	buf_free(&t->body);
	reply_free(&t->reply);
	free(t);
}

void
transfer_set_sockets(struct transfer *t, curl_opensocket_callback on_open, void *open_ctx,
		     curl_closesocket_callback on_close, void *close_ctx)
{
	SET(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(t->easy, CURLOPT_OPENSOCKETDATA, open_ctx);
	SET(t->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	SET(t->easy, CURLOPT_CLOSESOCKETDATA, close_ctx);
}

static void
set_up_upload(struct transfer *t)
{
	SET(t->easy, CURLOPT_URL, NULL);
	SET(t->easy, CURLOPT_CURLU, t->site->upload_url);
	SET(t->easy, CURLOPT_POST, 1L);
	SET(t->easy, CURLOPT_HTTPHEADER, t->site->upload_headers);
}

static void
set_up_question(struct transfer *t, const char *asset_id)
{
	struct buf url = {0};

	buf_add_str(&url, t->site->asset_prefix);
	buf_add_str(&url, asset_id);
	SET(t->easy, CURLOPT_CURLU, NULL);
	SET(t->easy, CURLOPT_URL, url.data);
	SET(t->easy, CURLOPT_HTTPGET, 1L);
	SET(t->easy, CURLOPT_HTTPHEADER, t->site->question_headers);
	buf_free(&url);
}

CURL *
transfer_start(struct transfer *t, struct attempt *a, int64_t now_ms)
{
	bool question = a->question != NULL;

	t->attempt = a;
	t->prereqs = 0;
	t->base_bytes = 0;
	t->too_large = false;
	t->error[0] = '\0';
	head_clear(&t->head);
	buf_clear(&t->body);
	if (a->media)
		media_begin(a->media, t->easy);
	else if (question)
		set_up_question(t, a->question);
	else if (!t->is_set || t->is_question)
		set_up_upload(t);
	t->is_set = true;
	t->is_question = question;
	SET(t->easy, CURLOPT_FRESH_CONNECT, (long)a->fresh);
	if (!question && !a->media) {
		SET(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)a->body.n);
		SET(t->easy, CURLOPT_POSTFIELDS, a->body.p);
	}
	a->sent_ms = now_ms;
	a->sent_wall_ms = clock_wall_at_ms(now_ms);
	return t->easy;
}

void *
transfer_owner(CURL *easy)
{
	char *owner = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
	return owner;
}

bool
transfer_is_connected(const struct transfer *t)
{
	return t->prereqs > 0;
}

static const char *
redirect_host(struct transfer *t)
{
	char *url = NULL, *host = NULL;
	CURLU *parts = curl_url();

	if (!parts)
		mem_exhausted();
	t->redirect_host[0] = '\0';
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
	if (url && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK)
		host = url_part(parts, CURLUPART_HOST);
	if (host) {
		struct buf shown = {0};

		/* the server wrote it */
		reply_message(&shown, span_of(host));
		if (shown.len < sizeof t->redirect_host)
			memcpy(t->redirect_host, shown.data, shown.len + 1);
		buf_free(&shown);
	}
	curl_free(host);
	curl_url_cleanup(parts);
	return t->redirect_host[0] ? t->redirect_host : NULL;
}

/* A TCP handshake is one way there and back. */
static int64_t
way_ms(struct transfer *t)
{
	curl_off_t lookup_us = 0, connect_us = 0;

	curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);
	curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	return connect_us > lookup_us && connect_us > 0 ? (connect_us - lookup_us) / 1000 : -1;
}

static const char *
error_text(struct transfer *t, CURLcode rc, enum transfer_end end)
{
	if (end == TRANSFER_CANCELLED)
		return "interrupted before the answer";
	if (end == TRANSFER_TIMED_OUT)
		return t->prereqs > 0 ? "no answer in time" : "no connection in time";
	if (t->too_large)
		return "the answer is larger than 1 MiB";
	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return "the connection was closed before an answer";
	return t->error[0] ? t->error : curl_easy_strerror(rc);
}

/* A question about a media file: only the answer's head matters. */
static struct attempt *
finish_media(struct transfer *t, CURLcode rc, enum transfer_end end, int64_t now_ms)
{
	struct attempt *a = t->attempt;

	t->attempt = NULL;
	a->done_ms = now_ms;
	a->error = NULL;
	if (end != TRANSFER_ENDED || !media_end(a->media, t->easy, rc))
		a->error = error_text(t, rc, end);
	return a;
}

struct attempt *
transfer_finish(struct transfer *t, CURLcode rc, enum transfer_end end, int64_t now_ms)
{
	bool cancelled = end != TRANSFER_ENDED;
	struct attempt *a = t->attempt;
	long status = 0;

	if (rc == CURLE_OUT_OF_MEMORY && !cancelled)
		mem_exhausted();
	if (a->media)
		return finish_media(t, rc, end, now_ms);

	t->attempt = NULL;
	a->done_ms = now_ms;
	a->done_wall_ms = clock_wall_at_ms(now_ms);
	a->error = NULL;
	a->redirect_host = NULL;
	a->retry_after_ms = -1;
	a->certificate = rc == CURLE_PEER_FAILED_VERIFICATION && t->prereqs == 0 && !cancelled;
	a->answer = (struct answer){
		.handed_over = t->prereqs > 0 && ((rc == CURLE_OK && !cancelled) ||
						  request_bytes(t->easy) > t->base_bytes),
		.broken = cancelled || rc != CURLE_OK,
	};
	a->reply_bytes = (int64_t)t->body.len;
	if (a->answer.handed_over) {
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		a->answer.http_status = (int)status;
	}
	reply_parse(&t->reply, a->answer.broken ? span_none() : buf_span(&t->body));
	a->reply = &t->reply;
	a->answer.code_kind = t->reply.code_kind;
	a->answer.code = t->reply.code;
	a->answer.id = t->reply.id;
	if (a->answer.broken)
		a->error = error_text(t, rc, end);
	else if (status / 100 == 3)
		a->redirect_host = redirect_host(t);
	if (status != 200 || t->reply.code_kind != CODE_NUMBER || t->reply.code != 0)
		a->retry_after_ms = head_retry_after_ms(&t->head, a->done_wall_ms);
	a->answer.has_retry_after = a->retry_after_ms >= 0;
	a->notice = head_notice(&t->head, a->done_wall_ms);
	a->way_ms = way_ms(t);
	return a;
}
