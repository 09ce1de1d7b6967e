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

/* core.results_fields(results) -> its table of fields. */
static int core_results_fields(lua_State *L) {
  (void)object_check(L, 1, &results_class);
  compat_getslot(L, 1, OBJECT_FIELDS);
  return 1;
}

void results_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"results", core_results}, {"results_fields", core_results_fields}, {NULL, NULL}};
  object_setfuncs(L, functions);
  object_register_with_fields(L, &results_class, "results_class");
}
