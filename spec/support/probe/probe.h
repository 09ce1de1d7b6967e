/*
 * Shows the core rooms to the specs: `require "probe"` gives one table per room (probe.buf,
 * probe.crypto, ...). Built beside the modules, never installed.
 */
#ifndef PROBE_H
#define PROBE_H

#include "../../../csrc/core/header.h"
#include "../../../csrc/core/status.h"

#include <lauxlib.h>
#include <lua.h>

/* Each pushes the table of functions of one room. */
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

/* Makes a metatable of this name, whose finalizer is 'gc', and pushes it. */
void probe_class(lua_State *L, const char *name, lua_CFunction gc);

/*
 * Pushes 'size' bytes with the metatable of this name. Their values are whatever memory held, so
 * that valgrind reports what an init function forgets to set.
 */
void *probe_box(lua_State *L, const char *name, size_t size);

/* Pushes 'size' zeroed bytes with the metatable of this name. */
void *probe_zeroed_box(lua_State *L, const char *name, size_t size);

/* Returns the string at 'index', which its Lua value owns; raises for anything else. */
struct ddb_slice probe_slice(lua_State *L, int index);

/* Pushes what a failure returns: nil, the error text, the text of the status. Returns 3. */
int probe_failure(lua_State *L, enum ddb_status status, const struct ddb_error *e);

#endif
