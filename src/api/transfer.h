/*
 * One attempt on one easy handle: set up, guarded against libcurl's silent re-send, read back.
 *
 * Knows libcurl and the API's two requests; never a CURLM, a row, or what an outcome leads to.
 */
#ifndef LADE_API_TRANSFER_H
#define LADE_API_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/media.h"
#include "api/reply.h"
#include "api/site.h"
#include "base/span.h"
#include "policy/quota.h"

/* What to send and what came of it. */
struct attempt {
	/* set by the caller, alive until the attempt is done */
	struct span body;     /* of the upload; empty p: this is a question */
	const char *question; /* the asset id to ask for, or NULL */
	bool fresh;           /* on a connection of its own: kept ones are not to be trusted now */
	void *owner;          /* the caller's */
	struct media *media;  /* of a site for media: the question, and in it the answer; else NULL */
	/* set when it is done, valid during engine_client.done */
	struct answer answer;
	const struct reply *reply;
	int64_t sent_ms, done_ms;           /* monotonic */
	int64_t sent_wall_ms, done_wall_ms; /* for people */
	int64_t retry_after_ms;             /* -1: none */
	struct quota_notice notice;         /* RateLimit fields and their kin */
	int64_t way_ms; /* what the network takes there and back; -1: not seen on a kept connection */
	bool certificate; /* not sent: the server's does not verify, or ours cannot be used for it */
	const char *error;                  /* libcurl's text for a failed transfer, else NULL */
	const char *redirect_host;          /* of a 3xx, else NULL */
};

struct transfer;

/* A transfer that can be used again and again; never NULL. owner: what transfer_owner gives. */
struct transfer *transfer_new(struct site *s, void *owner);
void transfer_free(struct transfer *t); /* not while it is in a CURLM; t may be NULL */

/* Sets everything up for one attempt and returns the handle to add to a CURLM. */
CURL *transfer_start(struct transfer *t, struct attempt *a, int64_t now_ms);

/* The owner of the transfer behind an easy handle that a CURLM gave back. */
void *transfer_owner(CURL *easy);

/* Whether the attempt has its connection, so that its request may have begun to leave. */
bool transfer_is_connected(const struct transfer *t);

/* How an attempt came to its end. */
enum transfer_end {
	TRANSFER_ENDED,     /* libcurl said so */
	TRANSFER_CANCELLED, /* it was taken out while it was running */
	TRANSFER_TIMED_OUT, /* likewise, because its time was up */
};

/*
 * Fills in the attempt after the handle was taken out of the CURLM. rc: libcurl's result with
 * TRANSFER_ENDED, else ignored.
 */
struct attempt *transfer_finish(struct transfer *t, CURLcode rc, enum transfer_end end,
				int64_t now_ms);

/* Options that the engine sets on each handle. */
void transfer_set_sockets(struct transfer *t, curl_opensocket_callback on_open, void *open_ctx,
			  curl_closesocket_callback on_close, void *close_ctx);

#endif
