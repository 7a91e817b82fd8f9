/*
 * `lade check --probe`: each good row's own server is asked whether the media are there.
 *
 * Theory. Rows are read only as there is room for them. A host has at most HOST_MAX rows in flight;
 * a row beyond waits with its host, so that the list of rows to start holds only those that may. A
 * HEAD that does not say that all is well is followed by a GET of the first byte, for many servers
 * answer HEAD badly or not at all (a signed URL is signed for GET). A redirect is a new question,
 * to its own host, after the same checks that a manifest's URL passes; what a name resolves to is
 * checked connection by connection (engine_options.refuse_private).
 */
#include <stdlib.h>
#include <string.h>

#include "api/engine.h"
#include "base/diag.h"
#include "base/mem.h"
#include "base/text.h"
#include "command/check.h"
#include "command/run.h"

#define HOST_MAX 4 /* questions in flight to one host */
#define HOST_BUCKETS 1024
#define HELD_BASE 1000	  /* with 4 N: rows that may wait, as in an upload */
#define ROWS_PER_TURN 256 /* read at one go at most */
#define REDIRECTS_MAX 5

/* A row that is being asked for. */
struct question {
	struct attempt attempt;
	struct media media;
	struct question *next; /* in the list that it waits in */
	struct host *host;
	struct buf url; /* asked for now, as it is sent */
	unsigned redirects;
	enum asset_type type;
	const char *path; /* the manifest */
	int64_t line;
};

struct list {
	struct question *first, **end;
};

struct host {
	struct host *next; /* in its bucket */
	char *name;	   /* scheme, host and port */
	unsigned in_flight;
	struct list waiting;
};

struct probe {
	struct check *check;
	struct engine *engine;
	struct host *hosts[HOST_BUCKETS];
	struct list ready;
	struct question *free_questions;
	size_t held;	       /* questions that are neither done nor free */
	int64_t next_start_us; /* --rate */
	bool ended, waits_for_input;
	struct url_memo memo; /* of redirects */
};

static void
list_add(struct list *l, struct question *q)
{
	if (!l->first)
		l->end = &l->first;
	q->next = NULL;
	*l->end = q;
	l->end = &q->next;
}

static struct question *
list_take(struct list *l)
{
	struct question *q = l->first;

	if (q)
		l->first = q->next;
	return q;
}

/* ---- hosts ---- */

static struct host **
bucket_of(struct probe *p, struct span name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	size_t i;

	for (i = 0; i < name.n; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
	return &p->hosts[hash % HOST_BUCKETS];
}

/* Scheme, host and port of a URL that was checked. */
static struct span
host_name(const struct buf *url)
{
	const char *authority = strstr(url->data, "://") + 3;

	return (struct span){url->data,
			     (size_t)(authority - url->data) + strcspn(authority, "/?#")};
}

static struct host *
find_host(struct probe *p, struct span name)
{
	struct host **bucket = bucket_of(p, name), *h;

	for (h = *bucket; h; h = h->next)
		if (span_is(name, h->name))
			return h;
	h = mem_calloc(1, sizeof *h);
	h->name = mem_dup(name.p, name.n);
	h->next = *bucket;
	*bucket = h;
	return h;
}

static void
forget_host(struct probe *p, struct host *h)
{
	struct host **at = bucket_of(p, span_of(h->name));

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	free(h->name);
	free(h);
}

/* A question is to be asked: now, or when its host has room. */
static void
enqueue(struct probe *p, struct question *q)
{
	q->host = find_host(p, host_name(&q->url));
	if (q->host->in_flight < HOST_MAX) {
		q->host->in_flight++;
		list_add(&p->ready, q);
	} else {
		list_add(&q->host->waiting, q);
	}
}

/* A question has left its host, which may take another. */
static void
leave_host(struct probe *p, struct question *q)
{
	struct host *h = q->host;
	struct question *next = list_take(&h->waiting);

	if (next)
		list_add(&p->ready, next);
	else if (--h->in_flight == 0)
		forget_host(p, h);
}

/* ---- rows ---- */

static void
add_row(struct probe *p)
{
	const struct check *c = p->check;
	struct question *q = p->free_questions;
	struct buf url = {0}, location = {0};

	if (q) {
		p->free_questions = q->next;
		url = q->url;
		location = q->media.location;
	} else {
		q = mem_alloc(sizeof *q);
	}
	*q = (struct question){.url = url,
			       .media.location = location,
			       .type = c->row.type,
			       .path = c->path,
			       .line = c->row.line};
	buf_clear(&q->url);
	buf_add_span(&q->url, buf_span(&c->sent_url));
	p->held++;
	enqueue(p, q);
}

static void
on_input(void *ctx)
{
	struct probe *p = ctx;

	p->waits_for_input = false;
	engine_unwatch(p->engine, manifest_fd(p->check->manifest));
}

/* Reads rows while nothing is ready and there is room; whether there may be more at once. */
static bool
read_rows(struct probe *p)
{
	size_t most = 4 * (size_t)p->check->options->concurrency + HELD_BASE;
	int i;

	for (i = 0; i < ROWS_PER_TURN && !p->ready.first; i++) {
		if (p->ended || p->waits_for_input || p->held >= most)
			return false;
		switch (check_next(p->check)) {
		case CHECK_ROW:
			add_row(p);
			break;
		case CHECK_WAIT:
			p->waits_for_input = true;
			engine_watch(p->engine, manifest_fd(p->check->manifest), on_input, p);
			return false;
		case CHECK_END:
			p->ended = true;
			return false;
		}
	}
	return true;
}

/* ---- the engine's two functions ---- */

static struct attempt *
attempt_of(struct probe *p, struct question *q, int64_t now_ms)
{
	int64_t now_us = now_ms * 1000, interval_us = p->check->options->interval_ns / 1000;

	p->next_start_us = (p->next_start_us > now_us ? p->next_start_us : now_us) + interval_us;
	q->media.url = q->url.data;
	q->attempt = (struct attempt){.media = &q->media, .owner = q};
	return &q->attempt;
}

static size_t
take(void *ctx, int64_t now_ms, struct attempt **batch, size_t room, int64_t *wake_ms)
{
	struct probe *p = ctx;
	bool again = true;
	size_t n = 0;

	while (n < room && !p->check->write_failed) {
		if (p->check->options->interval_ns > 0 && p->next_start_us > now_ms * 1000) {
			*wake_ms = p->next_start_us / 1000 + 1;
			break;
		}
		if (!p->ready.first)
			again = read_rows(p);
		if (!p->ready.first)
			break;
		batch[n++] = attempt_of(p, list_take(&p->ready), now_ms);
	}
	if (!p->ready.first && again && n < room && *wake_ms > now_ms)
		*wake_ms = now_ms; /* a turn's rows held none to ask for; go on */
	check_flush(p->check, true);
	if (p->check->write_failed || (p->ended && p->held == 0))
		*wake_ms = ENGINE_OVER;
	return n;
}

/* What is wrong with an answer, into out; false: nothing. */
static bool
judge(const struct question *q, struct buf *out)
{
	const struct media *m = &q->media;
	const char *type = asset_type_name(q->type);

	if (m->refused) {
		buf_add_str(
			out,
			"url: its server's address is private (--allow-private asks all the same)");
	} else if (q->attempt.error) {
		buf_add_str(out, "url: cannot be reached: ");
		text_escape(out, span_of(q->attempt.error), out->len + 200);
	} else if (m->status / 100 != 2) {
		buf_printf(out, "url: its server answers HTTP %d", m->status);
	} else if (!asset_type_fits(q->type, span_of(m->content_type))) {
		buf_printf(out, "url: its server says %s, which is no %s", m->content_type, type);
	} else if (m->size_bytes == 0) {
		buf_add_str(out, "url: its server says that it has 0 bytes");
	} else {
		return false;
	}
	return true;
}

/* The row is done with: what is wrong with it is said, NULL: nothing. */
static void
conclude(struct probe *p, struct question *q, const char *wrong)
{
	struct findings *f = &p->check->findings;
	const struct media *m = &q->media;

	f->probed++;
	if (wrong) {
		f->unreachable++;
		f->rows[q->type][FINDING_GOOD]--;
		f->rows[q->type][FINDING_INVALID]++;
		check_say(p->check, FINDING_PROBLEM, q->path, q->line, 0, wrong);
	} else if (m->size_bytes > 0) {
		f->bytes += m->size_bytes;
	}
	findings_add_probe(f, q->path, q->line, m->status,
			   m->content_type[0] ? m->content_type : NULL, m->size_bytes,
			   &p->check->out);
	q->next = p->free_questions;
	p->free_questions = q;
	p->held--;
}

/* Follows a redirect: NULL, or why not, in out. */
static const char *
follow(struct probe *p, struct question *q, struct buf *out)
{
	bool is_private;
	const char *wrong;

	if (++q->redirects > REDIRECTS_MAX) {
		buf_printf(out, "url: its server redirects more than %d times", REDIRECTS_MAX);
		return out->data;
	}
	wrong = url_check(buf_span(&q->media.location), p->check->options->allow_private, &p->memo,
			  &q->url, &is_private);
	if (wrong) {
		buf_printf(out, "url: its server redirects to what cannot be asked (%s)", wrong);
		return out->data;
	}
	q->media.get = false;
	enqueue(p, q);
	return NULL;
}

static void
done(void *ctx, struct attempt *a, int64_t now_ms)
{
	struct probe *p = ctx;
	struct question *q = a->owner;
	struct buf wrong = {0};

	(void)now_ms;
	leave_host(p, q);
	if (!a->error && q->media.status / 100 == 3 && q->media.location.len > 0) {
		if (follow(p, q, &wrong))
			conclude(p, q, wrong.data);
	} else if (!judge(q, &wrong)) {
		conclude(p, q, NULL);
	} else if (!q->media.get && q->media.asked) {
		q->media.get = true; /* HEAD is not the last word, nor is its silence */
		enqueue(p, q);
	} else {
		conclude(p, q, wrong.data);
	}
	buf_free(&wrong);
}

static void
free_list(struct question *q)
{
	struct question *next;

	for (; q; q = next) {
		next = q->next;
		buf_free(&q->url);
		buf_free(&q->media.location);
		free(q);
	}
}

/* A check that cannot write any more leaves questions behind. */
static void
free_all(struct probe *p)
{
	struct host *h, *next;
	size_t i;

	free_list(p->free_questions);
	free_list(p->ready.first);
	for (i = 0; i < HOST_BUCKETS; i++) {
		for (h = p->hosts[i]; h; h = next) {
			next = h->next;
			free_list(h->waiting.first);
			free(h->name);
			free(h);
		}
	}
	url_memo_free(&p->memo);
}

int
probe_rows(struct check *c)
{
	const struct options *o = c->options;
	struct probe p = {.check = c};
	struct engine_client client = {take, done, &p};
	struct engine_options eo = {
		.concurrency = o->concurrency,
		.connect_timeout_ms = o->connect_timeout_ms,
		.timeout_ms = o->timeout_ms,
		.refuse_private = !o->allow_private,
	};
	struct site *site = site_new_media(o->ca_file);

	c->want_rows = c->findings.probing = true;
	p.engine = engine_new(site, &eo, &client);
	engine_run(p.engine);
	engine_free(p.engine);
	site_free(site);
	free_all(&p);
	return -1;
}
