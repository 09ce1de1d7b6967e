/*
 * ES256 (RFC 7518 section 3.4): ECDSA on the curve P-256 with SHA-256, as used by JSON Web
 * Signatures.
 */
#ifndef DDB_CRYPTO_EC_H
#define DDB_CRYPTO_EC_H

#include "header.h"
#include "status.h"

#include <stddef.h>

#define DDB_ES256_SIZE 64u /* of a signature, r and s; of a public key, x and y: 32 bytes each */

/*
 * Both functions take an unencrypted private key as PEM, SEC1 ("EC PRIVATE KEY", RFC 5915) or PKCS
 * #8 ("PRIVATE KEY", RFC 5958), with a named curve. They never prompt for a password. DDB_INVALID
 * for any other text, DDB_CRYPTO when OpenSSL refuses; 'out' is then unspecified. The text of the
 * error contains nothing of the key.
 */
DDB_CHECKED enum ddb_status ddb_es256_sign(struct ddb_slice pem, struct ddb_slice message,
                                           unsigned char out[DDB_ES256_SIZE], struct ddb_error *e);

/* Computes the coordinates of the public key of a private key. */
DDB_CHECKED enum ddb_status
ddb_es256_public(struct ddb_slice pem, unsigned char out[DDB_ES256_SIZE], struct ddb_error *e);

#endif
