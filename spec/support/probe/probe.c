#include "probe.h"

void probe_table(lua_State *L, const luaL_Reg *functions) {
  lua_newtable(L);
  for (; functions->name; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

__attribute__((visibility("default"))) int luaopen_probe(lua_State *L);

int luaopen_probe(lua_State *L) {
  static const struct {
    const char *name;
    void (*push)(lua_State *L);
  } rooms[] = {{"status", probe_status},   {"buf", probe_buf},         {"crypto", probe_crypto},
               {"inflate", probe_inflate}, {"sigv4", probe_sigv4},     {"http1", probe_http1},
               {"json", probe_json},       {"decimal", probe_decimal}, {"process", probe_process}};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
    rooms[i].push(L);
    lua_setfield(L, -2, rooms[i].name);
  }
  return 1;
}
