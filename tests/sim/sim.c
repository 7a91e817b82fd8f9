/*
 * Theory. Four kinds of events in a heap by time: a client's timer, a request's arrival, the end of
 * its service, its answer's arrival. A client does what the program's loop does: it takes from its
 * schedule while there is a slot, hands over rows when asked, and sleeps until the time it was
 * told, to the millisecond and a little later.
 */
#include "sim.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policy/backoff.h"
#include "policy/schedule.h"

#define CLIENTS 8
#define TIMEOUT_S 10.0 /* of a request that hangs */
#define STALL_S 0.03
#define WINDOW_S 5.0
#define START_S 1000.0 /* the clock need not begin at 0 */

enum event_kind { EVENT_TIMER, EVENT_ARRIVAL, EVENT_SERVED, EVENT_ANSWER };

struct event {
	double at_s;
	uint64_t number; /* of equal times the first made is first */
	enum event_kind kind;
	unsigned client;
	size_t flight;
};

struct flight {
	struct item *item;
	bool is_question;
	double sent_s;
	struct server_answer answer;
};

struct client {
	struct schedule schedule;
	struct item *rows;
	unsigned given, done, in_flight;
	double start_s, timer_s;
	uint64_t accepted;
};

struct times {
	double *at;
	size_t n, cap;
};

struct sim {
	const struct scenario *sc;
	double rtt_s, now_s;
	uint64_t random, events_made;
	struct server server;
	struct client clients[CLIENTS];
	unsigned n_clients, n_over;
	struct event *heap;
	size_t heap_n, heap_cap;
	struct flight *flights;
	size_t flights_n, flights_cap, *free_flights, free_n;
	struct times accepted, refused, starts; /* starts: of the first client */
	struct sim_result result;
};

static void *
grow(void *p, size_t n, size_t size)
{
	p = realloc(p, n * size);
	if (!p)
		exit(71);
	return p;
}

static void
note_time(struct times *t, double at)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 4096;
		t->at = grow(t->at, t->cap, sizeof *t->at);
	}
	t->at[t->n++] = at;
}

/* ---- randomness ---- */

static double
uniform(struct sim *s)
{
	return (double)(backoff_random(&s->random) >> 11) / 9007199254740992.0;
}

static double
exponential(struct sim *s)
{
	return -log(1 - uniform(s));
}

static double
normal(struct sim *s)
{
	return sqrt(2 * exponential(s)) * cos(2 * acos(-1) * uniform(s));
}

/* Half a round trip: mostly constant, with a tail. */
static double
leg(struct sim *s)
{
	return s->rtt_s / 2 * (0.9 + 0.1 * exponential(s));
}

static double
service(struct sim *s)
{
	const struct server_model *m = &s->sc->server;

	return m->service_s * exp(m->sigma * normal(s) - m->sigma * m->sigma / 2);
}

/* ---- events ---- */

static bool
before(const struct event *a, const struct event *b)
{
	return a->at_s < b->at_s || (a->at_s == b->at_s && a->number < b->number);
}

static void
push(struct sim *s, double at_s, enum event_kind kind, unsigned client, size_t flight)
{
	struct event e = {at_s, s->events_made++, kind, client, flight};
	size_t i = s->heap_n++;

	if (s->heap_n > s->heap_cap) {
		s->heap_cap = s->heap_cap ? s->heap_cap * 2 : 1024;
		s->heap = grow(s->heap, s->heap_cap, sizeof *s->heap);
	}
	for (; i > 0 && before(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
}

static struct event
pop(struct sim *s)
{
	struct event first = s->heap[0], last = s->heap[--s->heap_n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < s->heap_n) {
		if (child + 1 < s->heap_n && before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (before(&last, &s->heap[child]))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return first;
}

static size_t
new_flight(struct sim *s)
{
	if (s->free_n > 0)
		return s->free_flights[--s->free_n];
	if (s->flights_n == s->flights_cap) {
		s->flights_cap = s->flights_cap ? s->flights_cap * 2 : 1024;
		s->flights = grow(s->flights, s->flights_cap, sizeof *s->flights);
		s->free_flights = grow(s->free_flights, s->flights_cap, sizeof *s->free_flights);
	}
	return s->flights_n++;
}

/* ---- a client's turn ---- */

static int64_t
to_ms(double at_s)
{
	return (int64_t)((START_S + at_s) * 1000);
}

static void
set_timer(struct sim *s, unsigned c, double at_s)
{
	struct client *cl = &s->clients[c];

	at_s += 0.0003 * uniform(s);
	if (uniform(s) < s->sc->stall_share)
		at_s += STALL_S;
	if (cl->timer_s > s->now_s && cl->timer_s <= at_s)
		return;
	cl->timer_s = at_s;
	push(s, at_s, EVENT_TIMER, c, 0);
}

/* Whether a row can be given now; else perhaps a timer for when it can. */
static bool
give_row(struct sim *s, unsigned c)
{
	struct client *cl = &s->clients[c];
	double idle = s->sc->idle_s;

	if (cl->given == s->sc->rows)
		return false;
	if (idle > 0 && fmod(s->now_s, 2 * idle) >= idle) {
		set_timer(s, c, (floor(s->now_s / (2 * idle)) + 1) * 2 * idle);
		return false;
	}
	item_init(&cl->rows[cl->given], cl->given);
	queue_add(&cl->schedule.queue, &cl->rows[cl->given++]);
	cl->schedule.rows_ended = cl->given == s->sc->rows;
	return true;
}

static void
send(struct sim *s, unsigned c, struct item *it)
{
	struct client *cl = &s->clients[c];
	size_t f = new_flight(s);

	s->flights[f] = (struct flight){
		it, it == &cl->schedule.question, s->now_s, {.notice = QUOTA_NOTICE_NONE}};
	cl->in_flight++;
	s->result.sent++;
	if (c == 0)
		note_time(&s->starts, s->now_s);
	push(s, s->now_s + leg(s), EVENT_ARRIVAL, c, f);
}

static void
turn(struct sim *s, unsigned c)
{
	struct client *cl = &s->clients[c];
	int64_t now_ms = to_ms(s->now_s), wake_ms = INT64_MAX;
	bool want_row = false;
	struct item *it;

	while (cl->in_flight < s->sc->concurrency) {
		it = schedule_take(&cl->schedule, now_ms, &wake_ms, &want_row);
		if (it)
			send(s, c, it);
		else if (!want_row || !give_row(s, c))
			break;
	}
	if (cl->in_flight < s->sc->concurrency && wake_ms != INT64_MAX)
		set_timer(s, c,
			  s->now_s + (double)(wake_ms > now_ms ? wake_ms - now_ms : 0) / 1000);
}

/* ---- the server's part ---- */

static bool
meets_outage(const struct sim *s)
{
	const struct server_model *m = &s->sc->server;

	return m->outage != OUTAGE_NO && s->now_s >= m->outage_from_s && s->now_s < m->outage_to_s;
}

static void
arrive(struct sim *s, unsigned c, size_t f)
{
	struct flight *fl = &s->flights[f];
	double takes_s = 0.001;

	s->result.wasted += meets_outage(s);
	if (fl->is_question && !meets_outage(s))
		fl->answer = (struct server_answer){.status = 404, .notice = QUOTA_NOTICE_NONE};
	else
		fl->answer = server_take(&s->server, s->now_s, uniform(s));
	if (fl->answer.status == 0) {
		push(s, fl->sent_s + TIMEOUT_S, EVENT_ANSWER, c, f);
		return;
	}
	if (fl->answer.status == 200 || fl->answer.status == 500)
		takes_s = service(s);
	if (fl->answer.occupies)
		push(s, s->now_s + takes_s, EVENT_SERVED, c, f);
	push(s, s->now_s + takes_s + leg(s), EVENT_ANSWER, c, f);
}

static enum outcome
outcome_of_status(int status)
{
	switch (status) {
	case 200:
		return OUTCOME_UPLOADED;
	case 429:
		return OUTCOME_THROTTLED;
	case 500:
	case 503:
		return OUTCOME_UNAVAILABLE;
	case -1:
		return OUTCOME_NOT_SENT;
	case 0:
		return OUTCOME_NO_ANSWER;
	default:
		return OUTCOME_REJECTED;
	}
}

static void
answered(struct sim *s, unsigned c, size_t f)
{
	struct client *cl = &s->clients[c];
	struct flight fl = s->flights[f];
	int status = fl.answer.status;
	struct schedule_answer a = {
		.outcome = outcome_of_status(status),
		.busy = status == 503,
		.envelope = true,
		.retry_after_ms = fl.answer.retry_after_s > 0
					  ? (int64_t)(fl.answer.retry_after_s * 1000)
					  : -1,
		.way_ms = (int64_t)(s->rtt_s * 1000),
		.notice = fl.answer.notice,
	};

	s->free_flights[s->free_n++] = f;
	cl->in_flight--;
	if (fl.is_question) {
		schedule_answered(&cl->schedule, &a, to_ms(s->now_s));
		return;
	}
	if (status == 200) {
		s->result.accepted++;
		cl->accepted++;
		note_time(&s->accepted, s->now_s);
	} else {
		s->result.refused++;
		note_time(&s->refused, s->now_s);
	}
	if (schedule_done(&cl->schedule, fl.item, &a, to_ms(s->now_s)) == VERDICT_FINAL) {
		s->result.in_doubt += status == 0;
		s->result.failed += status != 200 && status != 0;
		if (++cl->done == s->sc->rows)
			s->n_over++;
	}
}

/* ---- what came of it ---- */

static size_t
count_between(const struct times *t, double from_s, double to_s)
{
	size_t bounds[2] = {0, 0}, k;
	double limits[2] = {from_s, to_s};

	for (k = 0; k < 2; k++) {
		size_t low = 0, high = t->n;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (t->at[middle] < limits[k])
				low = middle + 1;
			else
				high = middle;
		}
		bounds[k] = low;
	}
	return bounds[1] - bounds[0];
}

/* How long it takes from a time until the limit is used to nine tenths. */
static double
settled(const struct sim *s, double from_s, double to_s)
{
	const struct scenario *sc = s->sc;
	double rate = server_rate_at(&sc->server, from_s + 1e-6, s->rtt_s, sc->concurrency), t;

	for (t = from_s; t + WINDOW_S <= to_s; t += 0.25) {
		double good = (double)count_between(&s->accepted, t, t + WINDOW_S);
		double bad = (double)count_between(&s->refused, t, t + WINDOW_S);

		if (good >= 0.9 * rate * WINDOW_S && bad <= 0.05 * good)
			return t - from_s;
	}
	return -1;
}

static void
settle_times(struct sim *s)
{
	const struct server_model *m = &s->sc->server;
	double marks[STEPS + 2] = {0};
	size_t n = 1, i;

	for (i = 0; i < m->n_steps; i++)
		marks[n++] = m->steps[i].at_s;
	if (m->outage != OUTAGE_NO)
		marks[n++] = m->outage_to_s;
	for (i = 0; i <= STEPS; i++)
		s->result.settled_s[i] = -1;
	for (i = 0; i < n && i <= STEPS; i++)
		s->result.settled_s[i] = settled(s, marks[i], i + 1 < n ? marks[i + 1] : s->now_s);
}

static void
sum_up(struct sim *s)
{
	struct sim_result *r = &s->result;
	const struct scenario *sc = s->sc;
	double sum = 0, squares = 0, half_s = s->now_s / 2, late, late_bad, late_allowed;
	size_t i, from = 0;

	r->time_s = s->now_s;
	r->used = (double)r->accepted /
		  server_allows(&s->server, s->now_s, s->rtt_s, sc->concurrency);
	r->refused_share = (double)r->refused / (double)r->sent;
	for (i = 0; i < s->n_clients; i++) {
		double x =
			(double)s->clients[i].accepted / fmax(1, s->now_s - s->clients[i].start_s);

		sum += x;
		squares += x * x;
	}
	r->jain = sum * sum / (s->n_clients * squares + 1e-12);
	late = (double)count_between(&s->accepted, half_s, s->now_s + 1);
	late_bad = (double)count_between(&s->refused, half_s, s->now_s + 1);
	late_allowed = server_allows(&s->server, s->now_s, s->rtt_s, sc->concurrency) -
		       server_allows(&s->server, half_s, s->rtt_s, sc->concurrency);
	r->late_used = late / late_allowed;
	r->late_refused_share = late_bad / fmax(1, late + late_bad);
	for (i = 0; i < s->starts.n; i++) {
		while (s->starts.at[i] - s->starts.at[from] >= 1)
			from++;
		if (i - from + 1 > r->most_in_a_second)
			r->most_in_a_second = (unsigned)(i - from + 1);
	}
	i = count_between(&s->starts, 0, 5);
	if (i + 1 < s->starts.n)
		r->mean_per_s = (double)(s->starts.n - 1 - i) /
				(s->starts.at[s->starts.n - 1] - s->starts.at[i]);
	settle_times(s);
}

static void
begin(struct sim *s, uint64_t seed)
{
	unsigned c;

	server_init(&s->server, &s->sc->server, uniform(s));
	s->n_clients = s->sc->clients ? s->sc->clients : 1;
	for (c = 0; c < s->n_clients; c++) {
		struct client *cl = &s->clients[c];
		struct schedule_options o = {
			.interval_ns = s->sc->interval_ns,
			.retries = 5,
			.outage_timeout_ms = 3600000,
			.max_pause_ms = 7200000,
			.seed = seed * 1000003 + c,
		};

		cl->start_s = c * s->sc->stagger_s;
		cl->rows = grow(NULL, s->sc->rows, sizeof *cl->rows);
		schedule_init(&cl->schedule, &o, to_ms(cl->start_s));
		set_timer(s, c, cl->start_s);
	}
}

static void
end(struct sim *s)
{
	unsigned c;

	for (c = 0; c < s->n_clients; c++) {
		schedule_fini(&s->clients[c].schedule);
		free(s->clients[c].rows);
	}
	server_fini(&s->server);
	free(s->heap);
	free(s->flights);
	free(s->free_flights);
	free(s->accepted.at);
	free(s->refused.at);
	free(s->starts.at);
}

struct sim_result
sim_run(const struct scenario *sc, double rtt_s, uint64_t seed)
{
	struct sim s;
	struct event e;

	memset(&s, 0, sizeof s);
	s.sc = sc;
	s.rtt_s = rtt_s;
	s.random = seed;
	begin(&s, seed);
	/* of several clients the first that is over ends the run: until then all were there */
	while (s.heap_n > 0 && s.n_over == 0) {
		e = pop(&s);
		if (sc->longest_s > 0 && e.at_s > sc->longest_s)
			break;
		s.now_s = e.at_s;
		switch (e.kind) {
		case EVENT_TIMER:
			if (s.clients[e.client].timer_s == e.at_s)
				turn(&s, e.client);
			break;
		case EVENT_ARRIVAL:
			arrive(&s, e.client, e.flight);
			break;
		case EVENT_SERVED:
			server_release(&s.server);
			break;
		case EVENT_ANSWER:
			answered(&s, e.client, e.flight);
			turn(&s, e.client);
			break;
		}
	}
	sum_up(&s);
	end(&s);
	return s.result;
}
