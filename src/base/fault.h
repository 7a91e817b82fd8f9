/*
 * What went wrong and where, handed upwards by the rooms that never print.
 *
 * The room that knows the name of the thing reports it: "catalog.csv:812:7: TEXT".
 */
#ifndef LADE_BASE_FAULT_H
#define LADE_BASE_FAULT_H

#include <stdint.h>

#define FAULT_TEXT_BYTES 768 /* room for a sentence, two names and what to do about it */

struct fault {
	int64_t line;                /* from 1; 0 when the fault has no line */
	int64_t column;              /* in bytes, from 1; 0 when it has no column */
	char text[FAULT_TEXT_BYTES]; /* one line; bytes of others in it are escaped already */
};

/* Fills in a fault; a longer text is cut. Returns -1, so that a caller can return the call. */
int fault_set(struct fault *f, int64_t line, int64_t column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
