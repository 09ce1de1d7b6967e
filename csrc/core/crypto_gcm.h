/* AES-256-GCM (NIST SP 800-38D). Uses OpenSSL, as crypto does. */
#ifndef DDB_CRYPTO_GCM_H
#define DDB_CRYPTO_GCM_H

#include "header.h"
#include "status.h"

#define DDB_GCM_KEY 32u
#define DDB_GCM_NONCE 12u
#define DDB_GCM_TAG 16u

/*
 * Encrypts 'n' bytes where they are, and computes the tag of them and of 'aad'. A nonce must not be
 * used twice with one key. DDB_CRYPTO when OpenSSL offers no such cipher, DDB_NOMEM, DDB_TOOBIG
 * for more than INT_MAX bytes.
 */
DDB_CHECKED enum ddb_status ddb_gcm_seal(const unsigned char key[DDB_GCM_KEY],
                                         const unsigned char nonce[DDB_GCM_NONCE],
                                         struct ddb_slice aad, unsigned char *p, size_t n,
                                         unsigned char tag[DDB_GCM_TAG]);

/*
 * Decrypts 'n' bytes where they are. DDB_INVALID when the tag is another one; the bytes are then
 * overwritten. Otherwise as ddb_gcm_seal. The tags are compared in constant time.
 */
DDB_CHECKED enum ddb_status ddb_gcm_open(const unsigned char key[DDB_GCM_KEY],
                                         const unsigned char nonce[DDB_GCM_NONCE],
                                         struct ddb_slice aad, unsigned char *p, size_t n,
                                         const unsigned char tag[DDB_GCM_TAG]);

#endif
