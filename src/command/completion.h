/* `lade --completion SHELL`: shell completions, made from the option table. */
#ifndef LADE_COMMAND_COMPLETION_H
#define LADE_COMMAND_COMPLETION_H

/* Prints the completions for bash, zsh or fish to standard output. Returns the exit status: 0, 1
 * when it cannot be written, 2 after a message when there is none for this shell. */
int completion_print(const char *shell);

#endif
