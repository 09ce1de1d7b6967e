#include "crypto_ec.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

#define MAX_PEM 16384u /* a key has 300 bytes; text around it is allowed */
#define MAX_DER 80u    /* OpenSSL's form of a signature has up to 72 */

static EVP_PKEY *parse(struct ddb_slice pem) {
  char password[] = ""; /* otherwise OpenSSL would prompt on the terminal */
  BIO *text = pem.n <= MAX_PEM ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
  EVP_PKEY *key = text ? PEM_read_bio_PrivateKey(text, NULL, NULL, password) : NULL;
  BIO_free(text);
  return key;
}

/*
 * All public keys on P-256 begin alike in DER (RFC 5480 section 2): the algorithm, the curve, and
 * that both coordinates follow. Comparing this start also checks the curve.
 */
static enum ddb_status coordinates(EVP_PKEY *key, unsigned char out[DDB_ES256_SIZE]) {
  static const unsigned char prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
  unsigned char *der = NULL;
  int n = i2d_PUBKEY(key, &der);
  bool ours = n == (int)(sizeof prefix + DDB_ES256_SIZE) && !memcmp(der, prefix, sizeof prefix);
  if (ours) memcpy(out, der + sizeof prefix, DDB_ES256_SIZE);
  OPENSSL_free(der);
  return ours ? DDB_OK : DDB_INVALID;
}

/* Converts OpenSSL's form, two numbers in DER, to two numbers of 32 bytes. */
static bool unwrap(const unsigned char *der, size_t n, unsigned char out[DDB_ES256_SIZE]) {
  const int half = (int)DDB_ES256_SIZE / 2;
  ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);
  bool done = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, half) == half &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + half, half) == half;
  ECDSA_SIG_free(pair);
  return done;
}

static enum ddb_status sign(EVP_PKEY *key, struct ddb_slice message,
                            unsigned char out[DDB_ES256_SIZE]) {
  unsigned char der[MAX_DER];
  size_t n = sizeof der;
  const unsigned char *text = (const unsigned char *)message.p;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool done = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(context, der, &n, text, message.n) == 1 && unwrap(der, n, out);
  EVP_MD_CTX_free(context);
  return done ? DDB_OK : DDB_CRYPTO;
}

/* Returns the signature of a message, or without one the public key. */
static enum ddb_status use(struct ddb_slice pem, const struct ddb_slice *message,
                           unsigned char out[DDB_ES256_SIZE], struct ddb_error *e) {
  ERR_set_mark(); /* the queue of OpenSSL errors belongs to the host program */
  EVP_PKEY *key = parse(pem);
  enum ddb_status st = key ? coordinates(key, out) : DDB_INVALID;
  if (!st && message) st = sign(key, *message, out);
  EVP_PKEY_free(key); /* overwrites the secret number */
  ERR_pop_to_mark();
  if (st == DDB_INVALID) return ddb_fail(e, st, "PEM of an EC private key on P-256 expected");
  return st ? ddb_fail(e, st, "ES256: %s", ddb_status_text(st)) : DDB_OK;
}

enum ddb_status ddb_es256_sign(struct ddb_slice pem, struct ddb_slice message,
                               unsigned char out[DDB_ES256_SIZE], struct ddb_error *e) {
  return use(pem, &message, out, e);
}

enum ddb_status ddb_es256_public(struct ddb_slice pem, unsigned char out[DDB_ES256_SIZE],
                                 struct ddb_error *e) {
  return use(pem, NULL, out, e);
}
