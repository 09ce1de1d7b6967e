#include "digest.h"

#include "../core/crypto.h"
#include "../core/crypto_ec.h"

#include <string.h>

static void random_bytes(lua_State *L, unsigned char *p, size_t n) {
  if (ddb_random(p, n)) luaL_error(L, "not enough memory or entropy: OpenSSL has no random bytes");
}

/* core.random() -> a random number from 0 up to, but not including, 1, with 53 random bits. */
static int core_random(lua_State *L) {
  unsigned char bytes[8];
  uint64_t bits = 0;
  random_bytes(L, bytes, sizeof bytes);
  for (size_t i = 0; i < sizeof bytes; i++) bits = bits << 8 | bytes[i];
  lua_pushnumber(L, (lua_Number)(bits >> 11) / 9007199254740992.0); /* 2^53 */
  return 1;
}

/* core.uuid() -> a random UUID (RFC 9562 section 5.4). */
static int core_uuid(lua_State *L) {
  static const int dashes[] = {8, 12, 16, 20, 32};
  unsigned char bytes[16];
  char hex[32], text[36], *p = text;
  random_bytes(L, bytes, sizeof bytes);
  bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
  bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
  ddb_hex(bytes, sizeof bytes, hex);
  for (int i = 0, from = 0; i < 5; from = dashes[i++]) {
    if (i) *p++ = '-';
    memcpy(p, hex + from, (size_t)(dashes[i] - from));
    p += dashes[i] - from;
  }
  lua_pushlstring(L, text, sizeof text);
  return 1;
}

/* Pushes a digest in hexadecimal. Raises an error if it was not computed. */
static int push_digest(lua_State *L, const char *name, enum ddb_status status,
                       const unsigned char *digest, size_t n) {
  char hex[DDB_SHA256_HEX]; /* the longest digest */
  if (status) return luaL_error(L, "%s: %s", name, ddb_status_text(status));
  ddb_hex(digest, n, hex);
  lua_pushlstring(L, hex, 2 * n);
  return 1;
}

/* core.sha256(bytes) -> the digest in hexadecimal. */
static int core_sha256(lua_State *L) {
  struct ddb_slice text = object_checkslice(L, 1);
  struct ddb_crypto c;
  unsigned char digest[DDB_SHA256_SIZE];
  ddb_crypto_init(&c);
  enum ddb_status status = ddb_sha256(&c, text.p, text.n, digest);
  ddb_crypto_free(&c);
  return push_digest(L, "SHA-256", status, digest, sizeof digest);
}

/* core.sha1(bytes) -> the digest in hexadecimal. */
static int core_sha1(lua_State *L) {
  struct ddb_slice text = object_checkslice(L, 1);
  unsigned char digest[DDB_SHA1_SIZE];
  enum ddb_status status = ddb_sha1(text.p, text.n, digest);
  return push_digest(L, "SHA-1", status, digest, sizeof digest);
}

/* core.base64url(bytes) -> text without padding, as in JSON Web Tokens. */
static int core_base64url(lua_State *L) {
  struct ddb_slice bytes = object_checkslice(L, 1);
  char *out = lua_newuserdata(L, ddb_base64_encoded_size(bytes.n)); /* owned by the collector */
  lua_pushlstring(L, out, ddb_base64url_encode(bytes.p, bytes.n, out));
  return 1;
}

static void pushbase64url(lua_State *L, const unsigned char *p, size_t n) {
  char text[(DDB_ES256_SIZE + 2) / 3 * 4];
  lua_pushlstring(L, text, ddb_base64url_encode(p, n, text));
}

/*
 * core.es256(pem, text) -> signature in base64url | nil, why. The private key is an EC key on
 * P-256.
 */
static int core_es256(lua_State *L) {
  struct ddb_slice pem = object_checkslice(L, 1), text = object_checkslice(L, 2);
  unsigned char signature[DDB_ES256_SIZE];
  struct ddb_error e;
  enum ddb_status status = ddb_es256_sign(pem, text, signature, &e);
  if (status) return object_failure(L, status, &e);
  pushbase64url(L, signature, sizeof signature);
  return 1;
}

/* core.ec_jwk(pem) -> x, y of the public key, as in a JSON Web Key | nil, why. */
static int core_ec_jwk(lua_State *L) {
  struct ddb_slice pem = object_checkslice(L, 1);
  unsigned char point[DDB_ES256_SIZE];
  struct ddb_error e;
  enum ddb_status status = ddb_es256_public(pem, point, &e);
  if (status) return object_failure(L, status, &e);
  pushbase64url(L, point, sizeof point / 2);
  pushbase64url(L, point + sizeof point / 2, sizeof point / 2);
  return 2;
}

void digest_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"base64url", core_base64url}, {"ec_jwk", core_ec_jwk},
                                       {"es256", core_es256},         {"random", core_random},
                                       {"sha1", core_sha1},           {"sha256", core_sha256},
                                       {"uuid", core_uuid},           {NULL, NULL}};
  object_setfuncs(L, functions);
}
