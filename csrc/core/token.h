/*
 * Tokens: bytes that a program hands out and takes back later, such as cursors. They are
 * authenticated by HMAC-SHA-256 or encrypted by AES-256-GCM, bound to a context, and expire.
 *
 *   plain      1, expiry (5 bytes), body, MAC (16)
 *   encrypted  2, expiry (5 bytes), nonce (16), encrypted body, tag (16)
 *
 * The expiry is a time in seconds since 1970, the most significant byte first. The MAC is cut to 16
 * bytes (RFC 2104 section 5). Keys are derived from the secret with a label for each purpose, and
 * the key of an encrypted token also from its nonce, so that a secret may make any number of them.
 */
#ifndef DDB_TOKEN_H
#define DDB_TOKEN_H

#include "header.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>

#define DDB_TOKEN_MORE 38u            /* bytes that a token may have more than its body */
#define DDB_TOKEN_LAST 1099511627775u /* the latest expiry: 2^40 - 1 */

/* Borrowed. The caller keeps and cleanses its copy of the secret, which should have 32 bytes. */
struct ddb_token {
  struct ddb_slice secret;
  struct ddb_slice context; /* what a token is bound to; it is no part of the token */
};

/*
 * Makes a token. 'out' has room for body.n + DDB_TOKEN_MORE bytes; '*n' is the number used.
 * DDB_CRYPTO, DDB_NOMEM, DDB_TOOBIG for an expiry after DDB_TOKEN_LAST.
 */
DDB_CHECKED enum ddb_status ddb_token_seal(const struct ddb_token *t, struct ddb_slice body,
                                           uint64_t expires, bool encrypt, unsigned char *out,
                                           size_t *n);

/* Why a token was refused. */
enum ddb_token_fault {
  DDB_TOKEN_MALFORMED, /* it has no token's form */
  DDB_TOKEN_FOREIGN,   /* it was changed, or made with another secret or for another context */
  DDB_TOKEN_EXPIRED
};

/*
 * Opens a token of 'n' bytes, which may be overwritten; '*body' are those of them that the body is.
 * DDB_INVALID when it is refused, for the reason '*fault'; DDB_CRYPTO, DDB_NOMEM. An expiry is
 * looked at only after the token was found to be authentic.
 */
DDB_CHECKED enum ddb_status ddb_token_open(const struct ddb_token *t, unsigned char *p, size_t n,
                                           uint64_t now, struct ddb_slice *body,
                                           enum ddb_token_fault *fault);

#endif
