/* The words that script how one request is answered. The README beside this has the table. */
#ifndef STANDIN_FAULT_H
#define STANDIN_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_VALUE_BYTES 256

enum body_kind {
	BODY_ENVELOPE, BODY_EMPTY, BODY_HTML, BODY_BROKEN, BODY_DEEP, BODY_HUGE, BODY_JUNK,
	BODY_TRAILING, BODY_DUPCODE, BODY_ESCAPE, BODY_LONG, BODY_FORMULA, BODY_NOKEY, BODY_ARRAY,
};

enum cut_kind { CUT_NONE, CUT_AT, CUT_HEADER, CUT_BODY };

struct fault {
	int status;                  /* 200 */
	char code[FAULT_VALUE_BYTES]; /* "0" */
	char msg[FAULT_VALUE_BYTES];
	char id[FAULT_VALUE_BYTES];  /* "" is a new one; "none", "null", "number" */
	char retry_after[FAULT_VALUE_BYTES];
	char header[FAULT_VALUE_BYTES]; /* Name=Value */
	char location[FAULT_VALUE_BYTES];
	enum body_kind body;
	enum cut_kind cut;
	size_t cut_at;
	int64_t delay_ms, pause_ms;
	long nth, times, from, early; /* 0: not given */
	bool any;                     /* there is a fault at all */
	bool drop, hang, rst, reused, create, nolength, chunked, http10, junkhttp, null_data;
};

/* Reads words as far as they go; -1: one is unknown (named in unknown). */
int fault_parse(struct fault *f, const char *words, size_t n, char *unknown);

/* Whether the fault applies to this request: number nth on its connection, number k of its url. */
bool fault_applies(const struct fault *f, long nth, long k);

/* Rules from a file: SUBSTRING WORDS a line. Exits with a message when the file is faulty. */
void fault_load_rules(const char *path);

/* The fault for a url (its own words, else the first rule that fits); false: none. */
bool fault_find(struct fault *f, const char *url, size_t n);

/* The fault of the first rule that fits, whatever the url's own words are; false: none. */
bool fault_rule(struct fault *f, const char *url, size_t n);

/* How often this url was asked for, this time included. */
long fault_count(const char *url, size_t n);

#endif
