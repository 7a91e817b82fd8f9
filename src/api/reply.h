/*
 * What the server says: the API's envelope, and Retry-After. Pure functions over bytes.
 *
 * Everything here was written by a server and is believed as little as possible: a reply that is
 * not exactly one JSON object with one readable `code` has no envelope.
 */
#ifndef LADE_API_REPLY_H
#define LADE_API_REPLY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "policy/outcome.h"
#include "policy/review.h"

#define REPLY_CODE_BYTES 64 /* a longer code is no code */

struct reply {
	enum code_kind code_kind;
	int64_t code;                         /* with CODE_NUMBER */
	char code_text[REPLY_CODE_BYTES + 1]; /* a word escaped and masked; "" with CODE_ABSENT */
	enum id_kind id;
	char asset_id[LIMIT_ASSET_ID_BYTES + 1]; /* with ID_VALID, else "" */
	enum review_word review;              /* `data.status`, of the answer to a question */
	struct arena arena; /* of the parser, reused */
	struct buf status;  /* with REVIEW_WORD_OTHER: it, one line, escaped, masked */
	struct buf message; /* `msg`, or why there is no envelope; one line, escaped, masked */
};

/* Takes a body apart. The message buffer is reused; the rest is overwritten. */
void reply_parse(struct reply *r, struct span body);

void reply_free(struct reply *r);

/* Puts a text into a message buffer: masked, one line, at most LIMIT_MESSAGE_BYTES, and with a
 * blank before a first character that a spreadsheet would take for a formula. */
void reply_message(struct buf *out, struct span text);

/*
 * Retry-After (RFC 9110, 10.2.3) in milliseconds from wall_ms: seconds or an HTTP-date, at most a
 * year. -1: absent, malformed, or not in the future.
 */
int64_t reply_retry_after_ms(const char *value, int64_t wall_ms);

#endif
