/* What `lade help`, `-h` and `--version` print, made from the option table. */
#ifndef LADE_COMMAND_HELP_H
#define LADE_COMMAND_HELP_H

#include "command/options.h"

/* One option, as parsing and help see it. */
struct option {
	const char *name;     /* without the dashes */
	char letter;          /* 0: none */
	const char *argument; /* NULL: takes none */
	const char *help;     /* one sentence */
	unsigned commands;    /* bits of enum command */
	int id;
};

/* The whole table, ended by a NULL name; in the order of help. */
extern const struct option option_table[];

/* The command that a word names; COMMAND_NONE when it is none. */
enum command help_command(struct span word);

/* The commands one after the other, from 0; COMMAND_NONE behind the last. */
enum command help_command_at(size_t i);

/* The name of a command; NULL for COMMAND_NONE. */
const char *help_command_name(enum command c);

/* Prints to standard output; each returns the exit status: 0, or 1 when it cannot be written. */
int help_general(void);
int help_of(enum command c);
int help_version(void);

/* Flushes standard output: a closed one is an error, not a death. Returns the exit status. */
int help_finish_output(void);

#endif
