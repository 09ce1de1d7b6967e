/*
 * The only file that may mention LUA_VERSION_NUM. Code is written for the functions that Lua 5.1,
 * LuaJIT and 5.3 to 5.5 share; what differs between them is here, under one name.
 */
#ifndef DDB_COMPAT_H
#define DDB_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Whole numbers up to this size are exact Lua numbers. */
#if LUA_VERSION_NUM >= 503
#define COMPAT_INTEGER_MIN INT64_MIN
#define COMPAT_INTEGER_MAX INT64_MAX
#define COMPAT_INTEGER_LIMIT                                                                       \
  9223372036854775808.0 /* whole floats below it are integers as well                              \
                         */
#else
#define COMPAT_INTEGER_MIN (-(INT64_C(1) << 53))
#define COMPAT_INTEGER_MAX (INT64_C(1) << 53)
#define COMPAT_INTEGER_LIMIT 9007199254740993.0
#define lua_rawlen(L, i) lua_objlen((L), (i))
#endif

#define compat_absindex(L, i) ((i) > 0 || (i) <= LUA_REGISTRYINDEX ? (i) : lua_gettop(L) + (i) + 1)

/* Pushes a userdata with 'slots' slots for Lua values. Before 5.4 they are in one table. */
static inline void *compat_newuserdata(lua_State *L, size_t size, int slots) {
#if LUA_VERSION_NUM >= 504
  return lua_newuserdatauv(L, size, slots);
#else
  void *p = lua_newuserdata(L, size);
  lua_createtable(L, slots, 0);
#if LUA_VERSION_NUM >= 503
  lua_setuservalue(L, -2);
#else
  lua_setfenv(L, -2);
#endif
  return p;
#endif
}

#if LUA_VERSION_NUM < 504
/* Pushes the table of slots. */
static inline void compat_pushslots(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 503
  lua_getuservalue(L, index);
#else
  lua_getfenv(L, index);
#endif
}
#endif

/* Pushes the value in a slot (1, 2, ...) of the userdata at 'index'. */
static inline void compat_getslot(lua_State *L, int index, int slot) {
#if LUA_VERSION_NUM >= 504
  lua_getiuservalue(L, index, slot);
#else
  compat_pushslots(L, index);
  lua_rawgeti(L, -1, slot);
  lua_remove(L, -2);
#endif
}

/* Pops a value into a slot of the userdata at 'index' (an absolute index). */
static inline void compat_setslot(lua_State *L, int index, int slot) {
#if LUA_VERSION_NUM >= 504
  lua_setiuservalue(L, index, slot);
#else
  compat_pushslots(L, index);
  lua_insert(L, -2);
  lua_rawseti(L, -2, slot);
  lua_pop(L, 1);
#endif
}

/*
 * Returns true when the number at 'index' is whole and would be read back as an integer: also for
 * floats, so that a large whole one is written with all its digits.
 */
static inline bool compat_tointeger(lua_State *L, int index, int64_t *out) {
#if LUA_VERSION_NUM >= 503
  if (lua_isinteger(L, index)) {
    *out = (int64_t)lua_tointeger(L, index);
    return true;
  }
#endif
  double d = lua_tonumber(L, index);
  if (!(fabs(d) < COMPAT_INTEGER_LIMIT)) return false;
  *out = (int64_t)d;
  return (double)*out == d;
}

/* Pushes a whole number, which must be within COMPAT_INTEGER_MIN and _MAX. */
static inline void compat_pushinteger(lua_State *L, int64_t i) {
#if LUA_VERSION_NUM >= 503
  lua_pushinteger(L, (lua_Integer)i);
#else
  lua_pushnumber(L, (lua_Number)i);
#endif
}

#endif
