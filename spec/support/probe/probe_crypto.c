/* probe.crypto: SHA-256, HMAC, hex, base64 and ES256. */
#include "probe.h"

#include "../../../csrc/core/crypto.h"
#include "../../../csrc/core/crypto_ec.h"

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

/* (key, message, ...) -> the MAC of the last message */
static int crypto_hmac(lua_State *L) {
  struct ddb_crypto c;
  struct ddb_hmac h;
  unsigned char digest[DDB_SHA256_SIZE];
  size_t n;
  const char *p = lua_tolstring(L, 1, &n);
  ddb_crypto_init(&c);
  ddb_hmac_init(&h);
  enum ddb_status st = ddb_hmac_set_key(&h, &c, p, n);
  for (int i = 2; !st && i <= lua_gettop(L); i++) {
    p = lua_tolstring(L, i, &n);
    st = ddb_hmac_sha256(&h, &c, p, n, digest);
  }
  ddb_crypto_free(&c);
  ddb_hmac_free(&h);
  ddb_hmac_free(&h);
  return push_digest(L, st, digest);
}

/* (first key, second key, message) -> the MAC with the second key */
static int crypto_rekeyed(lua_State *L) {
  struct ddb_crypto c;
  struct ddb_hmac h;
  unsigned char digest[DDB_SHA256_SIZE];
  size_t n;
  const char *p = lua_tolstring(L, 1, &n);
  ddb_crypto_init(&c);
  ddb_hmac_init(&h);
  enum ddb_status st = ddb_hmac_set_key(&h, &c, p, n);
  p = lua_tolstring(L, 2, &n);
  if (!st) st = ddb_hmac_set_key(&h, &c, p, n);
  p = lua_tolstring(L, 3, &n);
  if (!st) st = ddb_hmac_sha256(&h, &c, p, n, digest);
  ddb_crypto_free(&c);
  ddb_hmac_free(&h);
  return push_digest(L, st, digest);
}

/* -> the result of an HMAC without a key */
static int crypto_unkeyed(lua_State *L) {
  struct ddb_crypto c;
  struct ddb_hmac h;
  unsigned char digest[DDB_SHA256_SIZE];
  ddb_crypto_init(&c);
  ddb_hmac_init(&h);
  enum ddb_status st = ddb_hmac_sha256(&h, &c, "", 0, digest);
  ddb_crypto_free(&c);
  ddb_hmac_free(&h);
  lua_pushstring(L, ddb_status_text(st));
  return 1;
}

static int crypto_hex(lua_State *L) {
  size_t n;
  const char *p = luaL_checklstring(L, 1, &n);
  char *out = lua_newuserdata(L, 2 * n + 1);
  ddb_hex((const unsigned char *)p, n, out);
  lua_pushlstring(L, out, 2 * n);
  return 1;
}

static int crypto_base64_encode(lua_State *L) {
  size_t n;
  const char *p = luaL_checklstring(L, 1, &n);
  size_t size = ddb_base64_encoded_size(n);
  char *out = lua_newuserdata(L, size + 1);
  ddb_base64_encode(p, n, out);
  lua_pushlstring(L, out, size);
  return 1;
}

static int crypto_base64url_encode(lua_State *L) {
  size_t n;
  const char *p = luaL_checklstring(L, 1, &n);
  char *out = lua_newuserdata(L, ddb_base64_encoded_size(n));
  lua_pushlstring(L, out, ddb_base64url_encode(p, n, out));
  return 1;
}

static int push_es256(lua_State *L, enum ddb_status st, const unsigned char *bytes,
                      const struct ddb_error *e) {
  if (!st) {
    lua_pushlstring(L, (const char *)bytes, DDB_ES256_SIZE);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, e->text);
  lua_pushstring(L, ddb_status_text(st));
  return 3;
}

static struct ddb_slice argument(lua_State *L, int index) {
  size_t n;
  const char *p = luaL_checklstring(L, index, &n);
  return ddb_slice(p, n);
}

/* (pem, message) -> 64 bytes, or nil, text, status */
static int crypto_es256_sign(lua_State *L) {
  unsigned char out[DDB_ES256_SIZE];
  struct ddb_error e = {""};
  enum ddb_status st = ddb_es256_sign(argument(L, 1), argument(L, 2), out, &e);
  return push_es256(L, st, out, &e);
}

/* (pem) -> 64 bytes, or nil, text, status */
static int crypto_es256_public(lua_State *L) {
  unsigned char out[DDB_ES256_SIZE];
  struct ddb_error e = {""};
  enum ddb_status st = ddb_es256_public(argument(L, 1), out, &e);
  return push_es256(L, st, out, &e);
}

/* -> bytes, or nil, status, size; the output buffer has exactly ddb_base64_decoded_size bytes */
static int crypto_base64_decode(lua_State *L) {
  size_t n, used = 1;
  const char *p = luaL_checklstring(L, 1, &n);
  unsigned char *out = lua_newuserdata(L, ddb_base64_decoded_size(n));
  enum ddb_status st = ddb_base64_decode(p, n, out, &used);
  if (!st) {
    lua_pushlstring(L, (const char *)out, used);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, ddb_status_text(st));
  lua_pushnumber(L, (lua_Number)used);
  return 3;
}

/* (text) -> bytes, decoded in place */
static int crypto_base64_decode_in_place(lua_State *L) {
  size_t n, used;
  const char *p = luaL_checklstring(L, 1, &n);
  char *text = memcpy(lua_newuserdata(L, n + 1), p, n);
  if (ddb_base64_decode(text, n, (unsigned char *)text, &used)) return 0;
  lua_pushlstring(L, text, used);
  return 1;
}

/* -> whether the encoded size of SIZE_MAX bytes saturates at SIZE_MAX */
static int crypto_base64_overflows(lua_State *L) {
  lua_pushboolean(L, ddb_base64_encoded_size((size_t)-1) == (size_t)-1);
  return 1;
}

static int crypto_cleanse(lua_State *L) {
  size_t n;
  const char *p = luaL_checklstring(L, 1, &n);
  char *text = memcpy(lua_newuserdata(L, n + 1), p, n);
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
                                       {NULL, NULL}};
  probe_table(L, functions);
}
