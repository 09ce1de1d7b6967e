/* Encodes Lua tables to JSON arrays and objects; errors have the path of the element. */
#include "encode_members.h"

/* Writes the element at the top of the stack, which is at 'position' of its list. */
static enum ddb_status encode_element(struct encoder *e, encode_function *element, long position,
                                      int shape, int depth) {
  if (position > 1) ddb_buf_add_char(e->out, ',');
  enum ddb_status status = element(e, shape, depth);
  if (status) path_index(&e->path, position);
  return status;
}

/*
 * Checks the keys of the table from the one at the top on, which 'known' others precede: with them
 * they must be as many numbers as the list is long.
 */
static enum ddb_status check_positions(struct encoder *e, int table, long known) {
  long n = (long)lua_rawlen(e->L, table), members = known;
  for (bool more = true; more; members++) {
    if (lua_type(e->L, -1) != LUA_TNUMBER)
      return encode_fail(
          e, n ? "table has both positions and names, so it is neither list nor map"
               : "list expected, since it is marked as one, got names (dynamodb.map is for names)");
    more = lua_next(e->L, table);
    if (more) lua_pop(e->L, 1);
  }
  return members == n ? DDB_OK : encode_fail(e, "list with holes (positions 1, 2, 3... expected)");
}

/*
 * Writes the elements that follow the first 'done' ones, in a table whose keys have another order
 * from there on; the next key is at the top.
 */
static enum ddb_status encode_unordered(struct encoder *e, encode_function *element, int table,
                                        long done, int shape, int depth) {
  enum ddb_status status = check_positions(e, table, done);
  for (long n = (long)lua_rawlen(e->L, table); !status && done < n; done++) {
    lua_settop(e->L, table);
    lua_rawgeti(e->L, table, (int)done + 1);
    status = encode_element(e, element, done + 1, shape, depth);
  }
  return status;
}

/* Returns true when the value at 'index' is the number of a position. */
static bool is_position(lua_State *L, int index, long position) {
  return lua_type(L, index) == LUA_TNUMBER && lua_tonumber(L, index) == (lua_Number)position;
}

enum ddb_status encode_elements(struct encoder *e, encode_function *element, int shape, int depth) {
  enum ddb_status status = DDB_OK;
  int table = lua_gettop(e->L);
  long done = 0;
  ddb_buf_add_char(e->out, '[');
  lua_pushnil(e->L);
  while (!status && lua_next(e->L, table)) { /* usually in the order of the list */
    if (is_position(e->L, -2, done + 1)) {
      status = encode_element(e, element, ++done, shape, depth);
      lua_pop(e->L, 1);
    } else {
      lua_pop(e->L, 1);
      status = encode_unordered(e, element, table, done, shape, depth);
      break;
    }
  }
  lua_settop(e->L, table);
  ddb_buf_add_char(e->out, ']');
  return status;
}

enum ddb_status encode_members(struct encoder *e, encode_function *value, int shape, int depth) {
  return encode_members_by(e, value, shape, depth);
}
