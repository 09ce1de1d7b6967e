#include "connection.h"

static const struct object_class connection_class;

struct connection *connection_check_any(lua_State *L, int index) {
  return object_check(L, index, &connection_class);
}

struct connection *connection_check(lua_State *L, int index) {
  struct connection *c = connection_check_any(L, index);
  if (!c->open) object_raise(L, "attempt to use a closed connection");
  return c;
}

/* Drops the state, so that its content is collected. Safe to call again. */
static int connection_close(lua_State *L) {
  struct connection *c = connection_check_any(L, 1);
  c->open = false;
  lua_pushnil(L);
  compat_setslot(L, 1, CONNECTION_STATE);
  return 0;
}

static int endpoint_of(lua_State *L) {
  lua_getfield(L, 1, "endpoint_url");
  return 1;
}

/* Finding the endpoint may need files that cannot be read; tostring does not report that. */
static int connection_tostring(lua_State *L) {
  const struct connection *c = connection_check_any(L, 1);
  if (!c->open) {
    lua_pushliteral(L, "Connection(closed)");
    return 1;
  }
  lua_pushcfunction(L, endpoint_of);
  compat_getslot(L, 1, CONNECTION_FIELDS);
  if (lua_pcall(L, 1, 1, 0)) {
    lua_pushliteral(L, "Connection(without an endpoint)");
    return 1;
  }
  lua_pushfstring(L, "Connection(%s)", lua_tostring(L, -1));
  return 1;
}

static int connection_newindex(lua_State *L) {
  return object_raise(L, "a connection's fields are read-only: '%s'", lua_tostring(L, 2));
}

/* core.connection(fields, state) -> an open connection that owns both tables. */
static int core_connection(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  struct connection *c = object_new(L, &connection_class, sizeof *c);
  lua_pushvalue(L, 1);
  compat_setslot(L, 3, CONNECTION_FIELDS);
  lua_pushvalue(L, 2);
  compat_setslot(L, 3, CONNECTION_STATE);
  c->open = true;
  lua_settop(L, 3);
  return 1;
}

/* core.connection_state(connection) -> the state; raises when it is closed. */
static int core_connection_state(lua_State *L) {
  (void)connection_check(L, 1);
  compat_getslot(L, 1, CONNECTION_STATE);
  return 1;
}

/* core.connection_is_open(connection) -> boolean. */
static int core_connection_is_open(lua_State *L) {
  const struct connection *c = connection_check_any(L, 1);
  lua_pushboolean(L, c->open);
  return 1;
}

static const luaL_Reg methods[] = {{NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", connection_close},
                                {"__tostring", connection_tostring},
                                {"__newindex", connection_newindex},
                                {NULL, NULL}};
static const struct object_class connection_class = {"dynamodb.connection", 2, methods, meta};

void connection_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"connection", core_connection},
                                       {"connection_state", core_connection_state},
                                       {"connection_is_open", core_connection_is_open},
                                       {"connection_close", connection_close},
                                       {NULL, NULL}};
  object_setfuncs(L, functions);
  object_register_with_fields(L, &connection_class, "connection_class");
}
