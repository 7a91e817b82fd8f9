/*
 * What is sent: the body of an upload request.
 */
#ifndef LADE_API_REQUEST_H
#define LADE_API_REQUEST_H

#include "base/buf.h"
#include "base/span.h"

/*
 * Adds the JSON body {"assetType":…,"url":…,"name":…}; an empty name is left out. All three are
 * valid UTF-8 (the caller has checked), so this cannot fail.
 */
void request_body(struct buf *out, const char *asset_type, struct span url, struct span name);

#endif
