/*
 * AWS Signature Version 4: (request, credentials, time) -> the values of three headers. The rules
 * are those of "Create a signed AWS API request" in the IAM user guide,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
#ifndef DDB_SIGV4_H
#define DDB_SIGV4_H

#include "buf.h"
#include "crypto.h"
#include "header.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DDB_SIGV4_MAX_HEADERS 32u  /* of a request; the signer adds two more */
#define DDB_SIGV4_MAX_NAME 128u    /* bytes of a header name, a region, a service, a method */
#define DDB_SIGV4_MAX_VALUE 65536u /* bytes of a header value, a path, a query */
#define DDB_SIGV4_MAX_SECRET 1024u /* bytes of a key id or a secret; AWS uses up to 128 */
#define DDB_SIGV4_MAX_TOKEN 32768u /* bytes of a session token; AWS sets no limit */
#define DDB_SIGV4_DATE 16u         /* bytes of "20150830T123600Z" */

/*
 * One request as it will be sent; all borrowed. Path and query are in canonical form ("/" and ""
 * for DynamoDB): the caller sorts and encodes a query. Of the headers, those that AWS requires are
 * signed (host, content-type, x-amz-*), in any case and order; proxies may change the others. The
 * signer adds x-amz-date and x-amz-security-token itself: they must not be among the headers.
 */
struct ddb_sigv4_request {
  struct ddb_slice method;
  struct ddb_slice path;
  struct ddb_slice query;
  const struct ddb_header *headers;
  size_t header_count;
  struct ddb_slice body;
};

/* The signer: scope, credentials, and what is kept between signatures. One thread at a time. */
struct ddb_sigv4 {
  /*
   * Results of the last signature, to be sent in x-amz-date, x-amz-security-token, authorization.
   */
  char date[DDB_SIGV4_DATE + 1];
  struct ddb_slice
      token; /* empty: send none; borrows from 'session' until the credentials change */
  struct ddb_buf authorization; /* owned; empty unless the last sign succeeded */

  /* Private to the signer. */
  struct ddb_buf region;
  struct ddb_buf service;
  struct ddb_buf key_id;
  struct ddb_buf secret;  /* "AWS4" and the secret */
  struct ddb_buf session; /* the token */
  struct ddb_buf scratch; /* canonical request and string to sign; holds the token */
  struct ddb_crypto crypto;
  struct ddb_hmac hmac; /* holds the signing key while 'derived' */
  bool derived;         /* false: secret, region or service changed */
  int64_t day;          /* the day, counted from 1970, that the signing key is for */
  int64_t second;       /* the time of 'date', in seconds since 1970, unless 'date' is empty */
};

/* Cannot fail and allocates nothing. */
void ddb_sigv4_init(struct ddb_sigv4 *s);

/* Cleanses and frees. Harmless on a zeroed struct and when called twice. */
void ddb_sigv4_free(struct ddb_sigv4 *s);

/*
 * Sets the scope of signatures, such as "eu-west-1" and "dynamodb". Copies. DDB_INVALID for an
 * empty one or one with CR, LF or NUL, DDB_TOOBIG, DDB_NOMEM; the old scope then remains.
 */
DDB_CHECKED enum ddb_status ddb_sigv4_scope(struct ddb_sigv4 *s, struct ddb_slice region,
                                            struct ddb_slice service, struct ddb_error *e);

/*
 * Sets the credentials. Copies; an empty token means none. DDB_INVALID for an empty key id or
 * secret and for CR, LF or NUL in any of the three, DDB_TOOBIG, DDB_NOMEM; the old credentials then
 * remain.
 */
DDB_CHECKED enum ddb_status ddb_sigv4_credentials(struct ddb_sigv4 *s, struct ddb_slice key_id,
                                                  struct ddb_slice secret, struct ddb_slice token,
                                                  struct ddb_error *e);

/*
 * Signs for a time in seconds since 1970 (UTC, up to the year 9999). On DDB_OK date, token and
 * authorization of 's' are to be sent. DDB_INVALID: no scope, credentials or host header, a header
 * that the signer adds itself, CR, LF or NUL in the head, a time out of range; DDB_TOOBIG: one of
 * the limits above; DDB_NOMEM, DDB_CRYPTO. The text names the header or field, never its value.
 */
DDB_CHECKED enum ddb_status ddb_sigv4_sign(struct ddb_sigv4 *s, const struct ddb_sigv4_request *r,
                                           int64_t unix_seconds, struct ddb_error *e);

#endif
