/*
 * Decodes a JSON object to a table. It is inline, so that the function of the values can be so,
 * too.
 */
#ifndef DDB_DECODE_MEMBERS_H
#define DDB_DECODE_MEMBERS_H

#include "decoder.h"

#define HINT_MAX 64 /* the size of a sibling is a hint up to this */

static inline unsigned char decode_hint(int count) {
  return (unsigned char)(count < HINT_MAX ? count : HINT_MAX);
}

/* Its address stands for an absent member until the object is decoded: the name is known then. */
extern const char decode_absent_key;

/* Removes the absent members from the table at the top. */
void decode_drop_absent(lua_State *L);

/* Returns true when the name at the top is in the table below it. */
bool decode_is_in_table(lua_State *L);

/*
 * Decodes one member, name and value, into the table at the top. Sets '*dropped' when it has no
 * value.
 */
DDB_INLINE enum ddb_status decode_member(struct decoder *d, decode_function *value, int shape,
                                         int depth, struct name_set *seen, bool *dropped) {
  struct name name;
  enum ddb_status status = names_take(&d->names, &d->json, &name, d->error);
  if (status) return status;
  names_push(&d->names, d->L, &name);
  if (name_set_add(seen, name.hash) && decode_is_in_table(d->L))
    status = decode_fail(d, "member occurs twice");
  else
    status = value(d, shape, depth);
  if (status) {
    path_name(&d->path, name.text.p, name.text.n);
    return status;
  }
  if (d->absent) {
    lua_pushlightuserdata(d->L, (void *)(uintptr_t)&decode_absent_key);
    *dropped = true;
    d->absent = false;
  }
  lua_rawset(d->L, -3);
  return DDB_OK;
}

DDB_INLINE enum ddb_status decode_object_by(struct decoder *d, decode_function *value, int shape,
                                            int depth) {
  bool more = true, dropped = false;
  int count = 0;
  struct name_set seen = {{0}};
  if (!ddb_json_take(&d->json, '{')) return ddb_json_expected(&d->json, "object", d->error);
  if (!lua_checkstack(d->L, 16)) return ddb_fail(d->error, DDB_NOMEM, "out of memory");
  lua_createtable(d->L, 0, d->members[depth]);
  for (;; count++) {
    enum ddb_status status = ddb_json_next(&d->json, count == 0, '}', &more, d->error);
    if (!status && more) status = decode_member(d, value, shape, depth, &seen, &dropped);
    if (status) return status;
    if (!more) break;
  }
  if (dropped) decode_drop_absent(d->L);
  d->members[depth] = decode_hint(count);
  return DDB_OK;
}

#endif
