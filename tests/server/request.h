/* Taking a request apart: HTTP/1.1 head, and the three members of an upload's body. */
#ifndef STANDIN_REQUEST_H
#define STANDIN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	const char *p;
	size_t n;
};

struct request {
	struct text method, target, key, agent, body; /* key: what stands behind "Bearer " */
	bool json;                             /* Content-Type: application/json */
	bool close;                            /* Connection: close, or HTTP/1.0 */
	size_t bytes;                          /* of the whole request */
	struct text asset_type, url, name;     /* JSON strings as they are written, escapes and all */
};

enum request_status { REQUEST_WHOLE, REQUEST_MORE, REQUEST_BAD };

/* Parses one request at the front of the bytes. REQUEST_BAD: *status is what to answer. */
enum request_status request_parse(struct request *r, const char *p, size_t n, int *status);

/* Finds the members in the body; false: it is no JSON object with the strings that an upload has. */
bool request_members(struct request *r);

#endif
