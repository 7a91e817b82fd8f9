/* The version of lade, as `lade --version` and the User-Agent say it. */
#ifndef LADE_VERSION_H
#define LADE_VERSION_H

#define LADE_VERSION "0.1.0"

#endif
