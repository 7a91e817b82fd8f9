/*
 * A stand-in for the asset API, on raw sockets, so that it can break every rule of HTTP on purpose.
 *
 * One thread, one epoll. A connection reads a request, decides its fate (which is written to the
 * journal at once), and sends the answer, perhaps later. README.md beside this has the options and
 * the words that script faults.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "fault.h"
#include "limit.h"
#include "media.h"
#include "request.h"

#define READ_BYTES 16384
#define EVENTS 256
#define JOURNAL_BYTES (1u << 20) /* written earlier than the turn's end when it is so full */
#define ID_BYTES 64

struct conn {
	int fd;
	unsigned long number;
	long nth; /* requests seen on it */
	char *in;
	size_t in_len, in_cap;
	struct answer out;
	size_t sent;
	int64_t due_ms;   /* the answer, or its second half, waits until then; 0: not */
	int64_t pause_ms; /* between the halves */
	bool want_write, hung, rst, serving;
	struct conn *next_waiting;
	struct conn *next, **prev; /* all that are open */
};

/* An asset that was made. */
struct asset {
	char *text; /* type NUL url NUL name NUL, as in the request */
	int64_t at_ms;
};

static struct {
	const char *key, *port_file, *bind;
	int port, listener, epoll, journal;
	int64_t latency_ms, review_ms, max_runtime_ms;
	long concurrency;
	int64_t outage_from_ms, outage_to_ms;
	char outage; /* 'r' refuse, '5' 503, 'h' hang; 0 none */
	bool clock_waits; /* outage and steps count from the first request */
	bool forget;
	struct limit limit;
} o = {.bind = "127.0.0.1", .max_runtime_ms = 3600000, .journal = -1, .listener = -1};

static struct conn *conns, *waiting;
static struct asset *assets;
static size_t n_assets, cap_assets;
static unsigned long n_conns, n_created;
static long n_serving;
static int64_t started_ms, clock_zero_ms = -1;
static char journal[JOURNAL_BYTES + 65536];
static size_t journal_len;
static char id_stamp[16];
static volatile sig_atomic_t stopping;

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 - started_ms;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void *
grow(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p)
		exit(71);
	return p;
}

/* ---- journal ---- */

static void
journal_flush(void)
{
	size_t at = 0;

	while (at < journal_len) {
		ssize_t n = write(o.journal, journal + at, journal_len - at);

		if (n < 0)
			die("journal");
		at += (size_t)n;
	}
	journal_len = 0;
}

static void
journal_escaped(struct text t)
{
	static const char from[] = "\t\n\r\\", to[] = "tnr\\";
	size_t i;

	for (i = 0; i < t.n; i++) {
		const char *hit = t.p[i] ? strchr(from, t.p[i]) : NULL;

		if (journal_len + 2 > sizeof journal)
			journal_flush();
		if (hit)
			journal[journal_len++] = '\\';
		journal[journal_len++] = hit ? to[hit - from] : t.p[i];
	}
}

static void
journal_request(const struct conn *c, const struct request *r, const char *key, int status,
		const char *id)
{
	if (o.journal < 0)
		return;
	if (journal_len > JOURNAL_BYTES)
		journal_flush();
	journal_len += (size_t)snprintf(journal + journal_len, 128, "%lld\t%lu\t%ld\t",
					(long long)now_ms(), c->number, c->nth);
	journal_escaped(r->method);
	journal[journal_len++] = '\t';
	journal_escaped(r->target);
	journal_len += (size_t)snprintf(journal + journal_len, 128, "\t%s\t%d\t%s\t", key, status,
					id && *id ? id : "-");
	journal_escaped(r->body);
	journal[journal_len++] = '\t';
	journal_escaped(r->agent);
	journal[journal_len++] = '\n';
}

/* ---- assets ---- */

static void
new_id(char *out)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	unsigned long n = ++n_created;
	char tail[16];
	int i = 15;

	tail[i] = '\0';
	while (n || i > 10) {
		tail[--i] = digits[n % 36];
		n /= 36;
	}
	snprintf(out, ID_BYTES, "asset-%s-%s", id_stamp, tail + i);
}

static void
remember_asset(const struct request *r)
{
	size_t n = r->asset_type.n + r->url.n + r->name.n + 3;
	char *p;

	if (o.forget)
		return;
	if (n_assets == cap_assets) {
		cap_assets = cap_assets ? cap_assets * 2 : 1024;
		assets = grow(assets, cap_assets * sizeof *assets);
	}
	p = grow(NULL, n);
	assets[n_assets++] = (struct asset){p, now_ms()};
	memcpy(p, r->asset_type.p, r->asset_type.n);
	p += r->asset_type.n;
	*p++ = '\0';
	memcpy(p, r->url.p, r->url.n);
	p += r->url.n;
	*p++ = '\0';
	if (r->name.n)
		memcpy(p, r->name.p, r->name.n);
	p[r->name.n] = '\0';
}

/* The asset of an id that new_id made in this run; NULL. */
static const struct asset *
find_asset(struct text id)
{
	char text[ID_BYTES], *end;
	unsigned long n;
	size_t head = strlen("asset-") + strlen(id_stamp) + 1;

	if (id.n <= head || id.n >= sizeof text || memcmp(id.p + 6, id_stamp, strlen(id_stamp)) != 0)
		return NULL;
	memcpy(text, id.p + head, id.n - head);
	text[id.n - head] = '\0';
	n = strtoul(text, &end, 36);
	return *end == '\0' && n >= 1 && n <= n_assets ? &assets[n - 1] : NULL;
}

static const char *
review_status(const struct asset *a, const char *url)
{
	if (strstr(url, "review=odd"))
		return "Paused";
	if (now_ms() - a->at_ms < o.review_ms)
		return "Processing";
	return strstr(url, "review=failed") ? "Failed" : "Active";
}

/* ---- connections ---- */

static void
watch(struct conn *c, bool write)
{
	struct epoll_event ev = {.events = write ? EPOLLOUT : EPOLLIN, .data.ptr = c};

	if (c->want_write == write)
		return;
	c->want_write = write;
	epoll_ctl(o.epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void
close_conn(struct conn *c)
{
	struct linger now = {1, 0};
	struct conn **w;

	if (c->rst)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	for (w = &waiting; *w; w = &(*w)->next_waiting) {
		if (*w == c) {
			*w = c->next_waiting;
			break;
		}
	}
	n_serving -= c->serving;
	close(c->fd);
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	free(c->in);
	free(c->out.data);
	free(c);
}

static void serve(struct conn *c);

/* Sends what may be sent; false: the connection is gone. */
static bool
send_out(struct conn *c)
{
	size_t stop = c->out.pause_at ? c->out.pause_at : c->out.len;

	while (c->sent < stop) {
		ssize_t n = send(c->fd, c->out.data + c->sent, stop - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			watch(c, true);
			return true;
		}
		if (n < 0) {
			close_conn(c);
			return false;
		}
		c->sent += (size_t)n;
	}
	if (c->out.pause_at) {
		c->out.pause_at = 0;
		c->due_ms = now_ms() + c->pause_ms;
		c->next_waiting = waiting;
		waiting = c;
		return true;
	}
	n_serving -= c->serving;
	c->serving = false;
	if (c->out.close) {
		close_conn(c);
		return false;
	}
	c->out.len = c->sent = 0;
	watch(c, false);
	return true;
}

/* Answers now, or when the delay is over; false: the connection is gone. */
static bool
answer(struct conn *c, const struct fault *f)
{
	int64_t delay = o.latency_ms + f->delay_ms;

	c->sent = 0;
	c->pause_ms = f->pause_ms;
	c->rst = f->rst;
	c->out.close = c->out.close || f->rst;
	if (delay <= 0)
		return send_out(c);
	c->due_ms = now_ms() + delay;
	c->next_waiting = waiting;
	waiting = c;
	return true;
}

/* ---- requests ---- */

static int64_t
clock_ms(void)
{
	if (!o.clock_waits)
		return now_ms();
	if (clock_zero_ms < 0)
		clock_zero_ms = now_ms();
	return now_ms() - clock_zero_ms;
}

static bool
in_outage(char kind)
{
	int64_t t;

	if (o.outage != kind || (o.clock_waits && clock_zero_ms < 0))
		return false;
	t = clock_ms();
	return t >= o.outage_from_ms && t < o.outage_to_ms;
}

/* A plain refusal. */
static bool
refuse(struct conn *c, const struct request *r, const char *key, int status, const char *code,
       const char *msg, const char *head, size_t head_n)
{
	struct fault f;
	char unknown[FAULT_VALUE_BYTES];

	fault_parse(&f, "", 0, unknown);
	f.status = status;
	snprintf(f.code, sizeof f.code, "%s", code);
	snprintf(f.msg, sizeof f.msg, "%s", msg);
	journal_request(c, r, key, status, NULL);
	answer_compose(&c->out, &f, "", r->key, head, head_n, NULL);
	return answer(c, &f);
}

static bool
over_limit(struct conn *c, const struct request *r, int64_t wait_ms)
{
	char head[256], date[64];
	long seconds = (long)((wait_ms + 999) / 1000);
	time_t at = time(NULL) + seconds;
	size_t n = limit_write_headers(&o.limit, clock_ms(), head, sizeof head);

	if (o.limit.retry_after == RETRY_AFTER_FIXED)
		seconds = o.limit.retry_after_s;
	if (o.limit.retry_after == RETRY_AFTER_DATE) {
		strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&at));
		n += (size_t)snprintf(head + n, sizeof head - n, "Retry-After: %s\r\n", date);
	} else if (o.limit.retry_after != RETRY_AFTER_NONE) {
		n += (size_t)snprintf(head + n, sizeof head - n, "Retry-After: %ld\r\n", seconds);
	}
	if (o.limit.as_code)
		return refuse(c, r, "key-ok", 200, "429", "too many requests", head, n);
	return refuse(c, r, "key-ok", o.limit.status, "429", "too many requests", head, n);
}

static bool
is_asset_type(struct text t)
{
	static const char *const types[] = {"Image", "Video", "Audio", "Document"};
	size_t i;

	for (i = 0; i < 4; i++)
		if (t.n == strlen(types[i]) && memcmp(t.p, types[i], t.n) == 0)
			return true;
	return false;
}

/* What the fault says of an upload that is in order. */
static bool
upload(struct conn *c, struct request *r)
{
	struct fault f;
	char id[ID_BYTES] = "", head[256];
	bool creates, found = fault_find(&f, r->url.p, r->url.n);
	long k = found ? fault_count(r->url.p, r->url.n) : 0;
	size_t head_n;

	if (found && !fault_applies(&f, c->nth, k) &&
	    !(fault_rule(&f, r->url.p, r->url.n) && fault_applies(&f, c->nth, k))) {
		char unknown[FAULT_VALUE_BYTES];

		fault_parse(&f, "", 0, unknown);
	}
	creates = answer_creates(&f);
	if (creates && f.id[0] && strcmp(f.id, "number") != 0) {
		snprintf(id, sizeof id, "%.60s", f.id);
	} else if (creates) {
		new_id(id);
		remember_asset(r);
	}
	journal_request(c, r, "key-ok", f.drop || f.hang ? 0 : f.status, id);
	if (f.hang) {
		c->hung = true;
		return true;
	}
	if (f.drop) {
		c->rst = f.rst;
		close_conn(c);
		return false;
	}
	head_n = limit_write_headers(&o.limit, clock_ms(), head, sizeof head);
	answer_compose(&c->out, &f, id, r->key, head, head_n, NULL);
	return answer(c, &f);
}

static bool
question(struct conn *c, const struct request *r, struct text id)
{
	const struct asset *a = find_asset(id);
	char data[4096], what[256];
	struct fault f;
	size_t n = (size_t)snprintf(what, sizeof what, "GET %.*s", (int)(id.n < 200 ? id.n : 200), id.p);

	if (fault_find(&f, what, n) && fault_applies(&f, c->nth, fault_count(what, n))) {
		journal_request(c, r, "key-ok", f.status, NULL);
		answer_compose(&c->out, &f, "", r->key, "", 0, NULL);
		return answer(c, &f);
	}
	if (!a)
		return refuse(c, r, "key-ok", 200, "-1", "no such asset", "", 0);
	{
		const char *type = a->text, *url = type + strlen(type) + 1;
		const char *name = url + strlen(url) + 1;

		snprintf(data, sizeof data,
			 "{\"name\":\"%s\",\"assetId\":\"%.*s\",\"status\":\"%s\",\"assetType\":\"%s\","
			 "\"url\":\"%s\",\"createTime\":\"2026-03-30 14:21:58\"}",
			 name, (int)id.n, id.p, review_status(a, url), type, url);
	}
	journal_request(c, r, "key-ok", 200, NULL);
	answer_compose(&c->out, &f, "", r->key, "", 0, data);
	return answer(c, &f);
}

/* Decides the fate of one request; false: the connection is gone. */
static bool
handle(struct conn *c, struct request *r)
{
	static const char asset_path[] = "/kyyVideo2/asset/", upload_word[] = "upload";
	const char *hit = memmem(r->target.p, r->target.n, asset_path, sizeof asset_path - 1), *tail;
	size_t tail_n;
	int64_t wait_ms;

	c->out.close = false;
	if (clock_zero_ms < 0)
		clock_zero_ms = now_ms();
	if (in_outage('h')) {
		journal_request(c, r, "key-ok", 0, NULL);
		c->hung = true;
		return true;
	}
	if (in_outage('5'))
		return refuse(c, r, "key-ok", 503, "503", "down", "", 0);
	if (media_is_asked(r)) {
		journal_request(c, r, r->key.p ? "key-ok" : "key-none", media_compose(&c->out, r), NULL);
		c->due_ms = o.latency_ms > 0 ? now_ms() + o.latency_ms : 0;
		c->sent = 0;
		if (c->due_ms == 0)
			return send_out(c);
		c->next_waiting = waiting;
		waiting = c;
		return true;
	}
	if (!r->key.p || (o.key && (strlen(o.key) != r->key.n || memcmp(o.key, r->key.p, r->key.n))))
		return refuse(c, r, r->key.p ? "key-bad" : "key-none", 401, "401", "invalid key", "", 0);
	if (!hit)
		return refuse(c, r, "key-ok", 404, "404", "no such path", "", 0);
	tail = hit + sizeof asset_path - 1;
	tail_n = (size_t)(r->target.p + r->target.n - tail);
	if (r->method.n == 3)
		return question(c, r, (struct text){tail, tail_n});
	if (tail_n != sizeof upload_word - 1 || memcmp(tail, upload_word, tail_n) != 0)
		return refuse(c, r, "key-ok", 404, "404", "no such path", "", 0);
	if (o.concurrency && n_serving > o.concurrency)
		return refuse(c, r, "key-ok", 503, "503", "too many at once", "", 0);
	if (!limit_take(&o.limit, clock_ms(), &wait_ms))
		return over_limit(c, r, wait_ms);
	if (!r->json)
		return refuse(c, r, "key-ok", 415, "415", "not application/json", "", 0);
	if (!request_members(r) || !is_asset_type(r->asset_type))
		return refuse(c, r, "key-ok", 200, "1000", "bad request", "", 0);
	return upload(c, r);
}

/* Takes requests from what was read, one after the other. */
static void
serve(struct conn *c)
{
	while (c->in_len > 0 && !c->hung && c->out.len == 0) {
		struct request r;
		int status;
		enum request_status got = request_parse(&r, c->in, c->in_len, &status);

		if (got == REQUEST_MORE)
			return;
		c->nth++;
		c->serving = true;
		n_serving++;
		if (got == REQUEST_BAD) {
			r = (struct request){.method = {"?", 1}};
			if (refuse(c, &r, "key-none", status, "400", "bad request", "", 0)) {
				c->in_len = 0;
				c->out.close = true;
			}
			return;
		}
		if (!handle(c, &r))
			return;
		c->in_len -= r.bytes;
		memmove(c->in, c->in + r.bytes, c->in_len);
		if (r.close && c->out.len == 0 && !c->hung && c->due_ms == 0) {
			close_conn(c);
			return;
		}
		c->out.close = c->out.close || r.close;
	}
}

static void
on_readable(struct conn *c)
{
	ssize_t n;

	if (c->in_cap - c->in_len < READ_BYTES) {
		c->in_cap = c->in_cap ? c->in_cap * 2 : READ_BYTES * 2;
		c->in = grow(c->in, c->in_cap);
	}
	n = recv(c->fd, c->in + c->in_len, c->in_cap - c->in_len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_conn(c);
		return;
	}
	c->in_len += (size_t)n;
	serve(c);
}

static void
on_writable(struct conn *c)
{
	if (send_out(c) && c->out.len == 0)
		serve(c);
}

static void
accept_all(void)
{
	int fd, one = 1;

	while ((fd = accept4(o.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = grow(NULL, sizeof *c);
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

		*c = (struct conn){.fd = fd, .number = ++n_conns};
		c->next = conns;
		c->prev = &conns;
		if (conns)
			conns->prev = &c->next;
		conns = c;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		epoll_ctl(o.epoll, EPOLL_CTL_ADD, fd, &ev);
	}
}

/* ---- listening, time ---- */

static void
listen_on_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o.port)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	socklen_t n = sizeof a;
	int one = 1;

	inet_pton(AF_INET, o.bind, &a.sin_addr);
	o.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(o.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(o.listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(o.listener, 4096) < 0)
		die("listen");
	getsockname(o.listener, (struct sockaddr *)&a, &n);
	o.port = ntohs(a.sin_port);
	epoll_ctl(o.epoll, EPOLL_CTL_ADD, o.listener, &ev);
}

static void
write_port_file(void)
{
	char temporary[4096];
	FILE *out;

	snprintf(temporary, sizeof temporary, "%s.new", o.port_file);
	out = fopen(temporary, "w");
	if (!out || fprintf(out, "%d\n", o.port) < 0 || fclose(out) != 0 ||
	    rename(temporary, o.port_file) < 0)
		die(o.port_file);
}

/* Sends the answers that are due; returns the milliseconds until the next, or -1. */
static int
serve_waiting(void)
{
	int64_t now = now_ms(), next = -1;
	struct conn **w = &waiting, *c;

	while ((c = *w)) {
		if (c->due_ms > now) {
			if (next < 0 || c->due_ms - now < next)
				next = c->due_ms - now;
			w = &c->next_waiting;
			continue;
		}
		*w = c->next_waiting;
		c->due_ms = 0;
		if (send_out(c) && c->out.len == 0)
			serve(c);
		w = &waiting; /* the list may have changed */
	}
	return (int)next;
}

/* Closes and opens the listener as an outage of refused connections wants it. */
static void
follow_outage(void)
{
	if (o.outage != 'r')
		return;
	if (in_outage('r') && o.listener >= 0) {
		close(o.listener);
		o.listener = -1;
		while (conns) {
			conns->rst = true;
			close_conn(conns);
		}
	} else if (!in_outage('r') && o.listener < 0) {
		listen_on_port();
	}
}

static void
run(void)
{
	struct epoll_event events[EVENTS];
	int i, n, wait;

	while (!stopping && now_ms() < o.max_runtime_ms) {
		follow_outage();
		wait = serve_waiting();
		if (journal_len > 0)
			journal_flush();
		if (wait < 0 || wait > 100)
			wait = 100;
		n = epoll_wait(o.epoll, events, EVENTS, wait);
		for (i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;

			if (!c)
				accept_all();
			else if (events[i].events & EPOLLOUT)
				on_writable(c);
			else if (c->out.len > 0 || c->hung) {
				char byte;

				/* the client left before its answer */
				if (recv(c->fd, &byte, 1, MSG_PEEK) <= 0 && errno != EAGAIN)
					close_conn(c);
			} else
				on_readable(c);
		}
	}
	if (journal_len > 0)
		journal_flush();
}

/* ---- options ---- */

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr, "standin: %s; tests/server/README.md has the options\n", what);
	exit(2);
}

static void
set_outage(const char *text)
{
	double from, to;
	char kind[16];

	if (sscanf(text, "%lf:%lf:%15s", &from, &to, kind) != 3)
		usage("--outage wants A:B:refuse|503|hang");
	o.outage = kind[0];
	if (!strchr("r5h", o.outage))
		usage("--outage wants A:B:refuse|503|hang");
	o.outage_from_ms = (int64_t)(from * 1000);
	o.outage_to_ms = (int64_t)(to * 1000);
}

static void
set_retry_after(const char *text)
{
	if (strcmp(text, "true") == 0)
		o.limit.retry_after = RETRY_AFTER_TRUE;
	else if (strcmp(text, "date") == 0)
		o.limit.retry_after = RETRY_AFTER_DATE;
	else
		o.limit.retry_after = RETRY_AFTER_FIXED;
	o.limit.retry_after_s = strtol(text, NULL, 10);
}

static void
set_limit(const char *text)
{
	if (limit_parse(&o.limit, text) < 0)
		usage("--limit wants bucket:RATE/s:BURST, window:COUNT/SECONDS or log:COUNT/SECONDS");
}

static void
parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{"port", 1, 0, 'p'}, {"port-file", 1, 0, 'P'}, {"key", 1, 0, 'k'},
		{"journal", 1, 0, 'j'}, {"rules", 1, 0, 'r'}, {"latency", 1, 0, 'l'},
		{"limit", 1, 0, 'L'}, {"limit-status", 1, 0, 's'}, {"limit-code", 0, 0, 'c'},
		{"limit-retry-after", 1, 0, 'a'}, {"limit-headers", 1, 0, 'h'},
		{"limit-steps", 1, 0, 't'}, {"concurrency", 1, 0, 'C'}, {"outage", 1, 0, 'o'},
		{"outage-after-first", 0, 0, 'f'}, {"review", 1, 0, 'R'}, {"bind", 1, 0, 'b'},
		{"max-runtime", 1, 0, 'm'}, {"forget", 0, 0, 'F'}, {0, 0, 0, 0},
	};
	int c;

	o.limit.status = 429;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p': o.port = atoi(optarg); break;
		case 'P': o.port_file = optarg; break;
		case 'k': o.key = optarg; break;
		case 'j': o.journal = open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
			if (o.journal < 0)
				die(optarg);
			break;
		case 'r': fault_load_rules(optarg); break;
		case 'l': o.latency_ms = atol(optarg); break;
		case 'L': set_limit(optarg); break;
		case 's': o.limit.status = atoi(optarg); break;
		case 'c': o.limit.as_code = true; break;
		case 'a': set_retry_after(optarg); break;
		case 'h': o.limit.headers = optarg[0]; break;
		case 't': if (limit_parse_steps(&o.limit, optarg) < 0)
				usage("--limit-steps wants T:RATE,T:RATE");
			break;
		case 'C': o.concurrency = atol(optarg); break;
		case 'o': set_outage(optarg); break;
		case 'f': o.clock_waits = true; break;
		case 'R': o.review_ms = atol(optarg); break;
		case 'b': o.bind = optarg; break;
		case 'm': o.max_runtime_ms = (int64_t)(atof(optarg) * 1000); break;
		case 'F': o.forget = true; break;
		default: usage("unknown option");
		}
	}
	if (optind < argc)
		usage("takes no operands");
}

static void
on_stop(int number)
{
	(void)number;
	stopping = 1;
}

int
main(int argc, char **argv)
{
	struct sigaction stop = {.sa_handler = on_stop};
	time_t now = time(NULL);

	started_ms = 0;
	started_ms = now_ms();
	parse_options(argc, argv);
	strftime(id_stamp, sizeof id_stamp, "%Y%m%d%H%M%S", gmtime(&now));
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	o.epoll = epoll_create1(EPOLL_CLOEXEC);
	listen_on_port();
	if (o.port_file)
		write_port_file();
	printf("listening on http://%s:%d\n", o.bind, o.port);
	fflush(stdout);
	run();
	return 0;
}
