/*
 * Buffers of the encoder and the decoder, which a garbage-collected object owns, so that they are
 * freed when Lua raises an error in between.
 */
#ifndef DDB_WORKSPACE_H
#define DDB_WORKSPACE_H

#include "../core/buf.h"
#include "object.h"

/*
 * Where Lua allocates, a finalizer may run that encodes and decodes as well: 'uses' shows it, and
 * the work is done again.
 */
struct workspace {
  unsigned long uses;
  struct ddb_buf out;
  struct ddb_buf scratch;
};

/* Registers the class. */
void workspace_open(lua_State *L);

/* Pushes a workspace with empty buffers, each limited to VALUE_MAX_TEXT. */
struct workspace *workspace_push(lua_State *L);

#endif
