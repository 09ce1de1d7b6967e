/*
 * Decodes JSON objects and arrays to Lua tables, which are sized like the last sibling; no name
 * occurs twice.
 */
#include "decoder.h"

#include <string.h>

#define HINT_MAX 64 /* the size of a sibling is a hint up to this */

static unsigned char hint(int count) {
  return (unsigned char)(count < HINT_MAX ? count : HINT_MAX);
}

/* Returns true when the name at the top is in the table below it already. */
static bool is_repeated(struct decoder *d, struct name_set *seen, const struct name *name) {
  if (!name_set_add(seen, name->hash)) return false;
  lua_pushvalue(d->L, -1); /* stack: table name name */
  lua_rawget(d->L, -3);
  bool known = !lua_isnil(d->L, -1);
  lua_pop(d->L, 1);
  return known;
}

/*
 * Stands for the value of an absent member until the object is decoded, so that its name is known.
 */
static const char absent = 0;

/* Removes the absent members from the table at the top. */
static void drop_absent(lua_State *L) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    bool drop = lua_touserdata(L, -1) == &absent;
    lua_pop(L, 1);
    if (!drop) continue;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, -4);
  }
}

/*
 * Decodes one member, name and value, into the table at the top. Sets '*dropped' when it has no
 * value.
 */
static enum ddb_status decode_member(struct decoder *d, decode_function *value, int shape,
                                     int depth, struct name_set *seen, bool *dropped) {
  struct name name;
  enum ddb_status status = names_take(&d->names, &d->json, &name, d->error);
  if (status) return status;
  names_push(&d->names, d->L, &name);
  status =
      is_repeated(d, seen, &name) ? decode_fail(d, "member occurs twice") : value(d, shape, depth);
  if (status) {
    path_name(&d->path, name.text.p, name.text.n);
    return status;
  }
  if (d->absent) {
    lua_pushlightuserdata(d->L, (void *)(uintptr_t)&absent);
    *dropped = true;
    d->absent = false;
  }
  lua_rawset(d->L, -3);
  return DDB_OK;
}

enum ddb_status decode_object(struct decoder *d, decode_function *value, int shape, int depth) {
  enum ddb_status status = DDB_OK;
  bool more = true, dropped = false;
  int count = 0;
  struct name_set seen = {{0}};
  if (!ddb_json_take(&d->json, '{')) return ddb_json_expected(&d->json, "object", d->error);
  if (!lua_checkstack(d->L, 16)) return ddb_fail(d->error, DDB_NOMEM, "out of memory");
  lua_createtable(d->L, 0, d->members[depth]);
  for (;; count++) {
    status = ddb_json_next(&d->json, count == 0, '}', &more, d->error);
    if (!status && more) status = decode_member(d, value, shape, depth, &seen, &dropped);
    if (status || !more) break;
  }
  if (!status && dropped) drop_absent(d->L);
  d->members[depth] = hint(count);
  return status;
}

/* Marks the table at the top as a list or a map, which an empty one does not show. */
static void set_mark(struct decoder *d, enum mark mark) {
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
  set_mark(d, MARK_LIST);
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
  d->elements[depth] = hint(count);
  return status;
}

enum ddb_status decode_marked(struct decoder *d, enum mark mark, decode_function *value,
                              int depth) {
  if (depth >= VALUE_DEPTH_READ) return decode_fail(d, "nested too deep");
  if (mark == MARK_LIST) return decode_array(d, value, 0, depth + 1);
  enum ddb_status status = decode_object(d, value, 0, depth + 1);
  if (!status) set_mark(d, MARK_MAP);
  return status;
}
