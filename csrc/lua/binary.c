#include "binary.h"

void binary_wrap(lua_State *L) {
  (void)object_new(L, &binary_class, 1);
  lua_insert(L, -2); /* stack: binary bytes */
  compat_setslot(L, lua_gettop(L) - 1, BINARY_BYTES);
}

bool binary_equal(lua_State *L, int a, int b) {
  if (!object_test(L, a, &binary_class) || !object_test(L, b, &binary_class)) return false;
  compat_getslot(L, a, BINARY_BYTES);
  compat_getslot(L, b, BINARY_BYTES);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

/* Raises unless the argument is a string. */
int binary_new(lua_State *L) {
  static const struct object_call call = {"binary", 1, "bytes"};
  object_arguments(L, &call);
  if (lua_type(L, 1) != LUA_TSTRING)
    (void)object_raise(L, "binary: bytes (a string) expected, got %s", object_typename(L, 1));
  lua_settop(L, 1);
  binary_wrap(L);
  return 1;
}

/* binary:bytes() -> the bytes, as a string. */
static int binary_bytes(lua_State *L) {
  static const struct object_call call = {"bytes", 0, ""};
  (void)object_method(L, &binary_class, &call);
  compat_getslot(L, 1, BINARY_BYTES);
  return 1;
}

static int binary_len(lua_State *L) {
  (void)object_check(L, 1, &binary_class);
  compat_getslot(L, 1, BINARY_BYTES);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}

static int binary_eq(lua_State *L) {
  lua_pushboolean(L, binary_equal(L, 1, 2));
  return 1;
}

static const luaL_Reg methods[] = {{"bytes", binary_bytes}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__len", binary_len}, {"__eq", binary_eq}, {NULL, NULL}};
const struct object_class binary_class = {"dynamodb.binary", 1, methods, meta};
