#include "crypto_gcm.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

/* What both directions share. 'encrypt' is OpenSSL's flag: 1 encrypts, 0 decrypts. */
struct gcm {
  const unsigned char *key, *nonce;
  struct ddb_slice aad;
  int encrypt;
};

/* Processes the additional data and the text; false when OpenSSL refuses. */
static bool update(EVP_CIPHER_CTX *context, const struct gcm *g, unsigned char *p, size_t n) {
  int done;
  if (!EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, g->key, g->nonce, g->encrypt))
    return false;
  if (g->aad.n > 0 &&
      !EVP_CipherUpdate(context, NULL, &done, (const unsigned char *)g->aad.p, (int)g->aad.n))
    return false;
  return n == 0 || EVP_CipherUpdate(context, p, &done, p, (int)n);
}

static bool control(EVP_CIPHER_CTX *context, int command, unsigned char *tag) {
  return EVP_CIPHER_CTX_ctrl(context, command, (int)DDB_GCM_TAG, tag) == 1;
}

/* Finishes a message: writes its tag, or compares it with 'tag'. */
static enum ddb_status finish(EVP_CIPHER_CTX *context, const struct gcm *g, unsigned char *tag) {
  unsigned char rest[DDB_GCM_TAG]; /* GCM leaves no bytes for the end */
  int done;
  if (!g->encrypt && !control(context, EVP_CTRL_AEAD_SET_TAG, tag)) return DDB_CRYPTO;
  if (!EVP_CipherFinal_ex(context, rest, &done)) return g->encrypt ? DDB_CRYPTO : DDB_INVALID;
  return !g->encrypt || control(context, EVP_CTRL_AEAD_GET_TAG, tag) ? DDB_OK : DDB_CRYPTO;
}

/* The queue of OpenSSL errors belongs to the host program and is left as it was. */
static enum ddb_status run(const struct gcm *g, unsigned char *p, size_t n, unsigned char *tag) {
  if (n > INT_MAX || g->aad.n > INT_MAX) return DDB_TOOBIG;
  ERR_set_mark();
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  enum ddb_status st = context ? DDB_OK : DDB_NOMEM;
  if (!st && !update(context, g, p, n)) st = DDB_CRYPTO;
  if (!st) st = finish(context, g, tag);
  EVP_CIPHER_CTX_free(context); /* overwrites the key's schedule */
  ERR_pop_to_mark();
  return st;
}

enum ddb_status ddb_gcm_seal(const unsigned char key[DDB_GCM_KEY],
                             const unsigned char nonce[DDB_GCM_NONCE], struct ddb_slice aad,
                             unsigned char *p, size_t n, unsigned char tag[DDB_GCM_TAG]) {
  const struct gcm g = {key, nonce, aad, 1};
  return run(&g, p, n, tag);
}

enum ddb_status ddb_gcm_open(const unsigned char key[DDB_GCM_KEY],
                             const unsigned char nonce[DDB_GCM_NONCE], struct ddb_slice aad,
                             unsigned char *p, size_t n, const unsigned char tag[DDB_GCM_TAG]) {
  const struct gcm g = {key, nonce, aad, 0};
  unsigned char copy[DDB_GCM_TAG]; /* OpenSSL takes no constant tag */
  memcpy(copy, tag, sizeof copy);
  enum ddb_status st = run(&g, p, n, copy);
  if (st && n > 0) OPENSSL_cleanse(p, n);
  return st;
}
