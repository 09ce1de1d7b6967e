/*
 * Decodes JSON objects and arrays to Lua tables: sized like the last sibling, with each name
 * interned once and no name twice.
 */
#include "decoder.h"

#include <string.h>

#define HINT_MAX 64 /* the size of a sibling is a hint up to this */

static unsigned char hint(int count) {
  return (unsigned char)(count < HINT_MAX ? count : HINT_MAX);
}

void decode_keep_names(struct decoder *d) {
  for (unsigned i = 0; i < DECODER_NAMES; i++) d->names[i] = ddb_slice(NULL, 0);
  lua_createtable(d->L, DECODER_NAMES, 0);
  d->cache = lua_gettop(d->L);
}

/*
 * Pushes the name as a string, the interned one if it is the same. The slice borrows from that
 * string afterwards, because the scratch that it may be in is reused.
 */
static void push_name(struct decoder *d, struct ddb_slice *name, unsigned hash) {
  unsigned slot = hash % DECODER_NAMES;
  struct ddb_slice *kept = &d->names[slot];
  if (d->cache && kept->p && kept->n == name->n && memcmp(kept->p, name->p, name->n) == 0) {
    lua_rawgeti(d->L, d->cache, (int)slot + 1);
    *name = *kept;
    return;
  }
  lua_pushlstring(d->L, name->p, name->n);
  name->p = lua_tostring(d->L, -1);
  if (!d->cache) return;
  lua_pushvalue(d->L, -1);
  lua_rawseti(d->L, d->cache, (int)slot + 1);
  *kept = *name;
}

/*
 * Finds repeated names: a clear bit for the name's hash shows a new name at once; only a set bit
 * needs a look into the table, which is below the name.
 */
static bool is_repeated(struct decoder *d, uint64_t *seen, unsigned hash) {
  uint64_t bit = UINT64_C(1) << (hash & 63);
  bool known = *seen & bit;
  *seen |= bit;
  if (!known) return false;
  lua_pushvalue(d->L, -1); /* stack: table name name */
  lua_rawget(d->L, -3);
  known = !lua_isnil(d->L, -1);
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
                                     int depth, uint64_t *seen, bool *dropped) {
  struct ddb_slice name;
  enum ddb_status status = ddb_json_name(&d->json, &name, d->error);
  if (status) return status;
  unsigned hash = name_hash(name);
  push_name(d, &name, hash);
  path_name(&d->path, name.p, name.n);
  if (is_repeated(d, seen, hash)) return decode_fail(d, "member occurs twice");
  status = value(d, shape, depth);
  if (status) return status;
  path_leave(&d->path);
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
  uint64_t seen = 0;
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
    path_index(&d->path, ++count);
    status = value(d, shape, depth);
    if (!status && d->absent) status = decode_fail(d, "null in an array");
    if (status) break;
    path_leave(&d->path);
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
