/*
 * Fuzz targets: each takes any bytes, must come back, and aborts when what it promises is not so.
 *
 * libfuzzer.c runs one of them under libFuzzer (`make fuzz`), replay.c all of them over their seeds
 * (`make check-fuzz`).
 */
#ifndef LADE_TESTS_FUZZ_H
#define LADE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void fuzz_csv(const uint8_t *data, size_t size);
void fuzz_json(const uint8_t *data, size_t size);
void fuzz_ndjson(const uint8_t *data, size_t size);
void fuzz_manifest(const uint8_t *data, size_t size);
void fuzz_url(const uint8_t *data, size_t size);
void fuzz_type(const uint8_t *data, size_t size);
void fuzz_reply(const uint8_t *data, size_t size);
void fuzz_retry_after(const uint8_t *data, size_t size);
void fuzz_results(const uint8_t *data, size_t size);
void fuzz_journal(const uint8_t *data, size_t size);
void fuzz_units(const uint8_t *data, size_t size);
void fuzz_options(const uint8_t *data, size_t size);

struct fuzz_target {
	const char *name;
	void (*run)(const uint8_t *data, size_t size);
};

/* All of them, ended by a NULL name. */
extern const struct fuzz_target fuzz_targets[];

#define FUZZ_MAX_BYTES 8192 /* longer inputs are cut: caps have tests of their own */

/* Like assert, but whatever NDEBUG says. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: must be: %s\n", __FILE__, __LINE__, #condition);   \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
