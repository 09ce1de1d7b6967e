#include "object.h"

#include <stdarg.h>
#include <string.h>

void object_setfuncs(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

/* The address of the class is the registry's key of its metatable, which is faster than a name. */
static void pushmetatable(lua_State *L, const struct object_class *c) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)c);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

void object_register(lua_State *L, const struct object_class *c) {
  /* If package.loaded was cleared, the class exists already, and so may objects of it. */
  pushmetatable(L, c);
  if (lua_istable(L, -1)) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushstring(L, c->name);
  lua_setfield(L, -2, "__name"); /* LuaJIT does not set it */
  lua_newtable(L);
  object_setfuncs(L, c->methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "methods");
  lua_setfield(L, -2, "__index");
  object_setfuncs(L, c->meta);
  lua_pushlightuserdata(L, (void *)(uintptr_t)c);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

/* __index of a class with fields. Upvalues: the table of methods; the class, as light userdata. */
static int index_with_fields(lua_State *L) {
  (void)object_check(L, 1, lua_touserdata(L, lua_upvalueindex(2)));
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (!lua_isnil(L, -1)) return 1;
  compat_getslot(L, 1, OBJECT_FIELDS); /* a Lua function may compute the field */
  lua_pushvalue(L, 2);
  lua_gettable(L, -2);
  return 1;
}

void object_register_with_fields(lua_State *L, const struct object_class *c, const char *name) {
  object_register(L, c);
  lua_getfield(L, -1, "methods");
  lua_pushlightuserdata(L, (void *)(uintptr_t)c);
  lua_pushcclosure(L, index_with_fields, 2);
  lua_setfield(L, -2, "__index");
  lua_setfield(L, -2, name);
}

struct ddb_slice object_checkslice(lua_State *L, int index) {
  size_t n;
  const char *p = luaL_checklstring(L, index, &n);
  return ddb_slice(p, n);
}

const char *object_typename(lua_State *L, int index) {
  const char *name = luaL_typename(L, index);
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return name;
  lua_pushliteral(L, "__name");
  lua_rawget(L, -2);
  if (lua_type(L, -1) == LUA_TSTRING) name = lua_tostring(L, -1); /* the metatable owns it */
  lua_pop(L, 2);
  return name;
}

void *object_new(lua_State *L, const struct object_class *c, size_t size) {
  void *self = memset(compat_newuserdata(L, size, c->slots), 0, size);
  pushmetatable(L, c);
  lua_setmetatable(L, -2);
  return self;
}

void *object_test(lua_State *L, int index, const struct object_class *c) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
  pushmetatable(L, c);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? lua_touserdata(L, index) : NULL;
}

/* The registry's key of the path of this library's Lua files; the same in core.so and curl.so. */
#define LIBRARY_KEY "dynamodb.library"

void object_setlibrary(lua_State *L) {
  lua_setfield(L, LUA_REGISTRYINDEX, LIBRARY_KEY);
}

void object_pushwhere(lua_State *L) {
  lua_Debug ar;
  lua_getfield(L, LUA_REGISTRYINDEX, LIBRARY_KEY);
  const char *here = lua_tostring(L, -1); /* the registry owns it */
  lua_pop(L, 1);
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0 || (here && strncmp(ar.source, here, strlen(here)) == 0)) continue;
    lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
    return;
  }
  lua_pushliteral(L, "");
}

int object_raise(lua_State *L, const char *format, ...) {
  va_list arguments;
  object_pushwhere(L);
  va_start(arguments, format);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  lua_concat(L, 2);
  return lua_error(L);
}

void *object_check(lua_State *L, int index, const struct object_class *c) {
  void *self = object_test(L, index, c);
  if (!self) (void)object_raise(L, "%s expected, got %s", c->name, luaL_typename(L, index));
  return self;
}

/* Raises "get takes (name): 2 arguments given". */
static void refuse_surplus(lua_State *L, const struct object_call *call, int count) {
  const char *plural = count == 1 ? "" : "s";
  if (call->most == 0)
    (void)object_raise(L, "%s takes no arguments: %d argument%s given", call->name, count, plural);
  (void)object_raise(L, "%s takes (%s): %d argument%s given", call->name, call->takes, count,
                     plural);
}

void object_arguments(lua_State *L, const struct object_call *call) {
  if (lua_gettop(L) > call->most) refuse_surplus(L, call, lua_gettop(L));
}

void *object_method(lua_State *L, const struct object_class *c, const struct object_call *call) {
  void *self = object_test(L, 1, c);
  const char *subject = strrchr(c->name, '.') + 1; /* "item" of "dynamodb.item" */
  if (!self)
    (void)object_raise(L, "%s.%s() needs a colon: %s:%s()", subject, call->name, subject,
                       call->name);
  if (lua_gettop(L) > call->most + 1) refuse_surplus(L, call, lua_gettop(L) - 1);
  return self;
}

int object_failure(lua_State *L, enum ddb_status status, const struct ddb_error *e) {
  if (status == DDB_NOMEM) return luaL_error(L, "not enough memory");
  lua_pushnil(L);
  lua_pushstring(L, e->text);
  return 2;
}
