/*
 * Every cap of lade, with its reason. Each has a test at the limit and one past it.
 */
#ifndef LADE_BASE_LIMITS_H
#define LADE_BASE_LIMITS_H

/* One record of a manifest (a CSV row, a JSON object, a line): keeps memory bounded; the museum's
 * largest object in our trials has 60 KB. */
#define LIMIT_ROW_BYTES (4u << 20)

/* A record of a results file: a row with every character quoted or escaped, and lade's columns. */
#define LIMIT_RECORD_BYTES (8u * LIMIT_ROW_BYTES)

/* One field or JSON string: libcsv and yajl buffer it whole. */
#define LIMIT_FIELD_BYTES (1u << 20)

/* Columns of a CSV manifest: a spreadsheet has at most 16,384. */
#define LIMIT_COLUMNS 16384u

/* Nesting of a JSON manifest or reply; yajl_gen's own limit is 128. */
#define LIMIT_DEPTH 100u

/* A URL that is sent: servers commonly refuse request lines over 8 KiB. */
#define LIMIT_URL_BYTES 8192u

/* A name's length in code points before lade warns: the closest public sibling's limit. */
#define LIMIT_NAME_CHARS 64u

/* A server's reply: the envelope has about 100 bytes. */
#define LIMIT_REPLY_BYTES (1u << 20)

/* A gzip file may grow by this factor at most, over all that was read of it: deflate's own limit is
 * 1032, text reaches 30. */
#define LIMIT_GZIP_RATIO 200u

/* A key file; real keys have under 200 bytes. */
#define LIMIT_KEY_BYTES 4096u

/* lade_message, as the contract says. */
#define LIMIT_MESSAGE_BYTES 500u

/* An assetId, as the contract says. */
#define LIMIT_ASSET_ID_BYTES 128u

/* lade_attempts that is believed: more are none of ours, and so many of 4 billion records have a sum. */
#define LIMIT_ATTEMPTS 999999999

/* Requests in flight at most: the contract's bound of --concurrency. */
#define LIMIT_CONCURRENCY 1000

#endif
