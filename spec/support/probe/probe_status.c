#include "probe.h"

#include "../../../csrc/core/status.h"

/* status.text(number) -> the text of the status */
static int text(lua_State *L) {
  lua_pushstring(L, ddb_status_text((enum ddb_status)luaL_checkinteger(L, 1)));
  return 1;
}

/* status.fail(number, words) -> the number, the formatted error text */
static int fail(lua_State *L) {
  struct ddb_error e;
  enum ddb_status status = (enum ddb_status)luaL_checkinteger(L, 1);
  lua_pushinteger(L, ddb_fail(&e, status, "%s!", luaL_checkstring(L, 2)));
  lua_pushstring(L, e.text);
  return 2;
}

void probe_status(lua_State *L) {
  static const luaL_Reg functions[] = {{"text", text}, {"fail", fail}, {NULL, NULL}};
  probe_table(L, functions);
}
