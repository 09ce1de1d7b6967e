/*
 * dynamodb.core: the C functions and classes that Lua builds on. It does no I/O and does not link
 * libcurl.
 */
#include "connection.h"
#include "digest.h"
#include "exchange.h"
#include "item.h"
#include "request.h"
#include "response.h"
#include "results.h"
#include "signer.h"
#include "table.h"
#include "token.h"
#include "value.h"
#include "workspace.h"

#include <time.h>

#define WORKSPACE_KEEP ((size_t)1 << 20) /* bytes of memory kept between calls */

static struct workspace *workspace(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

/* core.encode(value, shape) -> text | nil, why (with the path of the offending value). */
static int core_encode(lua_State *L) {
  struct workspace *w = workspace(L);
  struct ddb_error e;
  lua_settop(L, 2);
  lua_insert(L, 1); /* stack: shape value */
  unsigned long use;
  do {
    lua_settop(L, 2);
    use = ++w->uses;
    ddb_buf_clear(&w->out, WORKSPACE_KEEP);
    enum ddb_status status = value_encode(L, 1, &w->out, &e);
    if (status) return object_failure(L, status, &e);
    lua_pushlstring(L, w->out.p, w->out.len);
  } while (use != w->uses);
  return 1;
}

/* core.decode(text, shape [, table]) -> value | nil, why; 'table' is the owner of rows. */
static int core_decode(lua_State *L) {
  struct workspace *w = workspace(L);
  struct ddb_error e;
  struct ddb_slice text = object_checkslice(L, 1);
  lua_settop(L, 3);
  int owner = lua_isnil(L, 3) ? 0 : 3;
  if (owner) (void)object_check(L, owner, &table_class);
  enum ddb_status status;
  unsigned long use;
  do {
    lua_settop(L, 3);
    use = ++w->uses;
    ddb_buf_clear(&w->scratch, WORKSPACE_KEEP);
    status = value_decode(L, 2, owner, text, &w->scratch, &e);
  } while (use != w->uses);
  return status ? object_failure(L, status, &e) : 1;
}

/* core.equal(a, b) -> true for the same DynamoDB value. */
static int core_equal(lua_State *L) {
  lua_settop(L, 2);
  lua_pushboolean(L, value_equal(L, 1, 2));
  return 1;
}

/* core.is_list(table) -> true when it is encoded as a list. */
static int core_is_list(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_pushboolean(L, value_is_list(L, 1));
  return 1;
}

/* core.typename(value) -> "nil", "table", "dynamodb.set", ... */
static int core_typename(lua_State *L) {
  lua_settop(L, 1);
  lua_pushstring(L, object_typename(L, 1));
  return 1;
}

/* core.attribute_type(value) -> "S", "N", "BOOL"... | nil for what is not an attribute value. */
static int core_attribute_type(lua_State *L) {
  luaL_checkany(L, 1);
  const char *type = value_attribute_type(L, 1);
  if (type)
    lua_pushstring(L, type);
  else
    lua_pushnil(L);
  return 1;
}

/* core.library(prefix): tells where the Lua files of this library are; see object_raise. */
static int core_library(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  lua_settop(L, 1);
  object_setlibrary(L);
  return 0;
}

/* core.where() -> "file:line: " of the first caller outside this library, or "". */
static int core_where(lua_State *L) {
  object_pushwhere(L);
  return 1;
}

/* core.now() -> seconds of the monotonic clock. */
static int core_now(lua_State *L) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
  return 1;
}

static void set_with_workspace(lua_State *L, lua_CFunction f, const char *name) {
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, f, 1);
  lua_setfield(L, -3, name);
}

__attribute__((visibility("default"))) int luaopen_dynamodb_core(lua_State *L);

int luaopen_dynamodb_core(lua_State *L) {
  static const luaL_Reg functions[] = {{"equal", core_equal},
                                       {"typename", core_typename},
                                       {"library", core_library},
                                       {"is_list", core_is_list},
                                       {"now", core_now},
                                       {"where", core_where},
                                       {"attribute_type", core_attribute_type},
                                       {NULL, NULL}};
  lua_newtable(L);
  object_setfuncs(L, functions);
  digest_open(L);
  token_open(L);
  value_open(L);
  connection_open(L);
  table_open(L);
  item_open(L);
  signer_open(L);
  request_open(L);
  response_open(L);
  exchange_open(L);
  results_open(L);
  workspace_open(L);
  (void)workspace_push(L);
  set_with_workspace(L, core_encode, "encode");
  set_with_workspace(L, core_decode, "decode");
  lua_pop(L, 1);
  return 1;
}
