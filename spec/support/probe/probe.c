#include "probe.h"

#include <string.h>

void probe_table(lua_State *L, const luaL_Reg *functions) {
  lua_newtable(L);
  for (; functions->name; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

void probe_class(lua_State *L, const char *name, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
}

void *probe_box(lua_State *L, const char *name, size_t size) {
  void *box = lua_newuserdata(L, size);
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
  return box;
}

void *probe_zeroed_box(lua_State *L, const char *name, size_t size) {
  return memset(probe_box(L, name, size), 0, size);
}

struct ddb_slice probe_slice(lua_State *L, int index) {
  size_t n;
  const char *p = luaL_checklstring(L, index, &n);
  return ddb_slice(p, n);
}

int probe_failure(lua_State *L, enum ddb_status status, const struct ddb_error *e) {
  lua_pushnil(L);
  lua_pushstring(L, e->text);
  lua_pushstring(L, ddb_status_text(status));
  return 3;
}

__attribute__((visibility("default"))) int luaopen_probe(lua_State *L);

int luaopen_probe(lua_State *L) {
  static const struct {
    const char *name;
    void (*push)(lua_State *L);
  } rooms[] = {{"status", probe_status},   {"buf", probe_buf},         {"crypto", probe_crypto},
               {"inflate", probe_inflate}, {"sigv4", probe_sigv4},     {"http1", probe_http1},
               {"json", probe_json},       {"decimal", probe_decimal}, {"process", probe_process},
               {"memory", probe_memory}};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
    rooms[i].push(L);
    lua_setfield(L, -2, rooms[i].name);
  }
  return 1;
}
