/*
 * Makes the functions of the C core callable from specs: `require "probe"` returns one table per
 * core module (probe.buf, probe.crypto, ...). It is built with the modules and never installed.
 */
#ifndef PROBE_H
#define PROBE_H

#include <lauxlib.h>
#include <lua.h>

/* Each function pushes the table of one core module. */
void probe_status(lua_State *L);
void probe_buf(lua_State *L);
void probe_crypto(lua_State *L);
void probe_inflate(lua_State *L);
void probe_sigv4(lua_State *L);
void probe_json(lua_State *L);
void probe_decimal(lua_State *L);
void probe_http1(lua_State *L);
void probe_process(lua_State *L);

/* Pushes a new table filled from a NULL-terminated list (luaL_newlib is not in Lua 5.1). */
void probe_table(lua_State *L, const luaL_Reg *functions);

#endif
