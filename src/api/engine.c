/*
 * Theory. libcurl tells which sockets it wants to hear of (on_socket) and when it wants to be called
 * (on_timer); epoll_wait waits for both. A socket that libcurl opened stays registered between the
 * transfers of its connection, so that a request on a kept connection costs no epoll_ctl; if the
 * server closes such an idle connection, its event is met once and the socket is unregistered.
 * Other descriptors of libcurl's (its resolver's) are registered and unregistered as it says.
 *
 * What libcurl does for one transfer grows with the number of those that share its CURLM (its lists of
 * timers and connections), so many transfers are shared out to lanes, each with a CURLM of its own.
 * A transfer stays in its lane, and so does its connection. Each lane reads the certificates once.
 *
 * One turn: the client's new attempts are started, libcurl's timer is served if it is due, then we
 * wait, hand the events to libcurl, and hand finished transfers to the client. The loop never ends
 * on libcurl's count of running handles: a row that waits for its retry has none.
 */
#include "api/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/mem.h"

#define LANE_TRANSFERS 32 /* in one CURLM, at most ... */
#define LANE_TRANSFERS_TLS 128 /* ... but a lane with TLS has the certificates in memory */
#define LANES_FROM 64          /* fewer share one CURLM */
#define EVENTS 64          /* taken from one epoll_wait */
#define DEADLINE_STEP_MS 100 /* how exactly an attempt's time is kept */
#define LONGEST_WAIT_MS 60000 /* an upper bound for a wait; only a guard against overflow */

/* What is known of a descriptor. */
struct fd_state {
	bool ours;            /* opened by libcurl through us: stays registered while it lives */
	bool wanted;          /* libcurl wants to hear of it now */
	unsigned registered;  /* epoll events it is registered for; 0: it is not */
	struct lane *lane;    /* whose CURLM wants to hear of it */
};

/* A CURLM. */
struct lane {
	struct engine *engine;
	CURLM *multi;
	int64_t timer_ms; /* when libcurl wants to be called; INT64_MAX: not */
	bool touched;     /* called since its finished transfers were asked for */
};

struct watch {
	int fd; /* -1: free */
	void (*ready)(void *ctx);
	void *ctx;
};

/* A transfer that is in flight. */
struct flight {
	struct lane *lane; /* for good */
	struct transfer *transfer;
	bool refused; /* an address was not connected to because it is private */
	CURL *easy;
	int64_t started_ms;
	struct flight *next, **prev;
};

struct engine {
	struct lane *lanes;
	unsigned n_lanes;
	int epoll;
	struct engine_client client;
	struct flight **idle; /* a stack of those that are free */
	struct flight *flights; /* one a transfer; those in flight are a list by their start */
	struct flight *oldest, **newest_end;
	struct attempt **batch;
	struct engine_options options;
	unsigned n_all, n_idle, n_running;
	int64_t deadline_ms; /* when the next attempt may be out of time; INT64_MAX: none is in flight */
	struct fd_state *fds;
	size_t n_fds;
	struct watch watches[ENGINE_WATCHES];
};

/* A failure here is a bug of ours: going on could lose an outcome, stopping cannot. */
static void
checked_multi(CURLMcode rc)
{
	if (rc == CURLM_OUT_OF_MEMORY)
		mem_exhausted();
	if (rc != CURLM_OK)
		abort();
}

static struct fd_state *
state_of(struct engine *e, int fd)
{
	size_t n = e->n_fds ? e->n_fds : 64;

	while (n <= (size_t)fd)
		n *= 2;
	if (n > e->n_fds) {
		e->fds = mem_resize(e->fds, n, sizeof *e->fds);
		for (; e->n_fds < n; e->n_fds++)
			e->fds[e->n_fds] = (struct fd_state){0};
	}
	return &e->fds[fd];
}

static void
register_fd(struct engine *e, int fd, struct fd_state *state, unsigned events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};
	int op = !events ? EPOLL_CTL_DEL : state->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (events == state->registered)
		return;
	if (epoll_ctl(e->epoll, op, fd, &ev) < 0 && op == EPOLL_CTL_ADD) {
		if (errno == ENOMEM || errno == ENOSPC)
			mem_exhausted();
		abort();
	}
	state->registered = events;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct lane *lane = ctx;
	struct engine *e = lane->engine;
	struct fd_state *state = state_of(e, fd);
	unsigned events = (what & CURL_POLL_IN ? EPOLLIN : 0u) |
			  (what & CURL_POLL_OUT ? EPOLLOUT : 0u);

	(void)easy;
	(void)socket_ctx;
	state->lane = lane;
	state->wanted = what != CURL_POLL_REMOVE;
	if (what == CURL_POLL_REMOVE && !state->ours)
		register_fd(e, fd, state, 0);
	else if (what != CURL_POLL_REMOVE)
		register_fd(e, fd, state, events);
	else if (state->registered & EPOLLOUT) /* an idle socket can always be written */
		register_fd(e, fd, state, EPOLLIN);
	return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct lane *lane = ctx;

	(void)multi;
	lane->timer_ms = timeout_ms < 0 ? INT64_MAX : clock_now_ms() + timeout_ms;
	return 0;
}

static curl_socket_t
on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct flight *f = ctx;
	struct engine *e = f->lane->engine;
	int fd;

	(void)purpose;
	if (e->options.refuse_private && address_is_private(&address->addr)) {
		f->refused = true;
		return CURL_SOCKET_BAD;
	}
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	*state_of(e, fd) = (struct fd_state){.ours = true};
	return fd;
}

static int
on_close(void *ctx, curl_socket_t fd)
{
	struct engine *e = ctx;

	*state_of(e, fd) = (struct fd_state){0}; /* the kernel forgets it when it is closed */
	return close(fd);
}

static void
make_transfers(struct engine *e, struct site *site)
{
	for (e->n_all = 0; e->n_all < e->options.concurrency; e->n_all++) {
		struct transfer *t = transfer_new(site, &e->flights[e->n_all]);

		transfer_set_sockets(t, on_open, &e->flights[e->n_all], on_close, e);
		e->flights[e->n_all].lane = &e->lanes[e->n_all % e->n_lanes];
		e->flights[e->n_all].transfer = t;
		e->idle[e->n_idle++] = &e->flights[e->n_all];
	}
}

static void
make_lane(struct lane *lane, struct engine *e, long connections)
{
	*lane = (struct lane){.engine = e, .multi = curl_multi_init(), .timer_ms = INT64_MAX};
	if (!lane->multi)
		mem_exhausted();
	checked_multi(curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, on_socket));
	checked_multi(curl_multi_setopt(lane->multi, CURLMOPT_SOCKETDATA, lane));
	checked_multi(curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, on_timer));
	checked_multi(curl_multi_setopt(lane->multi, CURLMOPT_TIMERDATA, lane));
	checked_multi(curl_multi_setopt(lane->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING));
	/* one too few would open a connection per request */
	checked_multi(curl_multi_setopt(lane->multi, CURLMOPT_MAXCONNECTS, connections));
}

/* Lanes for all transfers, of so many at most. */
static void
make_lanes(struct engine *e, unsigned transfers)
{
	unsigned i, n = e->options.concurrency;

	e->n_lanes = n < LANES_FROM ? 1 : (n + transfers - 1) / transfers;
	e->lanes = mem_calloc(e->n_lanes, sizeof *e->lanes);
	for (i = 0; i < e->n_lanes; i++)
		make_lane(&e->lanes[i], e, (long)((n + e->n_lanes - 1) / e->n_lanes));
}

struct engine *
engine_new(struct site *site, const struct engine_options *o, const struct engine_client *client)
{
	struct engine *e = mem_calloc(1, sizeof *e);
	unsigned i;

	assert(o->concurrency >= 1);
	e->client = *client;
	e->options = *o;
	e->deadline_ms = INT64_MAX;
	e->newest_end = &e->oldest;
	e->flights = mem_calloc(o->concurrency, sizeof *e->flights);
	e->idle = mem_calloc(o->concurrency, sizeof(struct flight *));
	e->batch = mem_calloc(o->concurrency, sizeof(struct attempt *));
	for (i = 0; i < ENGINE_WATCHES; i++)
		e->watches[i].fd = -1;
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll < 0)
		mem_exhausted();
	make_lanes(e, site->https ? LANE_TRANSFERS_TLS : LANE_TRANSFERS);
	make_transfers(e, site);
	return e;
}

void
engine_free(struct engine *e)
{
	unsigned i;

	if (!e)
		return;
	assert(e->n_running == 0);
	for (i = 0; i < e->n_all; i++)
		transfer_free(e->flights[i].transfer);
	for (i = 0; i < e->n_lanes; i++) /* closes kept connections through on_close */
		curl_multi_cleanup(e->lanes[i].multi);
	close(e->epoll);
	free(e->lanes);
	free(e->flights);
	free(e->idle);
	free(e->batch);
	free(e->fds);
	free(e);
}

void
engine_watch(struct engine *e, int fd, void (*ready)(void *ctx), void *ctx)
{
	unsigned i = 0;

	while (i < ENGINE_WATCHES && e->watches[i].fd >= 0)
		i++;
	assert(i < ENGINE_WATCHES);
	e->watches[i] = (struct watch){fd, ready, ctx};
	register_fd(e, fd, state_of(e, fd), EPOLLIN);
}

void
engine_unwatch(struct engine *e, int fd)
{
	unsigned i;

	for (i = 0; i < ENGINE_WATCHES; i++) {
		if (e->watches[i].fd == fd) {
			e->watches[i].fd = -1;
			register_fd(e, fd, state_of(e, fd), 0);
		}
	}
}

unsigned
engine_in_flight(const struct engine *e)
{
	return e->n_running;
}

static void
start(struct engine *e, struct attempt *a, int64_t now_ms)
{
	struct flight *f = e->idle[--e->n_idle];

	f->easy = transfer_start(f->transfer, a, now_ms);
	f->started_ms = now_ms;
	f->refused = false;
	f->next = NULL;
	f->prev = e->newest_end;
	*e->newest_end = f;
	e->newest_end = &f->next;
	e->n_running++;
	if (e->deadline_ms == INT64_MAX)
		e->deadline_ms = now_ms + DEADLINE_STEP_MS;
	f->lane->touched = true;
	checked_multi(curl_multi_add_handle(f->lane->multi, f->easy));
}

/* Takes a transfer out of its CURLM and hands its attempt back. */
static void
finish(struct engine *e, struct flight *f, CURLcode rc, enum transfer_end end, int64_t now_ms)
{
	struct attempt *a;

	checked_multi(curl_multi_remove_handle(f->lane->multi, f->easy));
	*f->prev = f->next;
	if (f->next)
		f->next->prev = f->prev;
	else
		e->newest_end = f->prev;
	if (--e->n_running == 0)
		e->deadline_ms = INT64_MAX;
	a = transfer_finish(f->transfer, rc, end, now_ms);
	if (a->media)
		a->media->refused = a->error && f->refused;
	/* the transfer is free only after the client has read its reply */
	e->client.done(e->client.ctx, a, now_ms);
	e->idle[e->n_idle++] = f;
}

void
engine_cancel(struct engine *e)
{
	while (e->oldest)
		finish(e, e->oldest, CURLE_OK, TRANSFER_CANCELLED, clock_now_ms());
}

/*
 * Ends the attempts whose time is up. Looks ten times a second at most, and only at those that are
 * old enough to be out of one of the two times.
 */
static void
enforce_deadlines(struct engine *e)
{
	const struct engine_options *o = &e->options;
	struct flight *f, *next;
	int64_t now_ms;

	if (e->deadline_ms == INT64_MAX)
		return;
	now_ms = clock_now_ms();
	if (now_ms < e->deadline_ms)
		return;
	e->deadline_ms = now_ms + DEADLINE_STEP_MS;
	for (f = e->oldest; f; f = next) {
		int64_t age = now_ms - f->started_ms;

		next = f->next;
		if (age < o->timeout_ms && age < o->connect_timeout_ms)
			break;
		if (age >= o->timeout_ms || !transfer_is_connected(f->transfer))
			finish(e, f, CURLE_OK, TRANSFER_TIMED_OUT, now_ms);
	}
}

static bool
drain_lane(struct engine *e, struct lane *lane, int64_t now_ms)
{
	bool any = false;
	CURLMsg *msg;
	int left;

	lane->touched = false;
	while ((msg = curl_multi_info_read(lane->multi, &left))) {
		if (msg->msg == CURLMSG_DONE) {
			finish(e, transfer_owner(msg->easy_handle), msg->data.result,
			       TRANSFER_ENDED, now_ms);
			any = true;
		}
	}
	return any;
}

/* Hands finished transfers back; whether there were any. */
static bool
drain(struct engine *e)
{
	int64_t now_ms = clock_now_ms();
	bool any = false;
	unsigned i;

	for (i = 0; i < e->n_lanes; i++)
		if (e->lanes[i].touched)
			any |= drain_lane(e, &e->lanes[i], now_ms);
	return any;
}

static void
socket_action(struct lane *lane, curl_socket_t fd, int events)
{
	int running;

	lane->touched = true;
	checked_multi(curl_multi_socket_action(lane->multi, fd, events, &running));
}

/* When the first of libcurl's timers is due. */
static int64_t
timer_ms(const struct engine *e)
{
	int64_t first = INT64_MAX;
	unsigned i;

	for (i = 0; i < e->n_lanes; i++)
		if (e->lanes[i].timer_ms < first)
			first = e->lanes[i].timer_ms;
	return first;
}

static void
serve_timers(struct engine *e)
{
	int64_t now_ms;
	unsigned i;

	if (timer_ms(e) == INT64_MAX)
		return;
	now_ms = clock_now_ms();
	for (i = 0; i < e->n_lanes; i++) {
		if (e->lanes[i].timer_ms > now_ms)
			continue;
		e->lanes[i].timer_ms = INT64_MAX; /* libcurl sets it anew if it wants another */
		socket_action(&e->lanes[i], CURL_SOCKET_TIMEOUT, 0);
	}
}

static void
handle_event(struct engine *e, const struct epoll_event *ev)
{
	int fd = ev->data.fd;
	unsigned i, bits = ev->events;
	struct fd_state *state = state_of(e, fd);

	for (i = 0; i < ENGINE_WATCHES; i++) {
		if (e->watches[i].fd == fd) {
			e->watches[i].ready(e->watches[i].ctx);
			return;
		}
	}
	if (!state->wanted) { /* the server closed an idle connection: libcurl finds out itself */
		register_fd(e, fd, state, 0);
		return;
	}
	socket_action(state->lane, fd,
		      (bits & EPOLLIN ? CURL_CSELECT_IN : 0) |
			      (bits & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			      (bits & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
}

static void
wait_for_events(struct engine *e, int64_t wake_ms)
{
	struct epoll_event events[EVENTS];
	int64_t timer = timer_ms(e), until = wake_ms < timer ? wake_ms : timer, wait;
	int i, n;

	if (e->deadline_ms < until)
		until = e->deadline_ms;

	wait = until == INT64_MAX ? LONGEST_WAIT_MS : until == INT64_MIN ? 0 : until - clock_now_ms();
	if (wait < 0)
		wait = 0;
	if (wait > LONGEST_WAIT_MS)
		wait = LONGEST_WAIT_MS;
	n = epoll_wait(e->epoll, events, EVENTS, (int)wait);
	for (i = 0; i < n; i++)
		handle_event(e, &events[i]);
}

void
engine_run(struct engine *e)
{
	int64_t wake_ms, now_ms;
	size_t i, n;

	for (;;) {
		now_ms = clock_now_ms();
		wake_ms = INT64_MAX;
		n = e->client.take(e->client.ctx, now_ms, e->batch, e->n_idle, &wake_ms);
		for (i = 0; i < n; i++)
			start(e, e->batch[i], now_ms);
		if (wake_ms == ENGINE_OVER) {
			if (e->n_running == 0)
				return;
			wake_ms = INT64_MAX;
		}
		serve_timers(e);
		/* a transfer can be done in the very call that started it: then do not wait, but look
		 * at the others all the same, or they would starve */
		wait_for_events(e, drain(e) ? INT64_MIN : wake_ms);
		serve_timers(e);
		drain(e);
		enforce_deadlines(e);
	}
}
