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
#include "sigv4_kind.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DDB_SIGV4_MAX_SECRET 1024u /* bytes of a key id or a secret; AWS uses up to 128 */
#define DDB_SIGV4_MAX_TOKEN 32768u /* bytes of a session token; AWS sets no limit */

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
  struct ddb_buf secret;        /* "AWS4" and the secret */
  struct ddb_buf session;       /* the token */
  unsigned credentials;         /* counts how often they were replaced */
  struct ddb_sigv4_kind single; /* of the last request signed by ddb_sigv4_sign */
  struct ddb_crypto crypto;
  struct ddb_hmac hmac;    /* holds the signing key while 'derived' */
  struct ddb_digest start; /* the string to sign up to the digest, for 'date'; unless not ready */
  bool derived;            /* false: secret, region or service changed */
  int64_t day;             /* the day, counted from 1970, that the signing key is for */
  int64_t second;          /* the time of 'date', in seconds since 1970, unless 'date' is empty */
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
 * the limits; DDB_NOMEM, DDB_CRYPTO. The text names the header or field, never its value.
 */
DDB_CHECKED enum ddb_status ddb_sigv4_sign(struct ddb_sigv4 *s, const struct ddb_sigv4_request *r,
                                           int64_t unix_seconds, struct ddb_error *e);

/*
 * Prepares the signatures of all requests that differ from 'r' only by the body: as ddb_sigv4_sign,
 * without a time.
 */
DDB_CHECKED enum ddb_status ddb_sigv4_prepare(struct ddb_sigv4 *s, struct ddb_sigv4_kind *k,
                                              const struct ddb_sigv4_request *r,
                                              struct ddb_error *e);

/* Returns true when the kind was prepared with the signer's present credentials. */
bool ddb_sigv4_is_prepared(const struct ddb_sigv4 *s, const struct ddb_sigv4_kind *k);

/* Signs one request of a kind that is prepared; as ddb_sigv4_sign. */
DDB_CHECKED enum ddb_status ddb_sigv4_sign_kind(struct ddb_sigv4 *s, struct ddb_sigv4_kind *k,
                                                struct ddb_slice body, int64_t unix_seconds,
                                                struct ddb_error *e);

#endif
