/*
 * Encodes Lua values to request text in one pass. A shape tells which members of the request are
 * attribute values: "item" (a map of them), "value" (one), "wire" (text that is encoded already),
 * "json" (a value as plain JSON for users), {"list", shape}, {"map", shape}, {Member = shape, ...};
 * everything else is plain JSON.
 */
#include "encoder.h"

#include "item.h"

#include <string.h>

static encode_function encode_shaped;

/* Encodes an item, or a table with a metatable, as a map of attribute values. */
static enum ddb_status encode_item_object(struct encoder *e) {
  int top = lua_gettop(e->L);
  if (object_test(e->L, top, &item_class)) {
    item_pushattributes(e->L, top);
    enum ddb_status status = encode_attributes(e, 0);
    lua_settop(e->L, top);
    return status;
  }
  if (!lua_istable(e->L, top) || value_is_object(e->L, top))
    return ddb_fail(e->error, DDB_INVALID, "attributes expected (a table by names), got %s",
                    value_kind(e->L, top));
  if (value_mark(e->L, top) == MARK_LIST)
    return encode_fail(e, "attributes expected (a table by names), got a list");
  return encode_attributes(e, 0);
}

/* Returns true when the value at the top is a table without a metatable. */
static bool is_bare_table(lua_State *L) {
  if (lua_type(L, -1) != LUA_TTABLE) return false;
  if (!lua_getmetatable(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

/* Encodes a map of attribute values: a table by names, or an item. */
static enum ddb_status encode_item(struct encoder *e) {
  return is_bare_table(e->L) ? encode_attributes(e, 0) : encode_item_object(e);
}

static enum ddb_status refuse_plain(struct encoder *e) {
  return ddb_fail(e->error, DDB_INVALID, "%s has no form in JSON", value_kind(e->L, -1));
}

/* Encodes the members of a request that are no attribute values. */
static enum ddb_status encode_plain(struct encoder *e, int shape, int depth) {
  enum table_kind kind;
  (void)shape;
  switch (lua_type(e->L, -1)) {
  case LUA_TSTRING:
  case LUA_TNUMBER:
  case LUA_TBOOLEAN:
    return encode_scalar(e);
  case LUA_TTABLE:
    if (depth >= VALUE_DEPTH) return encode_fail(e, "nested deeper than 32 levels (a cycle?)");
    kind = value_table_kind(e->L, -1);
    if (kind == TABLE_OBJECT) return refuse_plain(e);
    if (encode_grow(e)) return DDB_NOMEM;
    if (kind == TABLE_LIST) return encode_elements(e, encode_plain, 0, depth + 1);
    return encode_members(e, encode_plain, 0, depth + 1);
  default:
    return refuse_plain(e);
  }
}

static enum ddb_status encode_wire(struct encoder *e) {
  size_t n;
  const char *p = lua_tolstring(e->L, -1, &n);
  if (!p) return encode_fail(e, "encoded text expected");
  ddb_buf_add(e->out, p, n);
  return DDB_OK;
}

static enum ddb_status encode_kind(struct encoder *e, const char *kind) {
  if (strcmp(kind, "item") == 0) return encode_item(e);
  if (strcmp(kind, "value") == 0) return encode_value(e, 0, 0);
  if (strcmp(kind, "json") == 0) return encode_json(e, 0, 0);
  if (strcmp(kind, "wire") == 0) return encode_wire(e);
  return ddb_fail(e->error, DDB_INVALID, "unknown shape '%s'", kind);
}

/* Encodes the members of a structure, each by the shape that the structure's shape names. */
static enum ddb_status encode_structure_member(struct encoder *e, int shape, int depth) {
  int top = lua_gettop(e->L);
  lua_pushvalue(e->L, -2); /* stack: key value key */
  lua_rawget(e->L, shape);
  lua_pushvalue(e->L, -2); /* stack: key value shape value */
  enum ddb_status status = encode_shaped(e, top + 1, depth);
  lua_settop(e->L, top);
  return status;
}

static enum ddb_status encode_container(struct encoder *e, int shape, int depth) {
  lua_State *L = e->L;
  int top = lua_gettop(L);
  enum ddb_status status;
  if (depth >= VALUE_DEPTH) return encode_fail(e, "nested deeper than 32 levels (a cycle?)");
  if (!is_bare_table(L) && (!lua_istable(L, top) || value_is_object(L, top)))
    return ddb_fail(e->error, DDB_INVALID, "table expected, got %s", value_kind(L, top));
  lua_rawgeti(L, shape, 1);
  const char *form = lua_tostring(L, -1); /* the shape owns it */
  lua_pop(L, 1);
  if (!form) return encode_members(e, encode_structure_member, shape, depth + 1);
  lua_rawgeti(L, shape, 2); /* stack: value element-shape */
  lua_pushvalue(L, top);    /* stack: value element-shape value */
  status = strcmp(form, "list") == 0 ? encode_elements(e, encode_shaped, top + 1, depth + 1)
                                     : encode_members(e, encode_shaped, top + 1, depth + 1);
  lua_settop(L, top);
  return status;
}

static enum ddb_status encode_shaped(struct encoder *e, int shape, int depth) {
  switch (lua_type(e->L, shape)) {
  case LUA_TSTRING:
    return encode_kind(e, lua_tostring(e->L, shape));
  case LUA_TTABLE:
    if (encode_grow(e)) return DDB_NOMEM;
    return encode_container(e, shape, depth);
  default:
    return encode_plain(e, 0, depth);
  }
}

enum ddb_status value_encode(lua_State *L, int shape, struct ddb_buf *out, struct ddb_error *e) {
  struct encoder encoder;
  encoder.L = L;
  encoder.out = out;
  encoder.error = e;
  encoder.path.depth = 0;
  enum ddb_status status = encode_shaped(&encoder, shape, 0);
  if (status == DDB_INVALID) path_explain(&encoder.path, e);
  if (!status && out->status) status = ddb_fail(e, out->status, "request too large");
  return status;
}
