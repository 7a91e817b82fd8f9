/*
 * The loop: many attempts at once over one epoll and one CURLM, or several if they are many.
 *
 * The only owner of the CURLMs. Knows nothing of manifests, results or retries: it asks its client
 * for attempts, starts them, and hands back what came of each. Single-threaded; a client's function
 * never calls engine_run, and may call engine_cancel and engine_watch.
 */
#ifndef LADE_API_ENGINE_H
#define LADE_API_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/transfer.h"

#define ENGINE_OVER INT64_MIN /* as *wake_ms: there will be no more attempts */

/* Who gives work and takes outcomes. */
struct engine_client {
	/*
	 * Called once a turn, before waiting: puts at most room attempts to start now into batch and
	 * returns how many; *wake_ms gets the time at which to be called again at the latest
	 * (INT64_MAX: when something happens), or ENGINE_OVER.
	 */
	size_t (*take)(void *ctx, int64_t now_ms, struct attempt **batch, size_t room,
		       int64_t *wake_ms);
	/* An attempt is done; it belongs to the client again. */
	void (*done)(void *ctx, struct attempt *a, int64_t now_ms);
	void *ctx;
};

struct engine;

struct engine_options {
	unsigned concurrency;       /* attempts in flight at most, 1 to LIMIT_CONCURRENCY */
	int64_t connect_timeout_ms; /* from an attempt's start to its connection */
	int64_t timeout_ms;         /* of a whole attempt */
	bool refuse_private;        /* connect to no address that address_is_private tells of */
};

/* Client and site outlive it. */
struct engine *engine_new(struct site *site, const struct engine_options *o,
			  const struct engine_client *client);
void engine_free(struct engine *e); /* nothing is in flight; e may be NULL */

/*
 * Watches a descriptor besides: ready(ctx) is called when it can be read. It must be readable no
 * more when ready returns, or be unwatched. At most ENGINE_WATCHES at a time.
 */
#define ENGINE_WATCHES 4
void engine_watch(struct engine *e, int fd, void (*ready)(void *ctx), void *ctx);
void engine_unwatch(struct engine *e, int fd); /* not watched: nothing happens */

/* Runs until take says ENGINE_OVER and nothing is in flight. */
void engine_run(struct engine *e);

/* Ends all attempts that are in flight, at once: each is handed to done as broken. */
void engine_cancel(struct engine *e);

/* Attempts in flight now. */
unsigned engine_in_flight(const struct engine *e);

#endif
