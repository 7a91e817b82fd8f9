/*
 * Allocation that cannot fail.
 *
 * Out of memory ends the program at once with exit status 71: an abrupt end is safe because the
 * journal is. So no caller ever checks for NULL. Everything is freed with free().
 */
#ifndef LADE_BASE_MEM_H
#define LADE_BASE_MEM_H

#include <stddef.h>

/* n bytes, not initialised; n may be 0. */
void *mem_alloc(size_t n);

/* count * size bytes, all zero; an overflow of the product is out of memory. */
void *mem_calloc(size_t count, size_t size);

/* p grown or shrunk to count * size bytes; p may be NULL. */
void *mem_resize(void *p, size_t count, size_t size);

/* A copy of n bytes with a NUL behind them, which is not counted. */
char *mem_dup(const char *p, size_t n);

/* A copy of a string; NULL gives NULL. */
char *mem_strdup(const char *s);

/* Overwrites n bytes in a way that the compiler does not leave out, then frees them; p may be NULL. */
void mem_wipe_free(void *p, size_t n);

/* Ends the program with exit status 71 and a message; for libraries that report ENOMEM themselves. */
_Noreturn void mem_exhausted(void);

#endif
