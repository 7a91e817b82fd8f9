/* `lade report`: what is in results files, as text, JSON or a page; and several joined into one. */
#ifndef LADE_COMMAND_REPORT_H
#define LADE_COMMAND_REPORT_H

#include "command/options.h"

/* Runs the command; what went wrong was said. Returns the exit status (run.h has the list). */
int report_command(const struct options *o);

#endif
