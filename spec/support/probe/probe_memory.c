/* probe.memory: calls a function while allocations of Lua fail. */
#include "probe.h"

#include <stdbool.h>

static lua_Alloc real_allocate;
static void *real_context;
static long countdown; /* the n-th allocation fails, and so do all later ones; stops at 1 */
static bool has_failed;

static void *allocate(void *context, void *p, size_t old, size_t n) {
  (void)context;
  bool is_allocation = n > 0 && (!p || n > old);
  if (is_allocation && countdown == 1) {
    has_failed = true;
    return NULL;
  }
  if (is_allocation) countdown--;
  return real_allocate(real_context, p, old, n);
}

/*
 * fail_from(n, f) -> whether an allocation failed, what pcall returns: calls f while the
 * n-th allocation of Lua and all later ones fail. On LuaJIT its compiler must be off.
 */
static int memory_fail_from(lua_State *L) {
  long n = (long)luaL_checkinteger(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_pushnil(L); /* the places of the results */
  lua_pushnil(L);
  lua_pushvalue(L, 2);
  real_allocate = lua_getallocf(L, &real_context);
  countdown = n;
  has_failed = false;
  lua_setallocf(L, allocate, NULL);
  int failed = lua_pcall(L, 0, 1, 0);
  lua_setallocf(L, real_allocate, real_context);
  lua_pushboolean(L, has_failed);
  lua_replace(L, 3);
  lua_pushboolean(L, !failed);
  lua_replace(L, 4);
  return 3;
}

void probe_memory(lua_State *L) {
  static const luaL_Reg functions[] = {{"fail_from", memory_fail_from}, {NULL, NULL}};
  probe_table(L, functions);
}
