/*
 * Decodes response text to Lua values in one pass, without tables of typed values in between.
 * Shapes are those of encode.c, and "row": the attributes of an item, which become an item when
 * there is an owner. By the shape "json", tables are marked and null is dynamodb.null.
 */
#include "decode_members.h"

#include "item.h"

#include <string.h>

#define FIRST_HINT 4    /* members or elements of the first table at each depth */
#define KEEP_NAMES 4096 /* bytes of text from which keeping names pays */

static decode_function decode_shaped;

static enum ddb_status decode_absent(struct decoder *d) {
  d->absent = true;
  return ddb_json_literal(&d->json, "null", d->error);
}

static enum ddb_status decode_plain(struct decoder *d, int shape, int depth) {
  struct ddb_slice s;
  struct ddb_number n;
  enum ddb_status status;
  (void)shape;
  if (depth >= VALUE_DEPTH_READ) return decode_fail(d, "nested too deep");
  switch (ddb_json_peek(&d->json)) {
  case '"':
    return decode_string(d);
  case '{':
    return decode_object(d, decode_plain, 0, depth + 1);
  case '[':
    return decode_array(d, decode_plain, 0, depth + 1);
  case 't':
  case 'f':
    return decode_boolean(d);
  case 'n':
    return decode_absent(d);
  default:
    status = ddb_json_number(&d->json, &s, d->error);
    if (!status)
      status = ddb_number_read(&n, s.p, s.n, COMPAT_INTEGER_MIN, COMPAT_INTEGER_MAX, d->error);
    if (!status) number_push(d->L, &n);
    return status;
  }
}

static enum ddb_status decode_json(struct decoder *d, int shape, int depth) {
  switch (ddb_json_peek(&d->json)) {
  case '{':
    return decode_marked(d, MARK_MAP, decode_json, depth);
  case '[':
    return decode_marked(d, MARK_LIST, decode_json, depth);
  case 'n':
    lua_pushlightuserdata(d->L, NULL);
    return ddb_json_literal(&d->json, "null", d->error);
  default:
    return decode_plain(d, shape, depth);
  }
}

/* Decodes the attributes of an item. An item object gets their text, to decode them when read. */
static enum ddb_status decode_row(struct decoder *d, int depth) {
  struct item_index index;
  (void)ddb_json_peek(&d->json);
  const char *text = d->json.p;
  if (d->owner && decode_scan(d, depth, &index)) {
    item_push_index(d->L, d->owner, &index);
    return DDB_OK;
  }
  enum ddb_status status = decode_attributes(d, depth);
  if (!status && d->owner) item_push(d->L, d->owner, ddb_slice(text, (size_t)(d->json.p - text)));
  return status;
}

static enum ddb_status decode_kind(struct decoder *d, const char *kind, int depth) {
  if (strcmp(kind, "row") == 0) return decode_row(d, depth);
  if (strcmp(kind, "item") == 0) return decode_attributes(d, depth);
  if (strcmp(kind, "value") == 0) return decode_value(d, 0, depth);
  if (strcmp(kind, "json") == 0) return decode_json(d, 0, depth);
  return ddb_fail(d->error, DDB_INVALID, "unknown shape '%s'", kind);
}

/* Decodes a member of a structure, whose name is at the top of the stack. */
static enum ddb_status decode_structure_member(struct decoder *d, int shape, int depth) {
  int top = lua_gettop(d->L);
  lua_pushvalue(d->L, top);
  lua_rawget(d->L, shape);
  enum ddb_status status = decode_shaped(d, top + 1, depth);
  if (!status) lua_remove(d->L, top + 1);
  return status;
}

static enum ddb_status decode_container(struct decoder *d, int shape, int depth) {
  lua_State *L = d->L;
  enum ddb_status status;
  if (depth >= VALUE_DEPTH_READ) return decode_fail(d, "nested too deep");
  if (!lua_checkstack(L, 16)) return ddb_fail(d->error, DDB_NOMEM, "out of memory");
  int top = lua_gettop(L);
  lua_rawgeti(L, shape, 2);
  lua_rawgeti(L, shape, 1);
  const char *form = lua_tostring(L, -1); /* the shape owns it */
  lua_pop(L, 1);                          /* stack: element-shape */
  if (!form)
    status = decode_object(d, decode_structure_member, shape, depth + 1);
  else if (strcmp(form, "list") == 0)
    status = decode_array(d, decode_shaped, top + 1, depth + 1);
  else
    status = decode_object(d, decode_shaped, top + 1, depth + 1);
  if (!status) lua_remove(L, top + 1);
  return status;
}

static enum ddb_status decode_shaped(struct decoder *d, int shape, int depth) {
  bool null = ddb_json_peek(&d->json) == 'n';
  if (lua_type(d->L, shape) == LUA_TSTRING) {
    const char *kind = lua_tostring(d->L, shape);
    bool absent = null && strcmp(kind, "json") != 0;
    return absent ? decode_absent(d) : decode_kind(d, kind, depth);
  }
  if (null) return decode_absent(d);
  if (lua_istable(d->L, shape)) return decode_container(d, shape, depth);
  return decode_plain(d, 0, depth);
}

/* Prepares to decode a text. Pushes the marks, which the decoder keeps on the stack. */
static void start(struct decoder *d, lua_State *L, struct ddb_slice text, struct ddb_buf *scratch,
                  struct ddb_error *e) {
  d->L = L;
  d->error = e;
  d->owner = 0;
  d->path.depth = 0;
  names_init(&d->names);
  d->absent = false;
  d->marks = lua_gettop(L);
  memset(d->members, FIRST_HINT, sizeof d->members);
  memset(d->elements, FIRST_HINT, sizeof d->elements);
  ddb_json_init(&d->json, text.p, text.n, scratch);
  value_pushmark(L, MARK_LIST);
  value_pushmark(L, MARK_MAP);
}

enum ddb_status value_decode_attribute(lua_State *L, struct ddb_slice text, struct ddb_buf *scratch,
                                       struct ddb_error *e) {
  struct decoder d;
  start(&d, L, text, scratch, e);
  return decode_value(&d, 0, 0);
}

enum ddb_status value_decode_attributes(lua_State *L, struct ddb_slice text, unsigned count,
                                        struct ddb_buf *scratch, struct ddb_error *e) {
  struct decoder d;
  start(&d, L, text, scratch, e);
  d.members[0] = decode_hint((int)count);
  return decode_attributes(&d, 0);
}

enum ddb_status value_decode(lua_State *L, int shape, int owner, struct ddb_slice text,
                             struct ddb_buf *scratch, struct ddb_error *e) {
  struct decoder d;
  start(&d, L, text, scratch, e);
  d.owner = owner;
  if (text.n > KEEP_NAMES) names_remember(&d.names, L);
  enum ddb_status status = decode_shaped(&d, shape, 0);
  if (!status) status = ddb_json_end(&d.json, e);
  if (!status && d.absent) status = decode_fail(&d, "value expected, got null");
  if (status == DDB_INVALID) path_explain(&d.path, e);
  return status;
}
