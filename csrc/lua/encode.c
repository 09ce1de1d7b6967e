/*
 * Encodes Lua values to request text in one pass. A shape tells which members of the request are
 * attribute values: "item" (a map of them), "value" (one), "wire" (text that is encoded already),
 * {"list", shape}, {"map", shape}, {Member = shape, ...}; everything else is plain JSON.
 */
#include "value.h"

#include "../core/crypto.h"
#include "../core/json.h"
#include "item.h"

#include <string.h>

struct encoder {
  lua_State *L;
  struct ddb_buf *out;
  struct ddb_error *error;
  struct path path;
};

/* Encodes the value at the top of the stack, and leaves it there; its shape is at index 'shape'. */
typedef enum ddb_status encode_function(struct encoder *e, int shape, int depth);

static encode_function encode_value, encode_shaped;

static enum ddb_status fail(struct encoder *e, const char *why) {
  return ddb_fail(e->error, DDB_INVALID, "%s", why);
}

static enum ddb_status encode_string(struct encoder *e, int index) {
  size_t n;
  const char *p = lua_tolstring(e->L, index, &n);
  return ddb_json_write_string(e->out, p, n, e->error);
}

static enum ddb_status encode_number(struct encoder *e) {
  char text[DDB_DECIMAL_TEXT];
  struct ddb_decimal d;
  int64_t i;
  size_t n;
  if (lua_type(e->L, -1) == LUA_TNUMBER && compat_tointeger(e->L, -1, &i)) {
    n = ddb_integer_text(i, text);
  } else {
    enum ddb_status status = number_get(e->L, lua_gettop(e->L), &d, e->error);
    if (status) return status;
    n = ddb_decimal_text(&d, text);
  }
  ddb_buf_add(e->out, text, n);
  return DDB_OK;
}

/* Writes the string at 'index' as base64, with its quotes. */
static void encode_bytes(struct encoder *e, int index) {
  size_t n;
  const char *p = lua_tolstring(e->L, index, &n);
  size_t size = ddb_base64_encoded_size(n);
  ddb_buf_add_char(e->out, '"');
  if (ddb_buf_reserve(e->out, size)) {
    ddb_base64_encode(p, n, e->out->p + e->out->len);
    e->out->len += size;
  }
  ddb_buf_add_char(e->out, '"');
}

static enum ddb_status encode_binary(struct encoder *e) {
  ddb_buf_add_text(e->out, "{\"B\":");
  compat_getslot(e->L, lua_gettop(e->L), BINARY_BYTES);
  encode_bytes(e, -1);
  lua_pop(e->L, 1);
  ddb_buf_add_char(e->out, '}');
  return DDB_OK;
}

/* Writes one element of a set, whose key is at the top of the stack. */
static enum ddb_status encode_element(struct encoder *e, const struct set *set) {
  if (set->type == SET_STRING) return encode_string(e, -1);
  if (set->type == SET_BINARY) {
    encode_bytes(e, -1);
    return DDB_OK;
  }
  ddb_buf_add_char(e->out, '"');
  ddb_buf_add_text(e->out, lua_tostring(e->L, -1)); /* a canonical number */
  ddb_buf_add_char(e->out, '"');
  return DDB_OK;
}

static enum ddb_status encode_set(struct encoder *e, const struct set *set) {
  enum ddb_status status = DDB_OK;
  const char opening[] = {'{', '"', (char)set->type, 'S', '"', ':'};
  if (set->count == 0)
    return fail(e, "empty set (DynamoDB has none; remove the attribute instead)");
  ddb_buf_add(e->out, opening, sizeof opening);
  compat_getslot(e->L, lua_gettop(e->L), SET_ELEMENTS);
  int elements = lua_gettop(e->L);
  char before = '[';
  lua_pushnil(e->L);
  while (!status && lua_next(e->L, elements)) {
    lua_pop(e->L, 1);
    ddb_buf_add_char(e->out, before);
    before = ',';
    status = encode_element(e, set);
  }
  lua_settop(e->L, elements - 1);
  ddb_buf_add_text(e->out, "]}");
  return status;
}

static enum ddb_status unexpected(struct encoder *e) {
  return ddb_fail(e->error, DDB_INVALID, "%s is not a DynamoDB value", object_typename(e->L, -1));
}

static enum ddb_status encode_userdata(struct encoder *e) {
  int top = lua_gettop(e->L);
  const struct set *set = object_test(e->L, top, &set_class);
  if (set) return encode_set(e, set);
  if (object_test(e->L, top, &binary_class)) return encode_binary(e);
  if (!object_test(e->L, top, &number_class)) return unexpected(e);
  ddb_buf_add_text(e->out, "{\"N\":\"");
  enum ddb_status status = encode_number(e);
  ddb_buf_add_text(e->out, "\"}");
  return status;
}

/* Writes the elements of the table at the top of the stack: indexes 1 to n and nothing else. */
static enum ddb_status encode_elements(struct encoder *e, encode_function *element, int shape,
                                       int depth) {
  enum ddb_status status = DDB_OK;
  int table = lua_gettop(e->L);
  long n = (long)lua_rawlen(e->L, table), members = 0;
  lua_pushnil(e->L);
  for (; lua_next(e->L, table); members++) {
    lua_pop(e->L, 1);
    if (lua_type(e->L, -1) != LUA_TNUMBER) {
      lua_settop(e->L, table);
      return fail(e, "table has both positions and names, so it is neither list nor map");
    }
  }
  if (members != n) return fail(e, "list with holes (positions 1, 2, 3... expected)");
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
  if (n == 0) return fail(e, "attribute name is empty");
  path_name(&e->path, name, n);
  enum ddb_status status = encode_string(e, -2);
  ddb_buf_add_char(e->out, ':');
  if (!status) status = value(e, shape, depth);
  if (!status) path_leave(&e->path);
  return status;
}

/* Writes the members of the table at the top of the stack as a JSON object. */
static enum ddb_status encode_members(struct encoder *e, encode_function *value, int shape,
                                      int depth) {
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

/* Returns the class of the table at the top, such as a condition's, or NULL for a plain table. */
static const char *class_name(struct encoder *e) {
  static const char prefix[] = "dynamodb.";
  if (!lua_getmetatable(e->L, -1)) return NULL;
  lua_pushliteral(e->L, "__name");
  lua_rawget(e->L, -2);
  const char *name = lua_tostring(e->L, -1); /* the metatable owns it */
  lua_pop(e->L, 2);
  return name && strncmp(name, prefix, sizeof prefix - 1) == 0 ? name : NULL;
}

static enum ddb_status encode_table(struct encoder *e, int depth) {
  enum ddb_status status;
  const char *class = value_mark(e->L, -1) == MARK_NONE ? class_name(e) : NULL;
  if (class) return ddb_fail(e->error, DDB_INVALID, "%s is not a DynamoDB value", class);
  if (!lua_checkstack(e->L, 16)) return ddb_fail(e->error, DDB_NOMEM, "out of memory");
  if (value_is_list(e->L, -1)) {
    ddb_buf_add_text(e->out, "{\"L\":");
    status = encode_elements(e, encode_value, 0, depth + 1);
  } else {
    ddb_buf_add_text(e->out, "{\"M\":");
    status = encode_members(e, encode_value, 0, depth + 1);
  }
  ddb_buf_add_char(e->out, '}');
  return status;
}

static enum ddb_status encode_sentinel(struct encoder *e) {
  if (lua_touserdata(e->L, -1) == NULL)
    ddb_buf_add_text(e->out, "{\"NULL\":true}");
  else if (value_mark(e->L, -1) == MARK_LIST)
    ddb_buf_add_text(e->out, "{\"L\":[]}");
  else
    return unexpected(e);
  return DDB_OK;
}

/* Encodes one attribute value, with its type. For the service, an attribute's value is level 1. */
static enum ddb_status encode_value(struct encoder *e, int shape, int depth) {
  enum ddb_status status;
  (void)shape;
  if (depth >= VALUE_DEPTH) return fail(e, "nested deeper than 32 levels (a cycle?)");
  switch (lua_type(e->L, -1)) {
  case LUA_TSTRING:
    ddb_buf_add_text(e->out, "{\"S\":");
    status = encode_string(e, -1);
    ddb_buf_add_char(e->out, '}');
    return status;
  case LUA_TNUMBER:
    ddb_buf_add_text(e->out, "{\"N\":\"");
    status = encode_number(e);
    ddb_buf_add_text(e->out, "\"}");
    return status;
  case LUA_TBOOLEAN:
    ddb_buf_add_text(e->out, lua_toboolean(e->L, -1) ? "{\"BOOL\":true}" : "{\"BOOL\":false}");
    return DDB_OK;
  case LUA_TLIGHTUSERDATA:
    return encode_sentinel(e);
  case LUA_TTABLE:
    return encode_table(e, depth);
  case LUA_TUSERDATA:
    return encode_userdata(e);
  default:
    return unexpected(e);
  }
}

/* Encodes a map of attribute values: a table by names, or an item. */
static enum ddb_status encode_item(struct encoder *e) {
  int top = lua_gettop(e->L);
  if (object_test(e->L, top, &item_class)) {
    compat_getslot(e->L, top, ITEM_ATTRIBUTES);
  } else if (lua_istable(e->L, -1)) {
    lua_pushvalue(e->L, -1);
  } else {
    return ddb_fail(e->error, DDB_INVALID, "attributes expected (a table by names), got %s",
                    object_typename(e->L, -1));
  }
  enum ddb_status status = value_mark(e->L, -1) == MARK_LIST
                               ? fail(e, "attributes expected (a table by names), got a list")
                               : encode_members(e, encode_value, 0, 0);
  lua_settop(e->L, top);
  return status;
}

/* Encodes plain JSON: everything but attribute values. */
static enum ddb_status encode_plain(struct encoder *e, int shape, int depth) {
  (void)shape;
  switch (lua_type(e->L, -1)) {
  case LUA_TSTRING:
    return encode_string(e, -1);
  case LUA_TNUMBER:
    return encode_number(e);
  case LUA_TBOOLEAN:
    ddb_buf_add_text(e->out, lua_toboolean(e->L, -1) ? "true" : "false");
    return DDB_OK;
  case LUA_TTABLE:
    if (depth >= VALUE_DEPTH) return fail(e, "nested deeper than 32 levels (a cycle?)");
    if (!lua_checkstack(e->L, 16)) return ddb_fail(e->error, DDB_NOMEM, "out of memory");
    if (value_is_list(e->L, -1)) return encode_elements(e, encode_plain, 0, depth + 1);
    return encode_members(e, encode_plain, 0, depth + 1);
  default:
    return ddb_fail(e->error, DDB_INVALID, "%s has no form in JSON", object_typename(e->L, -1));
  }
}

static enum ddb_status encode_wire(struct encoder *e) {
  size_t n;
  const char *p = lua_tolstring(e->L, -1, &n);
  if (!p) return fail(e, "encoded text expected");
  ddb_buf_add(e->out, p, n);
  return DDB_OK;
}

static enum ddb_status encode_kind(struct encoder *e, const char *kind) {
  if (strcmp(kind, "item") == 0) return encode_item(e);
  if (strcmp(kind, "value") == 0) return encode_value(e, 0, 0);
  if (strcmp(kind, "wire") == 0) return encode_wire(e);
  return ddb_fail(e->error, DDB_INVALID, "unknown shape '%s'", kind);
}

/* Encodes the members of a structure, each by the shape that the structure's shape names. */
static enum ddb_status encode_structure_member(struct encoder *e, int shape, int depth) {
  lua_pushvalue(e->L, -2); /* stack: key value key */
  lua_rawget(e->L, shape);
  lua_insert(e->L, -2); /* stack: key shape value */
  return encode_shaped(e, lua_gettop(e->L) - 1, depth);
}

static enum ddb_status encode_container(struct encoder *e, int shape, int depth) {
  lua_State *L = e->L;
  int top = lua_gettop(L);
  enum ddb_status status;
  if (depth >= VALUE_DEPTH) return fail(e, "nested deeper than 32 levels (a cycle?)");
  if (!lua_istable(L, top))
    return ddb_fail(e->error, DDB_INVALID, "table expected, got %s", object_typename(L, top));
  lua_rawgeti(L, shape, 2); /* stack: value element-shape */
  lua_rawgeti(L, shape, 1);
  const char *form = lua_tostring(L, -1); /* the shape owns it */
  lua_pop(L, 1);
  lua_pushvalue(L, top); /* stack: value element-shape value */
  if (!form)
    status = encode_members(e, encode_structure_member, shape, depth + 1);
  else if (strcmp(form, "list") == 0)
    status = encode_elements(e, encode_shaped, top + 1, depth + 1);
  else
    status = encode_members(e, encode_shaped, top + 1, depth + 1);
  lua_settop(L, top);
  return status;
}

static enum ddb_status encode_shaped(struct encoder *e, int shape, int depth) {
  switch (lua_type(e->L, shape)) {
  case LUA_TSTRING:
    return encode_kind(e, lua_tostring(e->L, shape));
  case LUA_TTABLE:
    if (!lua_checkstack(e->L, 16)) return ddb_fail(e->error, DDB_NOMEM, "out of memory");
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
