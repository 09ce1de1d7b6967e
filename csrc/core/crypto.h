/* SHA-256, HMAC, hex and base64. With crypto_ec and crypto_gcm the only file that uses OpenSSL. */
#ifndef DDB_CRYPTO_H
#define DDB_CRYPTO_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

#define DDB_SHA256_SIZE 32u
#define DDB_SHA256_HEX 64u
#define DDB_SHA1_SIZE 20u

/* OpenSSL's own names for its types, so that no other file includes its headers. */
struct evp_md_st;
struct evp_md_ctx_st;

/* What is kept between digests. Owned by the caller; one thread at a time. */
struct ddb_crypto {
  struct evp_md_st *sha256;    /* owned; looked up at the first use, NULL before */
  struct evp_md_ctx_st *work;  /* owned; the context of the current digest */
  struct evp_md_ctx_st *blank; /* owned; an empty digest, copied to start one */
};

/* A prepared key: both passes of HMAC with the key's block absorbed, copied for each message. */
struct ddb_hmac {
  struct evp_md_ctx_st *inner; /* owned */
  struct evp_md_ctx_st *outer; /* owned */
  bool keyed;                  /* false until set_key succeeds, and after it failed */
};

/* What a digest has absorbed so far. It is copied, to finish it with one end after another. */
struct ddb_digest {
  struct evp_md_ctx_st *state; /* owned; NULL before the first use */
  bool ready;                  /* false until absorb succeeds, and after it failed */
};

/* Cannot fail and allocates nothing. */
void ddb_crypto_init(struct ddb_crypto *c);

/* Frees what is kept. Harmless on a zeroed struct and when called twice. */
void ddb_crypto_free(struct ddb_crypto *c);

/*
 * Computes the SHA-256 (FIPS 180-4) of 'n' bytes. DDB_CRYPTO when OpenSSL offers no SHA-256,
 * DDB_NOMEM; 'out' is then unchanged.
 */
DDB_CHECKED enum ddb_status ddb_sha256(struct ddb_crypto *c, const void *p, size_t n,
                                       unsigned char out[DDB_SHA256_SIZE]);

/*
 * Absorbs the first 'n' bytes of messages; what it had absorbed is forgotten. DDB_CRYPTO,
 * DDB_NOMEM.
 */
DDB_CHECKED enum ddb_status ddb_sha256_absorb(struct ddb_digest *d, struct ddb_crypto *c,
                                              const void *p, size_t n);

/* Computes the SHA-256 of what was absorbed and 'n' bytes more. DDB_INVALID before that. */
DDB_CHECKED enum ddb_status ddb_sha256_finish(const struct ddb_digest *d, struct ddb_crypto *c,
                                              const void *p, size_t n,
                                              unsigned char out[DDB_SHA256_SIZE]);

/* Forgets what was absorbed. Harmless on a zeroed struct and when called twice. */
void ddb_digest_free(struct ddb_digest *d);

/*
 * Computes the SHA-1 (FIPS 180-4) by which AWS's tools name token caches; it protects nothing here.
 * DDB_CRYPTO when OpenSSL offers none.
 */
DDB_CHECKED enum ddb_status ddb_sha1(const void *p, size_t n, unsigned char out[DDB_SHA1_SIZE]);

/* Cannot fail and allocates nothing. */
void ddb_hmac_init(struct ddb_hmac *h);

/* Forgets the key. Harmless on a zeroed struct and when called twice. */
void ddb_hmac_free(struct ddb_hmac *h);

/*
 * Takes a key of any length for the messages to come (RFC 2104, FIPS 198-1). The caller keeps and
 * cleanses its own copy. After a failure (DDB_CRYPTO, DDB_NOMEM) there is no key, not the old one.
 */
DDB_CHECKED enum ddb_status ddb_hmac_set_key(struct ddb_hmac *h, struct ddb_crypto *c,
                                             const void *key, size_t n);

/* Computes the HMAC-SHA-256 of one message. DDB_INVALID without a key; otherwise as ddb_sha256. */
DDB_CHECKED enum ddb_status ddb_hmac_sha256(const struct ddb_hmac *h, struct ddb_crypto *c,
                                            const void *p, size_t n,
                                            unsigned char out[DDB_SHA256_SIZE]);

/* As ddb_sha256_absorb, for messages under the key. DDB_INVALID without a key. */
DDB_CHECKED enum ddb_status ddb_hmac_absorb(struct ddb_digest *d, const struct ddb_hmac *h,
                                            struct ddb_crypto *c, const void *p, size_t n);

/* Computes the HMAC of what was absorbed under the same key and 'n' bytes more. */
DDB_CHECKED enum ddb_status ddb_hmac_finish(const struct ddb_digest *d, const struct ddb_hmac *h,
                                            struct ddb_crypto *c, const void *p, size_t n,
                                            unsigned char out[DDB_SHA256_SIZE]);

/* Writes 2 * n lower-case hexadecimal digits and no NUL. */
void ddb_hex(const unsigned char *p, size_t n, char *out);

/*
 * Base64 of RFC 4648, section 4: the alphabet with + and /, always padded. Returns the exact length
 * of the text for 'n' bytes; SIZE_MAX, which no buffer can hold, when it does not fit a size_t.
 */
size_t ddb_base64_encoded_size(size_t n);

/* Writes ddb_base64_encoded_size(n) characters and no NUL. */
void ddb_base64_encode(const void *p, size_t n, char *out);

/*
 * Returns the room that suffices for decoding 'n' characters; padding makes the result up to two
 * bytes shorter.
 */
size_t ddb_base64_decoded_size(size_t n);

/*
 * Decodes strictly: DDB_INVALID for a length that is no multiple of 4, a character outside the
 * alphabet (spaces included), padding anywhere but at the end, and leftover bits that are not zero
 * (RFC 4648, section 3.5), so that every byte string has exactly one text. 'out' holds
 * ddb_base64_decoded_size(n) bytes and may be 'p' itself; '*out_len' is the number used, 0 after a
 * failure.
 */
DDB_CHECKED enum ddb_status ddb_base64_decode(const char *p, size_t n, unsigned char *out,
                                              size_t *out_len);

/*
 * Encodes as base64url without padding (RFC 4648 section 5, RFC 7515 section 2); returns the
 * length. 'out' has room for ddb_base64_encoded_size(n) characters.
 */
size_t ddb_base64url_encode(const void *p, size_t n, char *out);

/*
 * Decodes base64url without padding, as strictly as ddb_base64_decode. 'out' has room for n + 3
 * bytes; '*out_len' is the number used, 0 after a failure (DDB_INVALID).
 */
DDB_CHECKED enum ddb_status ddb_base64url_decode(const char *p, size_t n, unsigned char *out,
                                                 size_t *out_len);

/* Fills 'p' with unpredictable bytes; DDB_CRYPTO when OpenSSL has none. */
DDB_CHECKED enum ddb_status ddb_random(void *p, size_t n);

/* Returns true for equal bytes; the time that it takes does not depend on them. */
bool ddb_crypto_equal(const void *p, const void *q, size_t n);

/* Overwrites a secret in a way that no compiler removes; NULL is allowed when n is 0. */
void ddb_crypto_cleanse(void *p, size_t n);

#endif
