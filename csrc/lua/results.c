#include "results.h"

static const luaL_Reg none[] = {{NULL, NULL}};
static const struct object_class results_class = {"dynamodb.results", 1, none, none};

/* core.results(fields) -> a new object that owns 'fields'. */
static int core_results(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  (void)object_new(L, &results_class, 1);
  lua_pushvalue(L, 1);
  compat_setslot(L, 2, OBJECT_FIELDS);
  return 1;
}

/*
 * core.results_fields(results) -> its table of fields; it runs for every item. Upvalue 1: the
 * metatable.
 */
static int core_results_fields(lua_State *L) {
  (void)object_check_by(L, 1, &results_class);
  compat_getslot(L, 1, OBJECT_FIELDS);
  return 1;
}

void results_open(lua_State *L) {
  lua_pushcfunction(L, core_results);
  lua_setfield(L, -2, "results");
  object_register_with_fields(L, &results_class, "results_class");
  lua_getfield(L, -1, "results_class");
  lua_pushcclosure(L, core_results_fields, 1);
  lua_setfield(L, -2, "results_fields");
}
