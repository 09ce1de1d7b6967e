/* Encodes Lua tables to JSON arrays and objects; errors have the path of the element. */
#include "encoder.h"

enum ddb_status encode_elements(struct encoder *e, encode_function *element, int shape, int depth) {
  enum ddb_status status = DDB_OK;
  int table = lua_gettop(e->L);
  long n = (long)lua_rawlen(e->L, table), members = 0;
  lua_pushnil(e->L);
  for (; lua_next(e->L, table); members++) {
    lua_pop(e->L, 1);
    if (lua_type(e->L, -1) != LUA_TNUMBER) {
      lua_settop(e->L, table);
      return encode_fail(
          e, n ? "table has both positions and names, so it is neither list nor map"
               : "list expected, since it is marked as one, got names (dynamodb.map is for names)");
    }
  }
  if (members != n) return encode_fail(e, "list with holes (positions 1, 2, 3... expected)");
  ddb_buf_add_char(e->out, '[');
  for (long i = 1; !status && i <= n; i++) {
    if (i > 1) ddb_buf_add_char(e->out, ',');
    lua_rawgeti(e->L, table, (int)i);
    path_index(&e->path, i);
    status = element(e, shape, depth);
    if (!status) path_leave(&e->path);
    lua_settop(e->L, table);
  }
  ddb_buf_add_char(e->out, ']');
  return status;
}

/* Writes one member; stack: key value. */
static enum ddb_status encode_member(struct encoder *e, encode_function *value, int shape,
                                     int depth) {
  size_t n;
  if (lua_type(e->L, -2) != LUA_TSTRING)
    return ddb_fail(e->error, DDB_INVALID, "name expected as key of a map, got %s",
                    object_typename(e->L, -2));
  const char *name = lua_tolstring(e->L, -2, &n);
  if (n == 0) return encode_fail(e, "attribute name is empty");
  path_name(&e->path, name, n);
  enum ddb_status status = encode_string(e, -2);
  ddb_buf_add_char(e->out, ':');
  if (!status) status = value(e, shape, depth);
  if (!status) path_leave(&e->path);
  return status;
}

enum ddb_status encode_members(struct encoder *e, encode_function *value, int shape, int depth) {
  enum ddb_status status = DDB_OK;
  int table = lua_gettop(e->L);
  char before = '{';
  lua_pushnil(e->L);
  while (!status && lua_next(e->L, table)) {
    ddb_buf_add_char(e->out, before);
    before = ',';
    status = encode_member(e, value, shape, depth);
    lua_settop(e->L, table + 1);
  }
  lua_settop(e->L, table);
  if (before == '{') ddb_buf_add_char(e->out, before);
  ddb_buf_add_char(e->out, '}');
  return status;
}
