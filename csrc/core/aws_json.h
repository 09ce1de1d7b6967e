/*
 * Requests of AWS JSON 1.0: signed POSTs that name an operation in x-amz-target. What the requests
 * to one host for one operation have in common is checked and prepared once.
 * Source: smithy.io, "AWS JSON 1.0 protocol"; AWS SDKs and Tools Reference Guide, "Retry behavior",
 * for amz-sdk-invocation-id and amz-sdk-request.
 */
#ifndef DDB_AWS_JSON_H
#define DDB_AWS_JSON_H

#include "buf.h"
#include "header.h"
#include "sigv4.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

#define DDB_AWS_JSON_HEADERS 12u    /* headers that all requests have, at most */
#define DDB_AWS_JSON_EXTRA 16u      /* more that the caller adds, which are signed */
#define DDB_AWS_JSON_KINDS 8u       /* kinds that stay prepared */
#define DDB_AWS_JSON_INVOCATION 24u /* bytes that all invocation ids begin with */

/* One attempt; all borrowed. */
struct ddb_aws_json_attempt {
  struct ddb_slice host;
  struct ddb_slice path;
  struct ddb_slice target; /* the operation, in x-amz-target */
  struct ddb_slice body;
  struct ddb_slice trace; /* x-amzn-trace-id, or empty */
  int64_t time;           /* in seconds since 1970 */
  uint64_t invocation;    /* the number of the call: at most twelve digits of its id */
  unsigned attempt, max_attempts;
  const struct ddb_header *extra; /* in place of those of all requests; NULL: these */
  size_t extra_count;
};

struct ddb_aws_json_kind {
  struct ddb_buf key; /* host, path and target */
  size_t host_length, path_length;
  struct ddb_buf head; /* the request line and the headers that do not change */
  struct ddb_sigv4_kind signing;
};

/* Owned by the caller, as all that it holds. */
struct ddb_aws_json {
  struct ddb_buf texts; /* of the headers */
  struct ddb_header
      headers[DDB_AWS_JSON_HEADERS + DDB_AWS_JSON_EXTRA]; /* see ddb_aws_json_headers */
  size_t header_count;
  size_t extra_count; /* the last of them, which are signed */
  char invocation[DDB_AWS_JSON_INVOCATION];
  struct ddb_aws_json_kind kinds[DDB_AWS_JSON_KINDS + 1]; /* the last is for an attempt's headers */
  size_t next;                                            /* the kind that is replaced next */
};

/* Cannot fail and allocates nothing. */
void ddb_aws_json_init(struct ddb_aws_json *a);

/* Cleanses and frees. Harmless on a zeroed struct and when called twice. */
void ddb_aws_json_free(struct ddb_aws_json *a);

/*
 * Sets the bytes that invocation ids begin with, and the headers of all requests, which are copied.
 * The last 'extra' of them are signed, whatever their names are. DDB_TOOBIG for too many headers;
 * DDB_NOMEM. Nothing has changed after a failure.
 */
DDB_CHECKED enum ddb_status ddb_aws_json_headers(struct ddb_aws_json *a, const char *invocation,
                                                 const struct ddb_header *headers, size_t n,
                                                 size_t extra, struct ddb_error *e);

/*
 * Writes one signed request into 'out', which is emptied. Fails as ddb_sigv4_sign and
 * ddb_http1_request; 'out' is then empty.
 */
DDB_CHECKED enum ddb_status ddb_aws_json_write(struct ddb_aws_json *a, struct ddb_sigv4 *s,
                                               const struct ddb_aws_json_attempt *t,
                                               struct ddb_buf *out, struct ddb_error *e);

#endif
