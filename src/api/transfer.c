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

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/easy.h"
#include "api/head.h"
#include "base/clock.h"
#include "base/mem.h"

#define RECEIVE_BYTES 1024 /* at a time: answers are short, and each handle keeps so much */
#define HOST_BYTES 256	   /* a host name has at most 253 characters */

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
		EASY_SET(t->easy, CURLOPT_CAINFO, bundle);
		EASY_SET(t->easy, CURLOPT_CAPATH, NULL);
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
	EASY_SET(t->easy, CURLOPT_PRIVATE, owner);
	EASY_SET(t->easy, CURLOPT_NOSIGNAL, 1L);
	EASY_SET(t->easy, CURLOPT_ERRORBUFFER, t->error);
	EASY_SET(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	EASY_SET(t->easy, CURLOPT_PROTOCOLS_STR, s->https ? "https" : "http");
	EASY_SET(t->easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	EASY_SET(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	EASY_SET(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* No timeouts here: deadlines are the engine's, for libcurl's own cost two timers a
	 * request. What stays is its default of 300 s for a connection. */
	EASY_SET(t->easy, CURLOPT_PREREQFUNCTION, before_sending);
	EASY_SET(t->easy, CURLOPT_PREREQDATA, t);
	EASY_SET(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	EASY_SET(t->easy, CURLOPT_WRITEDATA, t);
	EASY_SET(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	EASY_SET(t->easy, CURLOPT_HEADERDATA, t);
	if (!s->use_proxy) {
		EASY_SET(t->easy, CURLOPT_PROXY, "");
		EASY_SET(t->easy, CURLOPT_NOPROXY, "*"); /* or each request asks the environment */
	}
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
	EASY_SET(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	EASY_SET(t->easy, CURLOPT_OPENSOCKETDATA, open_ctx);
	EASY_SET(t->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	EASY_SET(t->easy, CURLOPT_CLOSESOCKETDATA, close_ctx);
}

static void
set_up_upload(struct transfer *t)
{
	EASY_SET(t->easy, CURLOPT_URL, NULL);
	EASY_SET(t->easy, CURLOPT_CURLU, t->site->upload_url);
	EASY_SET(t->easy, CURLOPT_POST, 1L);
	EASY_SET(t->easy, CURLOPT_HTTPHEADER, t->site->upload_headers);
}

static void
set_up_question(struct transfer *t, const char *asset_id)
{
	struct buf url = {0};

	buf_add_str(&url, t->site->asset_prefix);
	buf_add_str(&url, asset_id);
	EASY_SET(t->easy, CURLOPT_CURLU, NULL);
	EASY_SET(t->easy, CURLOPT_URL, url.data);
	EASY_SET(t->easy, CURLOPT_HTTPGET, 1L);
	EASY_SET(t->easy, CURLOPT_HTTPHEADER, t->site->question_headers);
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
	EASY_SET(t->easy, CURLOPT_FRESH_CONNECT, (long)a->fresh);
	if (!question && !a->media) {
		EASY_SET(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)a->body.n);
		EASY_SET(t->easy, CURLOPT_POSTFIELDS, a->body.p);
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
		host = easy_url_part(parts, CURLUPART_HOST);
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
	a->media->asked = t->prereqs > 0;
	if (end != TRANSFER_ENDED || !media_end(a->media, t->easy, rc))
		a->error = error_text(t, rc, end);
	return a;
}

/* What came of an attempt, as policy wants to know it. */
static void
read_answer(struct transfer *t, struct attempt *a, bool broken)
{
	long status = 0;

	a->answer = (struct answer){
		.handed_over = t->prereqs > 0 &&
			       (!broken || request_bytes(t->easy) > t->base_bytes),
		.broken = broken,
	};
	if (a->answer.handed_over) {
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		a->answer.http_status = (int)status;
	}
	reply_parse(&t->reply, broken ? span_none() : buf_span(&t->body));
	a->reply = &t->reply;
	a->answer.code_kind = t->reply.code_kind;
	a->answer.code = t->reply.code;
	a->answer.id = t->reply.id;
	a->retry_after_ms = -1;
	if (status != 200 || t->reply.code_kind != CODE_NUMBER || t->reply.code != 0)
		a->retry_after_ms = head_retry_after_ms(&t->head, a->done_wall_ms);
	a->answer.has_retry_after = a->retry_after_ms >= 0;
	a->notice = head_notice(&t->head, a->done_wall_ms);
}

struct attempt *
transfer_finish(struct transfer *t, CURLcode rc, enum transfer_end end, int64_t now_ms)
{
	struct attempt *a = t->attempt;

	if (end == TRANSFER_ENDED && rc == CURLE_OUT_OF_MEMORY)
		mem_exhausted();
	if (a->media)
		return finish_media(t, rc, end, now_ms);

	t->attempt = NULL;
	a->done_ms = now_ms;
	a->done_wall_ms = clock_wall_at_ms(now_ms);
	read_answer(t, a, end != TRANSFER_ENDED || rc != CURLE_OK);
	a->error = a->answer.broken ? error_text(t, rc, end) : NULL;
	a->redirect_host = a->answer.http_status / 100 == 3 && !a->answer.broken ? redirect_host(t)
										  : NULL;
	a->certificate = end == TRANSFER_ENDED && t->prereqs == 0 &&
			 (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE);
	a->way_ms = way_ms(t);
	return a;
}
