/* What is answered, byte for byte. */
#ifndef STANDIN_ANSWER_H
#define STANDIN_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "request.h"

/* Bytes to send, and how the connection goes on. */
struct answer {
	char *data;
	size_t len, cap;
	size_t pause_at;  /* send so many, wait, send the rest; 0: all at once */
	bool close;       /* after the last byte */
};

/* Empties an answer, keeps its storage. */
void answer_clear(struct answer *a);

/*
 * Composes an answer from a fault (one that init made is a plain success). id: the new asset's;
 * head: further header lines; data: the envelope's data for a question, NULL for an upload.
 */
void answer_compose(struct answer *a, const struct fault *f, const char *id, struct text key,
		    const char *head, size_t head_n, const char *data);

/* Whether a fault's answer is a whole success envelope, so that an asset was made. */
bool answer_creates(const struct fault *f);

#endif
