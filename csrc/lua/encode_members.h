/*
 * Encodes the members of a table. It is inline, so that the function of the values can be so, too.
 */
#ifndef DDB_ENCODE_MEMBERS_H
#define DDB_ENCODE_MEMBERS_H

#include "encoder.h"

/* Writes one member after 'before', which opens its quotes; stack: key value. */
DDB_INLINE enum ddb_status encode_member(struct encoder *e, const char before[2],
                                         encode_function *value, int shape, int depth) {
  size_t n;
  if (lua_type(e->L, -2) != LUA_TSTRING)
    return ddb_fail(e->error, DDB_INVALID, "name expected as key of a map, got %s",
                    object_typename(e->L, -2));
  const char *name = lua_tolstring(e->L, -2, &n);
  if (n == 0) return encode_fail(e, "attribute name is empty");
  enum ddb_status status = ddb_json_write_framed(e->out, ddb_slice(before, 2), ddb_slice(name, n),
                                                 ddb_text("\":"), e->error);
  if (!status) status = value(e, shape, depth);
  if (status) path_name(&e->path, name, n);
  return status;
}

DDB_INLINE enum ddb_status encode_members_by(struct encoder *e, encode_function *value, int shape,
                                             int depth) {
  enum ddb_status status = DDB_OK;
  int table = lua_gettop(e->L);
  const char *opening = "{\"", *before = opening;
  lua_pushnil(e->L);
  for (; !status && lua_next(e->L, table); before = ",\"") {
    status = encode_member(e, before, value, shape, depth);
    lua_pop(e->L, 1);
  }
  if (status) lua_settop(e->L, table);
  ddb_buf_add_text(e->out, before == opening ? "{}" : "}");
  return status;
}

#endif
