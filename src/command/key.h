/*
 * The API key: where it comes from, and what it may look like. Never an option's value.
 */
#ifndef LADE_COMMAND_KEY_H
#define LADE_COMMAND_KEY_H

#include "base/fault.h"

/*
 * The key, for the caller to wipe with key_free: from key_file ("-" is standard input) if not NULL,
 * else from $CREDENTIALS_DIRECTORY/globalaiopc-api-key, else from $GLOBALAIOPC_API_KEY. NULL: *f
 * says why, without a byte of the key.
 */
char *key_read(const char *key_file, struct fault *f);

/* Overwrites and frees; key may be NULL. */
void key_free(char *key);

#endif
