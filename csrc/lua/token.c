#include "token.h"

#include "../core/crypto.h"
#include "../core/token.h"

static uint64_t check_time(lua_State *L, int index) {
  lua_Number value = luaL_checknumber(L, index);
  luaL_argcheck(L, value >= 0 && value <= (lua_Number)DDB_TOKEN_LAST, index, "seconds expected");
  return (uint64_t)value;
}

static struct ddb_token check_token(lua_State *L) {
  const struct ddb_token t = {object_checkslice(L, 1), object_checkslice(L, 2)};
  return t;
}

static int raise_status(lua_State *L, enum ddb_status status) {
  return luaL_error(L, "cursor: %s", ddb_status_text(status));
}

/*
 * core.seal_token(secret, context, body, expires, encrypt) -> text in base64url. 'expires' is in
 * seconds since 1970.
 */
static int core_seal_token(lua_State *L) {
  const struct ddb_token t = check_token(L);
  struct ddb_slice body = object_checkslice(L, 3);
  uint64_t expires = check_time(L, 4);
  size_t n = body.n + DDB_TOKEN_MORE;
  unsigned char *token = lua_newuserdata(L, n); /* both are owned by the collector */
  char *text = lua_newuserdata(L, ddb_base64_encoded_size(n));
  enum ddb_status status = ddb_token_seal(&t, body, expires, lua_toboolean(L, 5), token, &n);
  if (status) return raise_status(L, status);
  lua_pushlstring(L, text, ddb_base64url_encode(token, n, text));
  return 1;
}

/*
 * core.open_token(secret, context, text, now) -> body | nil, "malformed", "foreign" or "expired".
 * A token that is foreign may have been made with another secret.
 */
static int core_open_token(lua_State *L) {
  static const char *const faults[] = {"malformed", "foreign", "expired"};
  const struct ddb_token t = check_token(L);
  struct ddb_slice text = object_checkslice(L, 3), body;
  uint64_t now = check_time(L, 4);
  enum ddb_token_fault fault = DDB_TOKEN_MALFORMED;
  size_t n;
  unsigned char *token = lua_newuserdata(L, text.n + 3); /* owned by the collector */
  enum ddb_status status = ddb_base64url_decode(text.p, text.n, token, &n);
  if (!status) status = ddb_token_open(&t, token, n, now, &body, &fault);
  if (status && status != DDB_INVALID) return raise_status(L, status);
  if (status) {
    lua_pushnil(L);
    lua_pushstring(L, faults[fault]);
    return 2;
  }
  lua_pushlstring(L, body.n ? body.p : "", body.n);
  return 1;
}

void token_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"open_token", core_open_token}, {"seal_token", core_seal_token}, {NULL, NULL}};
  object_setfuncs(L, functions);
}
