/*
 * Decodes JSON objects and arrays to Lua tables, which are sized like the last sibling; no name
 * occurs twice.
 */
#include "decode_members.h"

const char decode_absent_key = 0;

void decode_drop_absent(lua_State *L) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    bool drop = lua_touserdata(L, -1) == &decode_absent_key;
    lua_pop(L, 1);
    if (!drop) continue;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, -4);
  }
}

bool decode_is_in_table(lua_State *L) {
  lua_pushvalue(L, -1); /* stack: table name name */
  lua_rawget(L, -3);
  bool known = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return known;
}

enum ddb_status decode_object(struct decoder *d, decode_function *value, int shape, int depth) {
  return decode_object_by(d, value, shape, depth);
}

void decode_set_mark(struct decoder *d, enum mark mark) {
  lua_pushvalue(d->L, d->marks + (int)mark);
  lua_setmetatable(d->L, -2);
}

enum ddb_status decode_array(struct decoder *d, decode_function *value, int shape, int depth) {
  enum ddb_status status = DDB_OK;
  bool more = true;
  int count = 0;
  if (!ddb_json_take(&d->json, '[')) return ddb_json_expected(&d->json, "array", d->error);
  if (!lua_checkstack(d->L, 16)) return ddb_fail(d->error, DDB_NOMEM, "out of memory");
  lua_createtable(d->L, d->elements[depth], 0);
  decode_set_mark(d, MARK_LIST);
  for (;;) {
    status = ddb_json_next(&d->json, count == 0, ']', &more, d->error);
    if (status || !more) break;
    count++;
    status = value(d, shape, depth);
    if (!status && d->absent) status = decode_fail(d, "null in an array");
    if (status) {
      path_index(&d->path, count);
      break;
    }
    lua_rawseti(d->L, -2, count);
  }
  d->elements[depth] = decode_hint(count);
  return status;
}

enum ddb_status decode_marked(struct decoder *d, enum mark mark, decode_function *value,
                              int depth) {
  if (depth >= VALUE_DEPTH_READ) return decode_fail(d, "nested too deep");
  if (mark == MARK_LIST) return decode_array(d, value, 0, depth + 1);
  enum ddb_status status = decode_object(d, value, 0, depth + 1);
  if (!status) decode_set_mark(d, MARK_MAP);
  return status;
}
