#include "token.h"

#include "crypto.h"
#include "crypto_gcm.h"

#include <string.h>

enum { PLAIN = 1, ENCRYPTED = 2 };
#define HEADER 6u
#define NONCE 16u
#define TAG 16u
#define LABEL 32u

static const char authenticate[LABEL] = "dynamodb token 1 authenticate";
static const char encryption[LABEL] = "dynamodb token 1 encrypt";

/* Computes HMAC(secret, label, SHA-256 of the context, 'n' bytes). */
static enum ddb_status derive(const struct ddb_token *t, const char label[LABEL],
                              const unsigned char *p, size_t n,
                              unsigned char out[DDB_SHA256_SIZE]) {
  unsigned char start[LABEL + DDB_SHA256_SIZE];
  struct ddb_crypto c;
  struct ddb_hmac h;
  struct ddb_digest d = {NULL, false};
  ddb_crypto_init(&c);
  ddb_hmac_init(&h);
  memcpy(start, label, LABEL);
  enum ddb_status st = ddb_sha256(&c, t->context.p, t->context.n, start + LABEL);
  if (!st) st = ddb_hmac_set_key(&h, &c, t->secret.p, t->secret.n);
  if (!st) st = ddb_hmac_absorb(&d, &h, &c, start, sizeof start);
  if (!st) st = ddb_hmac_finish(&d, &h, &c, p, n, out);
  ddb_digest_free(&d);
  ddb_hmac_free(&h);
  ddb_crypto_free(&c);
  return st;
}

/* 'p' is a token without its MAC, which is written after it. */
static enum ddb_status seal_plain(const struct ddb_token *t, unsigned char *p, size_t n) {
  unsigned char mac[DDB_SHA256_SIZE];
  enum ddb_status st = derive(t, authenticate, p, n, mac);
  if (!st) memcpy(p + n, mac, TAG);
  ddb_crypto_cleanse(mac, sizeof mac);
  return st;
}

/*
 * The nonce of AES-GCM is the end of the token's, from all of which the key is derived. The header
 * and the nonce are authenticated with the text.
 */
static enum ddb_status seal_encrypted(const struct ddb_token *t, unsigned char *p, size_t n) {
  unsigned char key[DDB_SHA256_SIZE], *text = p + HEADER + NONCE;
  const struct ddb_slice aad = ddb_slice((const char *)p, HEADER + NONCE);
  enum ddb_status st = derive(t, encryption, p, HEADER + NONCE, key);
  if (!st) st = ddb_gcm_seal(key, text - DDB_GCM_NONCE, aad, text, n - aad.n, p + n);
  ddb_crypto_cleanse(key, sizeof key);
  return st;
}

static void write_header(unsigned char *p, unsigned char kind, uint64_t expires) {
  *p = kind;
  for (size_t i = HEADER - 1; i > 0; i--, expires >>= 8) p[i] = (unsigned char)(expires & 255);
}

static uint64_t read_expiry(const unsigned char *p) {
  uint64_t expires = 0;
  for (size_t i = 1; i < HEADER; i++) expires = expires << 8 | p[i];
  return expires;
}

enum ddb_status ddb_token_seal(const struct ddb_token *t, struct ddb_slice body, uint64_t expires,
                               bool encrypt, unsigned char *out, size_t *n) {
  size_t start = encrypt ? HEADER + NONCE : HEADER, size = start + body.n;
  *n = 0;
  if (expires > DDB_TOKEN_LAST) return DDB_TOOBIG;
  write_header(out, encrypt ? ENCRYPTED : PLAIN, expires);
  enum ddb_status st = encrypt ? ddb_random(out + HEADER, NONCE) : DDB_OK;
  if (body.n > 0) memcpy(out + start, body.p, body.n);
  if (!st) st = encrypt ? seal_encrypted(t, out, size) : seal_plain(t, out, size);
  if (!st) *n = size + TAG;
  return st;
}

static enum ddb_status open_plain(const struct ddb_token *t, const unsigned char *p, size_t n) {
  unsigned char mac[DDB_SHA256_SIZE];
  enum ddb_status st = derive(t, authenticate, p, n, mac);
  if (!st && !ddb_crypto_equal(mac, p + n, TAG)) st = DDB_INVALID;
  ddb_crypto_cleanse(mac, sizeof mac); /* it would make a token of changed bytes authentic */
  return st;
}

static enum ddb_status open_encrypted(const struct ddb_token *t, unsigned char *p, size_t n) {
  unsigned char key[DDB_SHA256_SIZE], *text = p + HEADER + NONCE;
  const struct ddb_slice aad = ddb_slice((const char *)p, HEADER + NONCE);
  enum ddb_status st = derive(t, encryption, p, HEADER + NONCE, key);
  if (!st) st = ddb_gcm_open(key, text - DDB_GCM_NONCE, aad, text, n - aad.n, p + n);
  ddb_crypto_cleanse(key, sizeof key);
  return st;
}

enum ddb_status ddb_token_open(const struct ddb_token *t, unsigned char *p, size_t n, uint64_t now,
                               struct ddb_slice *body, enum ddb_token_fault *fault) {
  *body = ddb_slice(NULL, 0);
  *fault = DDB_TOKEN_MALFORMED;
  if (n < HEADER + TAG || (*p != PLAIN && *p != ENCRYPTED)) return DDB_INVALID;
  size_t start = *p == ENCRYPTED ? HEADER + NONCE : HEADER;
  if (n < start + TAG) return DDB_INVALID;
  size_t size = n - TAG;
  enum ddb_status st = *p == ENCRYPTED ? open_encrypted(t, p, size) : open_plain(t, p, size);
  if (st == DDB_INVALID) *fault = DDB_TOKEN_FOREIGN;
  if (st) return st;
  *fault = DDB_TOKEN_EXPIRED;
  if (now >= read_expiry(p)) return DDB_INVALID;
  *body = ddb_slice((const char *)p + start, size - start);
  return DDB_OK;
}
