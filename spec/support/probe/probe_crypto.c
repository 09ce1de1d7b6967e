/* probe.crypto: SHA-256, HMAC, hex, base64, ES256, AES-GCM and tokens. */
#include "probe.h"

#include "../../../csrc/core/crypto.h"
#include "../../../csrc/core/crypto_ec.h"
#include "../../../csrc/core/crypto_gcm.h"
#include "../../../csrc/core/token.h"

#include <string.h>

static int push_digest(lua_State *L, enum ddb_status st, const unsigned char *digest) {
  char hex[DDB_SHA256_HEX];
  if (st) return luaL_error(L, "%s", ddb_status_text(st));
  ddb_hex(digest, DDB_SHA256_SIZE, hex);
  lua_pushlstring(L, hex, sizeof hex);
  return 1;
}

/* (text, ...) -> the digest of the last text; all digests use one struct ddb_crypto */
static int crypto_sha256(lua_State *L) {
  struct ddb_crypto c;
  unsigned char digest[DDB_SHA256_SIZE];
  enum ddb_status st = DDB_OK;
  ddb_crypto_init(&c);
  for (int i = 1; !st && i <= lua_gettop(L); i++) {
    size_t n;
    const char *p = lua_tolstring(L, i, &n);
    st = ddb_sha256(&c, p, n, digest);
  }
  ddb_crypto_free(&c);
  ddb_crypto_free(&c);
  return push_digest(L, st, digest);
}

/* An HMAC and the struct ddb_crypto that computes it. */
struct keyed {
  struct ddb_crypto c;
  struct ddb_hmac h;
};

static void keyed_init(struct keyed *k) {
  ddb_crypto_init(&k->c);
  ddb_hmac_init(&k->h);
}

static void keyed_free(struct keyed *k) {
  ddb_crypto_free(&k->c);
  ddb_hmac_free(&k->h);
}

/* Sets the string at 'index' as key. It raises no Lua error, since the caller frees the state. */
static enum ddb_status set_key(lua_State *L, int index, struct keyed *k) {
  size_t n;
  const char *p = lua_tolstring(L, index, &n);
  return ddb_hmac_set_key(&k->h, &k->c, p, n);
}

static enum ddb_status mac(lua_State *L, int index, struct keyed *k, unsigned char *digest) {
  size_t n;
  const char *p = lua_tolstring(L, index, &n);
  return ddb_hmac_sha256(&k->h, &k->c, p, n, digest);
}

/* (key, message, ...) -> the MAC of the last message */
static int crypto_hmac(lua_State *L) {
  struct keyed k;
  unsigned char digest[DDB_SHA256_SIZE];
  keyed_init(&k);
  enum ddb_status st = set_key(L, 1, &k);
  for (int i = 2; !st && i <= lua_gettop(L); i++) st = mac(L, i, &k, digest);
  keyed_free(&k);
  ddb_hmac_free(&k.h);
  return push_digest(L, st, digest);
}

/* (first key, second key, message) -> the MAC with the second key */
static int crypto_rekeyed(lua_State *L) {
  struct keyed k;
  unsigned char digest[DDB_SHA256_SIZE];
  keyed_init(&k);
  enum ddb_status st = set_key(L, 1, &k);
  if (!st) st = set_key(L, 2, &k);
  if (!st) st = mac(L, 3, &k, digest);
  keyed_free(&k);
  return push_digest(L, st, digest);
}

/* -> the result of an HMAC without a key */
static int crypto_unkeyed(lua_State *L) {
  struct keyed k;
  unsigned char digest[DDB_SHA256_SIZE];
  keyed_init(&k);
  enum ddb_status st = ddb_hmac_sha256(&k.h, &k.c, "", 0, digest);
  keyed_free(&k);
  lua_pushstring(L, ddb_status_text(st));
  return 1;
}

static int crypto_hex(lua_State *L) {
  struct ddb_slice bytes = probe_slice(L, 1);
  char *out = lua_newuserdata(L, 2 * bytes.n + 1);
  ddb_hex((const unsigned char *)bytes.p, bytes.n, out);
  lua_pushlstring(L, out, 2 * bytes.n);
  return 1;
}

static int crypto_base64_encode(lua_State *L) {
  struct ddb_slice bytes = probe_slice(L, 1);
  size_t size = ddb_base64_encoded_size(bytes.n);
  char *out = lua_newuserdata(L, size + 1);
  ddb_base64_encode(bytes.p, bytes.n, out);
  lua_pushlstring(L, out, size);
  return 1;
}

static int crypto_base64url_encode(lua_State *L) {
  struct ddb_slice bytes = probe_slice(L, 1);
  char *out = lua_newuserdata(L, ddb_base64_encoded_size(bytes.n));
  lua_pushlstring(L, out, ddb_base64url_encode(bytes.p, bytes.n, out));
  return 1;
}

static int push_es256(lua_State *L, enum ddb_status st, const unsigned char *bytes,
                      const struct ddb_error *e) {
  if (st) return probe_failure(L, st, e);
  lua_pushlstring(L, (const char *)bytes, DDB_ES256_SIZE);
  return 1;
}

/* (pem, message) -> 64 bytes, or nil, text, status */
static int crypto_es256_sign(lua_State *L) {
  unsigned char out[DDB_ES256_SIZE];
  struct ddb_error e = {""};
  enum ddb_status st = ddb_es256_sign(probe_slice(L, 1), probe_slice(L, 2), out, &e);
  return push_es256(L, st, out, &e);
}

/* (pem) -> 64 bytes, or nil, text, status */
static int crypto_es256_public(lua_State *L) {
  unsigned char out[DDB_ES256_SIZE];
  struct ddb_error e = {""};
  enum ddb_status st = ddb_es256_public(probe_slice(L, 1), out, &e);
  return push_es256(L, st, out, &e);
}

/* Pushes what was decoded, or nil, the status and the size -> number of results. */
static int push_decoded(lua_State *L, enum ddb_status st, const unsigned char *out, size_t used) {
  if (!st) {
    lua_pushlstring(L, (const char *)out, used);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, ddb_status_text(st));
  lua_pushnumber(L, (lua_Number)used);
  return 3;
}

/* -> bytes, or nil, status, size; the output buffer has exactly ddb_base64_decoded_size bytes */
static int crypto_base64_decode(lua_State *L) {
  size_t used = 1;
  struct ddb_slice text = probe_slice(L, 1);
  unsigned char *out = lua_newuserdata(L, ddb_base64_decoded_size(text.n));
  enum ddb_status st = ddb_base64_decode(text.p, text.n, out, &used);
  return push_decoded(L, st, out, used);
}

/* Returns a copy of string argument 1, which may be overwritten. */
static char *copy(lua_State *L, size_t *n) {
  struct ddb_slice text = probe_slice(L, 1);
  *n = text.n;
  return memcpy(lua_newuserdata(L, text.n + 1), text.p, text.n);
}

/* (text) -> bytes, decoded in place */
static int crypto_base64_decode_in_place(lua_State *L) {
  size_t n, used;
  char *text = copy(L, &n);
  if (ddb_base64_decode(text, n, (unsigned char *)text, &used)) return 0;
  lua_pushlstring(L, text, used);
  return 1;
}

/* -> bytes, or nil, status, size; the output buffer has exactly three bytes more than the text */
static int crypto_base64url_decode(lua_State *L) {
  size_t used = 1;
  struct ddb_slice text = probe_slice(L, 1);
  unsigned char *out = lua_newuserdata(L, text.n + 3);
  enum ddb_status st = ddb_base64url_decode(text.p, text.n, out, &used);
  return push_decoded(L, st, out, used);
}

/* (a, b) of one length -> whether they are equal */
static int crypto_equal(lua_State *L) {
  struct ddb_slice a = probe_slice(L, 1), b = probe_slice(L, 2);
  lua_pushboolean(L, a.n == b.n && ddb_crypto_equal(a.p, b.p, a.n));
  return 1;
}

static const unsigned char *sized(lua_State *L, int index, size_t n) {
  struct ddb_slice bytes = probe_slice(L, index);
  luaL_argcheck(L, bytes.n == n, index, "another length expected");
  return (const unsigned char *)bytes.p;
}

/* Pushes a copy of the string at 'index' that may be overwritten; an empty one has no bytes. */
static unsigned char *copy_of(lua_State *L, int index, size_t *n) {
  struct ddb_slice text = probe_slice(L, index);
  *n = text.n;
  return memcpy(lua_newuserdata(L, text.n), text.p, text.n);
}

/* (key, nonce, additional data, text) -> encrypted text, tag */
static int crypto_gcm_seal(lua_State *L) {
  size_t n;
  unsigned char *text = copy_of(L, 4, &n), tag[DDB_GCM_TAG];
  enum ddb_status st = ddb_gcm_seal(sized(L, 1, DDB_GCM_KEY), sized(L, 2, DDB_GCM_NONCE),
                                    probe_slice(L, 3), text, n, tag);
  if (st) return luaL_error(L, "%s", ddb_status_text(st));
  lua_pushlstring(L, (const char *)text, n);
  lua_pushlstring(L, (const char *)tag, sizeof tag);
  return 2;
}

/* (key, nonce, additional data, encrypted text, tag) -> status, text */
static int crypto_gcm_open(lua_State *L) {
  size_t n;
  unsigned char *text = copy_of(L, 4, &n);
  enum ddb_status st = ddb_gcm_open(sized(L, 1, DDB_GCM_KEY), sized(L, 2, DDB_GCM_NONCE),
                                    probe_slice(L, 3), text, n, sized(L, 5, DDB_GCM_TAG));
  lua_pushstring(L, ddb_status_text(st));
  lua_pushlstring(L, (const char *)text, n);
  return 2;
}

/* (secret, context, body, expires, encrypt) -> token, or nil, status */
static int crypto_token_seal(lua_State *L) {
  const struct ddb_token t = {probe_slice(L, 1), probe_slice(L, 2)};
  struct ddb_slice body = probe_slice(L, 3);
  size_t n;
  unsigned char *out = lua_newuserdata(L, body.n + DDB_TOKEN_MORE);
  enum ddb_status st =
      ddb_token_seal(&t, body, (uint64_t)luaL_checknumber(L, 4), lua_toboolean(L, 5), out, &n);
  if (st) lua_pushnil(L);
  lua_pushlstring(L, st ? ddb_status_text(st) : (const char *)out,
                  st ? strlen(ddb_status_text(st)) : n);
  return st ? 2 : 1;
}

/* (secret, context, token, now) -> body, or nil, status, number of the fault */
static int crypto_token_open(lua_State *L) {
  const struct ddb_token t = {probe_slice(L, 1), probe_slice(L, 2)};
  size_t n;
  unsigned char *token = copy_of(L, 3, &n);
  struct ddb_slice body;
  enum ddb_token_fault fault;
  enum ddb_status st =
      ddb_token_open(&t, token, n, (uint64_t)luaL_checknumber(L, 4), &body, &fault);
  if (!st) {
    lua_pushlstring(L, body.n ? body.p : "", body.n);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, ddb_status_text(st));
  lua_pushnumber(L, (lua_Number)fault);
  return 3;
}

/* -> whether the encoded size of SIZE_MAX bytes saturates at SIZE_MAX */
static int crypto_base64_overflows(lua_State *L) {
  lua_pushboolean(L, ddb_base64_encoded_size((size_t)-1) == (size_t)-1);
  return 1;
}

static int crypto_cleanse(lua_State *L) {
  size_t n;
  char *text = copy(L, &n);
  ddb_crypto_cleanse(text, n);
  ddb_crypto_cleanse(NULL, 0);
  lua_pushlstring(L, text, n);
  return 1;
}

void probe_crypto(lua_State *L) {
  static const luaL_Reg functions[] = {{"sha256", crypto_sha256},
                                       {"hmac", crypto_hmac},
                                       {"rekeyed", crypto_rekeyed},
                                       {"unkeyed", crypto_unkeyed},
                                       {"hex", crypto_hex},
                                       {"base64_encode", crypto_base64_encode},
                                       {"base64url_encode", crypto_base64url_encode},
                                       {"es256_sign", crypto_es256_sign},
                                       {"es256_public", crypto_es256_public},
                                       {"base64_decode", crypto_base64_decode},
                                       {"base64_decode_in_place", crypto_base64_decode_in_place},
                                       {"base64_overflows", crypto_base64_overflows},
                                       {"cleanse", crypto_cleanse},
                                       {"base64url_decode", crypto_base64url_decode},
                                       {"equal", crypto_equal},
                                       {"gcm_seal", crypto_gcm_seal},
                                       {"gcm_open", crypto_gcm_open},
                                       {"token_seal", crypto_token_seal},
                                       {"token_open", crypto_token_open},
                                       {NULL, NULL}};
  probe_table(L, functions);
}
