/* Encodes values and items as plain JSON, for users. */
#include "encoder.h"

#include "item.h"

#include <stdlib.h>
#include <string.h>

static int compare_bytes(const void *a, const void *b) {
  const struct ddb_slice *x = a, *y = b;
  int differ = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
  return differ ? differ : (x->n > y->n) - (x->n < y->n);
}

/* The texts are canonical numbers, which parsing does not refuse. */
static int compare_numbers(const void *a, const void *b) {
  const struct ddb_slice *x = a, *y = b;
  struct ddb_decimal d, f;
  struct ddb_error ignored;
  if (ddb_decimal_parse(&d, x->p, x->n, &ignored) || ddb_decimal_parse(&f, y->p, y->n, &ignored))
    return 0;
  return ddb_decimal_compare(&d, &f);
}

/*
 * Pushes a list of the string keys of the table at 'table', and an array of their texts in order,
 * which the collector owns and which borrows from the list: a finalizer may change the table. Fails
 * for other keys.
 */
static enum ddb_status push_keys(struct encoder *e, int table, bool numbers, size_t *count,
                                 struct ddb_slice **out) {
  lua_State *L = e->L;
  size_t n = 0;
  *count = 0;
  *out = NULL;
  lua_pushnil(L);
  for (; lua_next(L, table); n++) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      return ddb_fail(e->error, DDB_INVALID, "name expected as key of a map, got %s",
                      object_typename(L, -1));
  }
  if (n > SIZE_MAX / sizeof **out) return ddb_fail(e->error, DDB_NOMEM, "out of memory");
  lua_newtable(L);
  struct ddb_slice *keys = lua_newuserdata(L, n ? n * sizeof *keys : 1);
  size_t i = 0;
  lua_pushnil(L); /* stack: list keys key */
  while (i < n && lua_next(L, table)) {
    lua_pop(L, 1);
    keys[i].p = lua_tolstring(L, -1, &keys[i].n);
    i++;
    lua_pushvalue(L, -1);
    lua_rawseti(L, -4, (int)i);
  }
  qsort(keys, i, sizeof *keys, numbers ? compare_numbers : compare_bytes);
  *count = i;
  *out = keys;
  return DDB_OK;
}

/* Writes the table at the top of the stack as an object, its members by name. */
static enum ddb_status encode_object(struct encoder *e, int depth) {
  int table = lua_gettop(e->L);
  struct ddb_slice *names;
  size_t count;
  enum ddb_status status = push_keys(e, table, false, &count, &names);
  if (status) return status;
  int top = lua_gettop(e->L);
  ddb_buf_add_char(e->out, '{');
  for (size_t i = 0; !status && i < count; i++) {
    if (i) ddb_buf_add_char(e->out, ',');
    status = ddb_json_write_framed(e->out, ddb_text("\""), names[i], ddb_text("\":"), e->error);
    if (!status) {
      lua_pushlstring(e->L, names[i].p, names[i].n);
      lua_rawget(e->L, table);
      status = encode_json(e, 0, depth);
      lua_settop(e->L, top);
    }
    if (status) path_name(&e->path, names[i].p, names[i].n);
  }
  ddb_buf_add_char(e->out, '}');
  return status;
}

/* Writes one element of a set. */
static enum ddb_status encode_element(struct encoder *e, enum set_type type,
                                      struct ddb_slice text) {
  if (type == SET_STRING) return ddb_json_write_string(e->out, text.p, text.n, e->error);
  if (type == SET_NUMBER) {
    ddb_buf_add(e->out, text.p, text.n);
    return DDB_OK;
  }
  lua_pushlstring(e->L, text.p, text.n);
  encode_bytes(e, -1);
  lua_pop(e->L, 1);
  return DDB_OK;
}

/* Writes the set at the top of the stack as an array, its elements in ascending order. */
static enum ddb_status encode_set(struct encoder *e, const struct set *set) {
  struct ddb_slice *elements;
  size_t count;
  compat_getslot(e->L, lua_gettop(e->L), SET_ELEMENTS);
  enum ddb_status status =
      push_keys(e, lua_gettop(e->L), set->type == SET_NUMBER, &count, &elements);
  if (status) return status;
  ddb_buf_add_char(e->out, '[');
  for (size_t i = 0; !status && i < count; i++) {
    if (i) ddb_buf_add_char(e->out, ',');
    status = encode_element(e, set->type, elements[i]);
  }
  ddb_buf_add_char(e->out, ']');
  return status;
}

static enum ddb_status encode_userdata(struct encoder *e, int depth) {
  int top = lua_gettop(e->L);
  const struct set *set = object_test(e->L, top, &set_class);
  const struct ddb_decimal *number = object_test(e->L, top, &number_class);
  if (set) return encode_set(e, set);
  if (number) {
    encode_decimal(e, number);
    return DDB_OK;
  }
  if (object_test(e->L, top, &binary_class)) {
    compat_getslot(e->L, top, BINARY_BYTES);
    encode_bytes(e, -1);
    return DDB_OK;
  }
  if (!object_test(e->L, top, &item_class)) return encode_unexpected(e);
  item_pushattributes(e->L, top);
  return encode_object(e, depth + 1);
}

static enum ddb_status encode_sentinel(struct encoder *e) {
  if (lua_touserdata(e->L, -1) == NULL)
    ddb_buf_add_text(e->out, "null");
  else if (value_mark(e->L, -1) == MARK_LIST)
    ddb_buf_add_text(e->out, "[]");
  else
    return encode_unexpected(e);
  return DDB_OK;
}

static enum ddb_status encode_table(struct encoder *e, int depth) {
  enum table_kind kind = value_table_kind(e->L, -1);
  if (kind == TABLE_OBJECT) return encode_unexpected(e);
  if (kind == TABLE_LIST) return encode_elements(e, encode_json, 0, depth + 1);
  return encode_object(e, depth + 1);
}

/* Encodes the value at the top; leaves what it pushed above it. */
static enum ddb_status encode_any(struct encoder *e, int depth) {
  switch (lua_type(e->L, -1)) {
  case LUA_TSTRING:
  case LUA_TNUMBER:
  case LUA_TBOOLEAN:
    return encode_scalar(e);
  case LUA_TLIGHTUSERDATA:
    return encode_sentinel(e);
  case LUA_TUSERDATA:
    return encode_userdata(e, depth);
  case LUA_TTABLE:
    return encode_table(e, depth);
  default:
    return encode_unexpected(e);
  }
}

enum ddb_status encode_json(struct encoder *e, int shape, int depth) {
  int top = lua_gettop(e->L);
  (void)shape;
  if (depth >= VALUE_DEPTH_READ) return encode_fail(e, "nested deeper than 64 levels (a cycle?)");
  enum ddb_status status = encode_grow(e);
  if (!status) status = encode_any(e, depth);
  lua_settop(e->L, top);
  return status;
}
