/* Encodes attribute values ({"S":"..."}). */
#include "encode_members.h"

#include "../core/crypto.h"

enum ddb_status encode_string(struct encoder *e, int index) {
  size_t n;
  const char *p = lua_tolstring(e->L, index, &n);
  return ddb_json_write_string(e->out, p, n, e->error);
}

/* Writes the digits of the Lua number at the top to 'text', and their number to '*n'. */
static enum ddb_status number_text(struct encoder *e, char text[DDB_DECIMAL_TEXT], size_t *n) {
  int64_t i;
  if (!compat_tointeger(e->L, -1, &i))
    return ddb_double_text(lua_tonumber(e->L, -1), text, n, e->error);
  *n = ddb_integer_text(i, text);
  return DDB_OK;
}

void encode_decimal(struct encoder *e, const struct ddb_decimal *d) {
  char text[DDB_DECIMAL_TEXT];
  ddb_buf_add(e->out, text, ddb_decimal_text(d, text));
}

enum ddb_status encode_scalar(struct encoder *e) {
  char text[DDB_DECIMAL_TEXT];
  size_t n;
  enum ddb_status status;
  switch (lua_type(e->L, -1)) {
  case LUA_TSTRING:
    return encode_string(e, -1);
  case LUA_TNUMBER:
    status = number_text(e, text, &n);
    if (!status) ddb_buf_add(e->out, text, n);
    return status;
  default:
    ddb_buf_add_text(e->out, lua_toboolean(e->L, -1) ? "true" : "false");
    return DDB_OK;
  }
}

void encode_bytes(struct encoder *e, int index) {
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

enum ddb_status encode_grow(struct encoder *e) {
  return lua_checkstack(e->L, 16) ? DDB_OK : ddb_fail(e->error, DDB_NOMEM, "out of memory");
}

enum ddb_status encode_unexpected(struct encoder *e) {
  return ddb_fail(e->error, DDB_INVALID, "DynamoDB value expected, got %s", value_kind(e->L, -1));
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
    return encode_fail(e, "empty set (DynamoDB has none; remove the attribute instead)");
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

static enum ddb_status encode_table(struct encoder *e, int depth) {
  enum table_kind kind = value_table_kind(e->L, -1);
  if (kind == TABLE_OBJECT) return encode_unexpected(e);
  enum ddb_status status = encode_grow(e);
  if (status) return status;
  if (kind == TABLE_LIST) {
    ddb_buf_add_text(e->out, "{\"L\":");
    status = encode_elements(e, encode_value, 0, depth + 1);
  } else {
    ddb_buf_add_text(e->out, "{\"M\":");
    status = encode_attributes(e, depth + 1);
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
    return encode_unexpected(e);
  return DDB_OK;
}

static enum ddb_status encode_userdata(struct encoder *e) {
  int top = lua_gettop(e->L);
  const struct set *set = object_test(e->L, top, &set_class);
  const struct ddb_decimal *number = object_test(e->L, top, &number_class);
  if (set) return encode_set(e, set);
  if (object_test(e->L, top, &binary_class)) return encode_binary(e);
  if (!number) return encode_unexpected(e);
  ddb_buf_add_text(e->out, "{\"N\":\"");
  encode_decimal(e, number);
  ddb_buf_add_text(e->out, "\"}");
  return DDB_OK;
}

/* Writes the string at the top with its type. */
DDB_INLINE enum ddb_status encode_typed_string(struct encoder *e) {
  size_t n;
  const char *p = lua_tolstring(e->L, -1, &n);
  return ddb_json_write_framed(e->out, ddb_text("{\"S\":\""), ddb_slice(p, n), ddb_text("\"}"),
                               e->error);
}

/* Writes the Lua number at the top with its type. */
static __attribute__((noinline)) enum ddb_status encode_typed_number(struct encoder *e) {
  static const char before[] = "{\"N\":\"";
  char text[sizeof before + DDB_DECIMAL_TEXT] = "{\"N\":\"", *digits = text + sizeof before - 1;
  size_t n;
  enum ddb_status status = number_text(e, digits, &n);
  if (status) return status;
  digits[n++] = '"';
  digits[n++] = '}';
  ddb_buf_add(e->out, text, sizeof before - 1 + n);
  return DDB_OK;
}

/* Writes what is neither a string nor a number. */
static __attribute__((noinline)) enum ddb_status encode_other(struct encoder *e, int type,
                                                              int depth) {
  switch (type) {
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
    return encode_unexpected(e);
  }
}

DDB_INLINE enum ddb_status encode_inline(struct encoder *e, int shape, int depth) {
  (void)shape;
  if (depth >= VALUE_DEPTH) return encode_fail(e, "nested deeper than 32 levels (a cycle?)");
  int type = lua_type(e->L, -1);
  if (type == LUA_TSTRING) return encode_typed_string(e);
  return type == LUA_TNUMBER ? encode_typed_number(e) : encode_other(e, type, depth);
}

enum ddb_status encode_value(struct encoder *e, int shape, int depth) {
  return encode_inline(e, shape, depth);
}

enum ddb_status encode_attributes(struct encoder *e, int depth) {
  return encode_members_by(e, encode_inline, 0, depth);
}
