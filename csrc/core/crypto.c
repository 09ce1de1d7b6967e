#include "crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 64u /* block size of SHA-256, and of an HMAC key (FIPS 198-1) */

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
/* A digest that is fetched once saves OpenSSL 3 a search of its providers for each message. */
static EVP_MD *get_sha256(void) {
  return EVP_MD_fetch(NULL, "SHA2-256", NULL);
}

static void drop_sha256(EVP_MD *md) {
  EVP_MD_free(md);
}
#else
static EVP_MD *get_sha256(void) {
  return (EVP_MD *)EVP_sha256(); /* a static of the library; read only */
}

static void drop_sha256(EVP_MD *md) {
  (void)md;
}
#endif

void ddb_crypto_init(struct ddb_crypto *c) {
  memset(c, 0, sizeof *c);
}

void ddb_crypto_free(struct ddb_crypto *c) {
  EVP_MD_CTX_free(c->work);
  EVP_MD_CTX_free(c->blank);
  drop_sha256(c->sha256);
  ddb_crypto_init(c);
}

/* '*context' exists afterwards, with unspecified content. */
static enum ddb_status have_context(EVP_MD_CTX **context) {
  if (!*context) *context = EVP_MD_CTX_new();
  return *context ? DDB_OK : DDB_NOMEM;
}

/* 'blank' is made last: when it exists, the rest does as well. */
static enum ddb_status prepare(struct ddb_crypto *c) {
  EVP_MD_CTX *blank = NULL;
  if (c->blank) return DDB_OK;
  enum ddb_status st = have_context(&c->work);
  if (!st) st = have_context(&blank);
  if (!st && !c->sha256) c->sha256 = get_sha256();
  if (!st && !(c->sha256 && EVP_DigestInit_ex(blank, c->sha256, NULL))) st = DDB_CRYPTO;
  if (!st)
    c->blank = blank;
  else
    EVP_MD_CTX_free(blank);
  return st;
}

/*
 * Prepares the digests. The queue of OpenSSL errors belongs to the host program and is left as it
 * was.
 */
static enum ddb_status ready(struct ddb_crypto *c) {
  if (c->blank) return DDB_OK;
  ERR_set_mark();
  enum ddb_status st = prepare(c);
  ERR_pop_to_mark();
  return st;
}

/* Finishes the digest of what 'start' has absorbed, followed by 'n' bytes. */
static enum ddb_status digest(struct ddb_crypto *c, const EVP_MD_CTX *start, const void *p,
                              size_t n, unsigned char out[DDB_SHA256_SIZE]) {
  if (!EVP_MD_CTX_copy_ex(c->work, start)) return DDB_CRYPTO;
  if (!EVP_DigestUpdate(c->work, p, n)) return DDB_CRYPTO;
  return EVP_DigestFinal_ex(c->work, out, NULL) ? DDB_OK : DDB_CRYPTO;
}

enum ddb_status ddb_sha256(struct ddb_crypto *c, const void *p, size_t n,
                           unsigned char out[DDB_SHA256_SIZE]) {
  enum ddb_status st = ready(c);
  return st ? st : digest(c, c->blank, p, n, out);
}

/* Lets 'd' absorb what 'start' has absorbed, and 'n' bytes. */
static enum ddb_status absorb_after(struct ddb_digest *d, const EVP_MD_CTX *start, const void *p,
                                    size_t n) {
  d->ready = false;
  enum ddb_status st = have_context(&d->state);
  if (st) return st;
  d->ready = EVP_MD_CTX_copy_ex(d->state, start) && EVP_DigestUpdate(d->state, p, n);
  return d->ready ? DDB_OK : DDB_CRYPTO;
}

enum ddb_status ddb_sha256_absorb(struct ddb_digest *d, struct ddb_crypto *c, const void *p,
                                  size_t n) {
  enum ddb_status st = ready(c);
  return st ? st : absorb_after(d, c->blank, p, n);
}

enum ddb_status ddb_sha256_finish(const struct ddb_digest *d, struct ddb_crypto *c, const void *p,
                                  size_t n, unsigned char out[DDB_SHA256_SIZE]) {
  return d->ready ? digest(c, d->state, p, n, out) : DDB_INVALID;
}

void ddb_digest_free(struct ddb_digest *d) {
  EVP_MD_CTX_free(d->state);
  memset(d, 0, sizeof *d);
}

enum ddb_status ddb_sha1(const void *p, size_t n, unsigned char out[DDB_SHA1_SIZE]) {
  ERR_set_mark();
  int done = EVP_Digest(p, n, out, NULL, EVP_sha1(), NULL);
  ERR_pop_to_mark();
  return done ? DDB_OK : DDB_CRYPTO;
}

void ddb_hmac_init(struct ddb_hmac *h) {
  memset(h, 0, sizeof *h);
}

/*
 * OpenSSL overwrites a digest's state before it frees it, and with it what is derived from the key.
 */
void ddb_hmac_free(struct ddb_hmac *h) {
  EVP_MD_CTX_free(h->inner);
  EVP_MD_CTX_free(h->outer);
  ddb_hmac_init(h);
}

/* Lets '*context' absorb the key's block combined with one of HMAC's two pads. */
static enum ddb_status absorb(EVP_MD_CTX **context, const struct ddb_crypto *c,
                              const unsigned char key[BLOCK], unsigned char pad) {
  unsigned char block[BLOCK];
  enum ddb_status st = have_context(context);
  for (size_t i = 0; i < BLOCK; i++) block[i] = key[i] ^ pad;
  if (!st && !(EVP_MD_CTX_copy_ex(*context, c->blank) && EVP_DigestUpdate(*context, block, BLOCK)))
    st = DDB_CRYPTO;
  OPENSSL_cleanse(block, sizeof block);
  return st;
}

enum ddb_status ddb_hmac_set_key(struct ddb_hmac *h, struct ddb_crypto *c, const void *key,
                                 size_t n) {
  unsigned char block[BLOCK] = {0};
  enum ddb_status st = ready(c);
  h->keyed = false;
  if (!st && n > BLOCK)
    st = ddb_sha256(c, key, n, block);
  else if (!st && n > 0)
    memcpy(block, key, n);
  if (!st) st = absorb(&h->inner, c, block, 0x36);
  if (!st) st = absorb(&h->outer, c, block, 0x5c);
  h->keyed = !st;
  OPENSSL_cleanse(block, sizeof block);
  return st;
}

enum ddb_status ddb_hmac_sha256(const struct ddb_hmac *h, struct ddb_crypto *c, const void *p,
                                size_t n, unsigned char out[DDB_SHA256_SIZE]) {
  const struct ddb_digest start = {h->inner, h->keyed};
  return ddb_hmac_finish(&start, h, c, p, n, out);
}

enum ddb_status ddb_hmac_absorb(struct ddb_digest *d, const struct ddb_hmac *h,
                                struct ddb_crypto *c, const void *p, size_t n) {
  enum ddb_status st = h->keyed ? ready(c) : DDB_INVALID;
  return st ? st : absorb_after(d, h->inner, p, n);
}

enum ddb_status ddb_hmac_finish(const struct ddb_digest *d, const struct ddb_hmac *h,
                                struct ddb_crypto *c, const void *p, size_t n,
                                unsigned char out[DDB_SHA256_SIZE]) {
  unsigned char inner[DDB_SHA256_SIZE];
  if (!h->keyed || !d->ready) return DDB_INVALID;
  enum ddb_status st = ready(c);
  if (!st) st = digest(c, d->state, p, n, inner);
  if (!st) st = digest(c, h->outer, inner, sizeof inner, out);
  OPENSSL_cleanse(inner, sizeof inner); /* of a key that is derived */
  return st;
}

void ddb_hex(const unsigned char *p, size_t n, char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    *out++ = digits[p[i] >> 4];
    *out++ = digits[p[i] & 15];
  }
}

size_t ddb_base64_encoded_size(size_t n) {
  size_t groups = n / 3 + (n % 3 != 0);
  return groups > SIZE_MAX / 4 ? SIZE_MAX : groups * 4;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Encodes the last one or two bytes with padding. */
static void encode_tail(const unsigned char *in, size_t n, char *out) {
  unsigned bits = (unsigned)in[0] << 16 | (n == 2 ? (unsigned)in[1] << 8 : 0);
  out[0] = alphabet[bits >> 18];
  out[1] = alphabet[bits >> 12 & 63];
  out[2] = out[3] = '=';
  if (n == 2) out[2] = alphabet[bits >> 6 & 63];
}

void ddb_base64_encode(const void *p, size_t n, char *out) {
  const unsigned char *in = p;
  for (; n >= 3; n -= 3, in += 3, out += 4) {
    unsigned bits = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[bits >> 12 & 63];
    out[2] = alphabet[bits >> 6 & 63];
    out[3] = alphabet[bits & 63];
  }
  if (n > 0) encode_tail(in, n, out);
}

size_t ddb_base64url_encode(const void *p, size_t n, char *out) {
  size_t length = ddb_base64_encoded_size(n);
  ddb_base64_encode(p, n, out);
  while (length > 0 && out[length - 1] == '=') length--;
  for (size_t i = 0; i < length; i++) {
    if (out[i] == '+') out[i] = '-';
    if (out[i] == '/') out[i] = '_';
  }
  return length;
}

size_t ddb_base64_decoded_size(size_t n) {
  return n / 4 * 3;
}

/* The six bits of each character; NO for characters outside the alphabet. */
#define NO 0x80
#define NO_8 NO, NO, NO, NO, NO, NO, NO, NO
#define NO_32 NO_8, NO_8, NO_8, NO_8
static const unsigned char six_bits[256] = {
    NO_32, NO_8, NO, NO, NO, 62,    NO,    NO,    NO,   63,             /* up to '/' */
    52,    53,   54, 55, 56, 57,    58,    59,    60,   61, NO, NO,     /* '0' to '9' */
    NO,    NO,   NO, NO, NO, 0,     1,     2,     3,    4,  5,  6,      /* 'A' onwards */
    7,     8,    9,  10, 11, 12,    13,    14,    15,   16, 17, 18,     /* 'H' onwards */
    19,    20,   21, 22, 23, 24,    25,    NO,    NO,   NO, NO, NO, NO, /* 'T' onwards */
    26,    27,   28, 29, 30, 31,    32,    33,    34,   35, 36, 37, 38, /* 'a' onwards */
    39,    40,   41, 42, 43, 44,    45,    46,    47,   48, 49, 50, 51, /* 'n' onwards */
    NO,    NO,   NO, NO, NO, NO_32, NO_32, NO_32, NO_32};

/* Converts four characters to 24 bits; sets a bit above those when one is outside the alphabet. */
static unsigned quad(const unsigned char *in) {
  unsigned a = six_bits[in[0]], b = six_bits[in[1]], c = six_bits[in[2]], d = six_bits[in[3]];
  return a << 18 | b << 12 | c << 6 | d | ((a | b | c | d) & NO) << 24;
}

/*
 * Decodes the last four characters, of which up to two may be padding. Returns the number of bytes,
 * 0 if malformed.
 */
static size_t decode_tail(const unsigned char *in, unsigned char *out) {
  unsigned char last[4] = {in[0], in[1], in[2], in[3]};
  size_t padding = last[3] != '=' ? 0 : last[2] != '=' ? 1 : 2;
  for (size_t i = 4 - padding; i < 4; i++) last[i] = 'A'; /* the character for no bits */
  unsigned bits = quad(last);
  if (bits >> 24) return 0;
  if (bits & ((1U << 8 * padding) - 1)) return 0; /* bits that belong to no byte */
  out[0] = (unsigned char)(bits >> 16);
  if (padding < 2) out[1] = (unsigned char)(bits >> 8);
  if (padding < 1) out[2] = (unsigned char)bits;
  return 3 - padding;
}

enum ddb_status ddb_base64_decode(const char *p, size_t n, unsigned char *out, size_t *out_len) {
  const unsigned char *in = (const unsigned char *)p;
  size_t done = 0;
  *out_len = 0;
  if (n % 4 != 0) return DDB_INVALID;
  if (n == 0) return DDB_OK;
  for (; n > 4; n -= 4, in += 4, done += 3) {
    unsigned bits = quad(in);
    if (bits >> 24) return DDB_INVALID;
    out[done] = (unsigned char)(bits >> 16);
    out[done + 1] = (unsigned char)(bits >> 8);
    out[done + 2] = (unsigned char)bits;
  }
  size_t tail = decode_tail(in, out + done);
  if (tail == 0) return DDB_INVALID;
  *out_len = done + tail;
  return DDB_OK;
}

/* Returns the character of base64 for one of base64url; one outside the alphabet for others. */
static char to_base64(char c) {
  if (c == '-') return '+';
  if (c == '_') return '/';
  if (c == '+' || c == '/') return '=';
  return c;
}

enum ddb_status ddb_base64url_decode(const char *p, size_t n, unsigned char *out, size_t *out_len) {
  size_t padded = n;
  *out_len = 0;
  for (size_t i = 0; i < n; i++) out[i] = (unsigned char)to_base64(p[i]);
  if (n > 0 && out[n - 1] == '=') return DDB_INVALID;
  while (padded % 4 != 0) out[padded++] = '=';
  return ddb_base64_decode((const char *)out, padded, out, out_len);
}

enum ddb_status ddb_random(void *p, size_t n) {
  return n <= INT_MAX && RAND_bytes(p, (int)n) == 1 ? DDB_OK : DDB_CRYPTO;
}

bool ddb_crypto_equal(const void *p, const void *q, size_t n) {
  return CRYPTO_memcmp(p, q, n) == 0;
}

void ddb_crypto_cleanse(void *p, size_t n) {
  if (n > 0) OPENSSL_cleanse(p, n);
}
