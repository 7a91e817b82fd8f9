/*
 * Failures by kind: those of one class, code and message together, with where some of them are.
 *
 * Memory is bounded whatever servers say: at most FAILURES_KINDS kinds are told apart by their
 * messages; what comes later is put together by class and code, and beyond FAILURES_MAX only
 * counted.
 */
#ifndef LADE_SHOW_FAILURES_H
#define LADE_SHOW_FAILURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define FAILURES_KINDS 1024
#define FAILURES_MAX 1280      /* kinds that were put together included */
#define FAILURES_EXAMPLES 5    /* of a kind, with their URLs */
#define FAILURES_PLACES 60     /* of a kind, the examples among them */
#define FAILURES_WORD_BYTES 64 /* of class and code that are kept */
#define FAILURES_MESSAGE_BYTES 500
#define FAILURES_URL_BYTES 200
#define FAILURES_MANIFEST_BYTES 200

/* Where a record is. */
struct failure_place {
	unsigned file; /* number of the results file */
	int64_t line;  /* in it */
};

/* One record of a kind; texts are escaped for people. */
struct failure_example {
	struct failure_place place;
	char *url;	       /* ends at its query */
	char *manifest;	       /* NULL: the record does not say */
	int64_t manifest_line; /* 0: the record does not say */
};

/* A kind of failure; texts are escaped for people. */
struct failure_kind {
	char *class_word, *code; /* may be empty */
	char *message;		 /* NULL: various messages */
	int64_t count;
	struct failure_example examples[FAILURES_EXAMPLES];
	unsigned n_examples;
	struct failure_place *places;
	unsigned n_places, cap_places;
	uint64_t hash;
};

/* A zeroed struct failures is an empty one. */
struct failures {
	struct failure_kind *
		*kinds; /* in the order of their first ones; after failures_sort by count */
	unsigned n;
	int64_t count;	 /* failures in all */
	int64_t others;	 /* of them, those that found no place among the kinds */
	uint16_t *slots; /* hash table of kind numbers + 1; 0: free */
};

/* What is known of one failure; spans as in the record. */
struct failure {
	struct span class_word, code, message, url, manifest;
	int64_t manifest_line;
	struct failure_place place;
};

void failures_add(struct failures *all, const struct failure *one);

/* Puts the most frequent kinds first; nothing is added after that. */
void failures_sort(struct failures *all);

void failures_free(struct failures *all);

#endif
