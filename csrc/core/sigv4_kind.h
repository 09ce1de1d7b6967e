/*
 * What requests of one kind have in common for Signature Version 4: the canonical request, which
 * differs only by the time and by the digest of the body.
 */
#ifndef DDB_SIGV4_KIND_H
#define DDB_SIGV4_KIND_H

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
#define DDB_SIGV4_DATE 16u         /* bytes of "20150830T123600Z" */

/*
 * One request as it will be sent; all borrowed. Path and query are in canonical form ("/" and ""
 * for DynamoDB): the caller sorts and encodes a query. Of the headers, those that AWS requires are
 * signed (host, content-type, x-amz-*), in any case and order; proxies may change the others. So
 * are the last 'signed_count' headers, whatever their names are. The signer adds x-amz-date and
 * x-amz-security-token itself: they must not be among the headers.
 */
struct ddb_sigv4_request {
  struct ddb_slice method;
  struct ddb_slice path;
  struct ddb_slice query;
  const struct ddb_header *headers;
  size_t header_count;
  struct ddb_slice body;
  size_t signed_count;
};

/* Owned by the caller, as all that it holds. */
struct ddb_sigv4_kind {
  struct ddb_buf text;  /* the canonical request up to the digest of the body; may hold the token */
  size_t date;          /* position of the time in 'text' */
  size_t names;         /* position of SignedHeaders in 'text' */
  size_t names_length;  /* 0: not prepared */
  unsigned credentials; /* the number of the credentials that it was prepared with */
  int64_t second;       /* the time that 'text' holds, when 'absorbed' is ready */
  struct ddb_digest absorbed; /* 'text' */
};

/* Cannot fail and allocates nothing. */
void ddb_sigv4_kind_init(struct ddb_sigv4_kind *k);

/* Cleanses and frees. Harmless on a zeroed struct and when called twice. */
void ddb_sigv4_kind_free(struct ddb_sigv4_kind *k);

/*
 * Checks a request, and prepares the signature of all requests that differ from it only by the
 * body. 'token' is the session token, or empty. DDB_INVALID: no host header, a header that the
 * signer adds itself, CR, LF or NUL in the head; DDB_TOOBIG: one of the limits above; DDB_NOMEM.
 * The text names the header or field, never its value.
 */
DDB_CHECKED enum ddb_status ddb_sigv4_kind_prepare(struct ddb_sigv4_kind *k,
                                                   const struct ddb_sigv4_request *r,
                                                   struct ddb_slice token, struct ddb_error *e);

/*
 * Computes the digest of the canonical request for a time, given in seconds and as text of
 * DDB_SIGV4_DATE bytes. DDB_CRYPTO, DDB_NOMEM.
 */
DDB_CHECKED enum ddb_status ddb_sigv4_kind_digest(struct ddb_sigv4_kind *k, struct ddb_crypto *c,
                                                  int64_t second, const char *date,
                                                  struct ddb_slice body,
                                                  unsigned char out[DDB_SHA256_SIZE]);

/* Returns SignedHeaders; borrowed from the kind. */
static inline struct ddb_slice ddb_sigv4_kind_names(const struct ddb_sigv4_kind *k) {
  return ddb_slice(k->text.p + k->names, k->names_length);
}

/* A named input, so that one function checks them all. */
struct ddb_sigv4_field {
  const char *name;
  struct ddb_slice value;
  size_t max;
  bool required;
};

/* DDB_INVALID for a missing field and for CR, LF or NUL, DDB_TOOBIG; the text names the field. */
DDB_CHECKED enum ddb_status ddb_sigv4_check(const struct ddb_sigv4_field *f, size_t n,
                                            struct ddb_error *e);

#endif
