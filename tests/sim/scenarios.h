/* The servers of the simulation; a NULL name ends the list. */
#ifndef SIM_SCENARIOS_H
#define SIM_SCENARIOS_H

#include "sim.h"

extern const struct scenario scenarios[];

#endif
