/*
 * Makes the functions of the C core callable from specs: `require "probe"` returns one table per
 * core module (probe.buf, probe.crypto, ...). It is built with the modules and never installed.
 */
#ifndef PROBE_H
#define PROBE_H

#include "../../../csrc/core/header.h"
#include "../../../csrc/core/status.h"

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
void probe_memory(lua_State *L);

/* Pushes a new table filled from a NULL-terminated list (luaL_newlib is not in Lua 5.1). */
void probe_table(lua_State *L, const luaL_Reg *functions);

/* Creates a metatable of this name with the finalizer 'gc', and pushes it. */
void probe_class(lua_State *L, const char *name, lua_CFunction gc);

/*
 * Pushes a userdata of 'size' bytes with the metatable of this name. Its memory is uninitialised,
 * so that valgrind reports members that an init function does not set.
 */
void *probe_box(lua_State *L, const char *name, size_t size);

/* Pushes a userdata of 'size' zeroed bytes with the metatable of this name. */
void *probe_zeroed_box(lua_State *L, const char *name, size_t size);

/* Returns the string at 'index', whose bytes Lua owns. Raises an error for other values. */
struct ddb_slice probe_slice(lua_State *L, int index);

/* Pushes nil, the error text and the text of the status; returns 3, their number. */
int probe_failure(lua_State *L, enum ddb_status status, const struct ddb_error *e);

#endif
