#include "table.h"

#include "connection.h"

void table_pushname(lua_State *L, int index) {
  compat_getslot(L, compat_absindex(L, index), TABLE_FIELDS);
  lua_getfield(L, -1, "name");
  lua_remove(L, -2);
}

bool table_equal(lua_State *L, int a, int b) {
  int top = lua_gettop(L);
  if (lua_rawequal(L, a, b)) return true;
  compat_getslot(L, a, TABLE_CONNECTION);
  compat_getslot(L, b, TABLE_CONNECTION);
  table_pushname(L, a);
  table_pushname(L, b);
  bool same = lua_rawequal(L, top + 1, top + 2) && lua_rawequal(L, top + 3, top + 4);
  lua_settop(L, top);
  return same;
}

static int table_eq(lua_State *L) {
  bool tables = object_test(L, 1, &table_class) && object_test(L, 2, &table_class);
  lua_pushboolean(L, tables && table_equal(L, 1, 2));
  return 1;
}

static int table_tostring(lua_State *L) {
  (void)object_check(L, 1, &table_class);
  table_pushname(L, 1);
  lua_pushfstring(L, "Table(%s)", lua_tostring(L, -1));
  return 1;
}

static int table_newindex(lua_State *L) {
  return object_raise(L, "a table's fields are read-only: '%s'", lua_tostring(L, 2));
}

/*
 * core.table(connection, fields) -> a new table object that owns 'fields'. The connection may have
 * been closed while the service responded.
 */
static int core_table(lua_State *L) {
  (void)connection_check_any(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  (void)object_new(L, &table_class, 1);
  lua_pushvalue(L, 2);
  compat_setslot(L, 3, TABLE_FIELDS);
  lua_pushvalue(L, 1);
  compat_setslot(L, 3, TABLE_CONNECTION);
  lua_settop(L, 3);
  return 1;
}

/* core.table_parts(table) -> fields, connection. */
static int core_table_parts(lua_State *L) {
  (void)object_check(L, 1, &table_class);
  compat_getslot(L, 1, TABLE_FIELDS);
  compat_getslot(L, 1, TABLE_CONNECTION);
  return 2;
}

static const luaL_Reg methods[] = {{NULL, NULL}};
static const luaL_Reg meta[] = {{"__eq", table_eq},
                                {"__tostring", table_tostring},
                                {"__newindex", table_newindex},
                                {NULL, NULL}};
const struct object_class table_class = {"dynamodb.table", 2, methods, meta};

void table_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"table", core_table}, {"table_parts", core_table_parts}, {NULL, NULL}};
  object_setfuncs(L, functions);
  object_register_with_fields(L, &table_class, "table_class");
}
