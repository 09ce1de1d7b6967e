/*
 * Response text to Lua values in one pass, without attribute-value tables in between. Shapes as in
 * encode.c, and "row": an item's attributes, which become an item when there is an owner.
 */
#include "value.h"

#include "../core/crypto.h"
#include "../core/json.h"
#include "item.h"

#include <string.h>

#define HINT_MAX 64 /* a sibling's size is taken as a hint up to here */

struct decoder {
  lua_State *L;
  struct ddb_json json;
  struct ddb_error *error;
  int owner;                                 /* index of the table of rows, or 0 */
  unsigned char hints[VALUE_DEPTH_READ + 1]; /* members of the last map at each depth */
  struct path path;
};

/* Decodes one value and pushes it: nothing pushed means that the member is absent. */
typedef enum ddb_status decode_function(struct decoder *d, int shape, int depth);

static decode_function decode_value, decode_shaped;

static enum ddb_status fail(struct decoder *d, const char *why) {
  return ddb_fail(d->error, DDB_INVALID, "%s", why);
}

/* {===== Objects and arrays ===== */

/*
 * Finds repeated names: a bit for each name's hash shows the new ones at once, and only a bit that
 * was set already needs a look into the table.
 */
static bool is_repeated(struct decoder *d, uint64_t *seen, struct ddb_slice name) {
  size_t hash = name.n;
  if (name.n) {
    hash += 7u * (unsigned char)name.p[0] + 31u * (unsigned char)name.p[name.n - 1] +
            13u * (unsigned char)name.p[name.n / 2];
  }
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

/* Reads one member into the table below: its name, and its value if it has one. */
static enum ddb_status decode_member(struct decoder *d, decode_function *value, int shape,
                                     int depth, uint64_t *seen) {
  struct ddb_slice name;
  enum ddb_status status = ddb_json_name(&d->json, &name, d->error);
  if (status) return status;
  int top = lua_gettop(d->L);
  lua_pushlstring(d->L, name.p, name.n);
  size_t n;
  const char *p = lua_tolstring(d->L, -1, &n); /* outlives the scratch that 'name' may be in */
  path_name(&d->path, p, n);
  if (is_repeated(d, seen, ddb_slice(p, n))) return fail(d, "member occurs twice");
  status = value(d, shape, depth);
  if (status) return status;
  path_leave(&d->path);
  if (lua_gettop(d->L) == top + 2)
    lua_rawset(d->L, top);
  else
    lua_settop(d->L, top);
  return DDB_OK;
}

/* Reads an object and pushes a table of its members. */
static enum ddb_status decode_object(struct decoder *d, decode_function *value, int shape,
                                     int depth) {
  enum ddb_status status = DDB_OK;
  bool more = true;
  int count = 0;
  uint64_t seen = 0;
  unsigned char *hint = &d->hints[depth];
  if (!ddb_json_take(&d->json, '{')) return ddb_json_expected(&d->json, "object", d->error);
  if (!lua_checkstack(d->L, 16)) return ddb_fail(d->error, DDB_NOMEM, "out of memory");
  lua_createtable(d->L, 0, *hint);
  for (;; count++) {
    status = ddb_json_next(&d->json, count == 0, '}', &more, d->error);
    if (!status && more) status = decode_member(d, value, shape, depth, &seen);
    if (status || !more) break;
  }
  *hint = (unsigned char)(count < HINT_MAX ? count : HINT_MAX);
  return status;
}

/* Reads an array and pushes a table of its elements; 'absent' ones are dropped. */
static enum ddb_status decode_array(struct decoder *d, decode_function *value, int shape,
                                    int depth) {
  enum ddb_status status = DDB_OK;
  bool more = true;
  if (!ddb_json_take(&d->json, '[')) return ddb_json_expected(&d->json, "array", d->error);
  if (!lua_checkstack(d->L, 16)) return ddb_fail(d->error, DDB_NOMEM, "out of memory");
  lua_newtable(d->L);
  int table = lua_gettop(d->L);
  for (int i = 1; !status; i++) {
    status = ddb_json_next(&d->json, i == 1, ']', &more, d->error);
    if (status || !more) break;
    path_index(&d->path, i);
    status = value(d, shape, depth);
    if (status) break;
    path_leave(&d->path);
    if (lua_gettop(d->L) == table) return fail(d, "null in an array");
    lua_rawseti(d->L, table, i);
  }
  return status;
}

/* ===================== }
** {===== Attribute values ===== */

static enum ddb_status decode_string(struct decoder *d) {
  struct ddb_slice s;
  enum ddb_status status = ddb_json_string(&d->json, &s, d->error);
  if (!status) lua_pushlstring(d->L, s.p, s.n);
  return status;
}

static enum ddb_status decode_number(struct decoder *d) {
  struct ddb_slice s;
  struct ddb_number n;
  enum ddb_status status = ddb_json_string(&d->json, &s, d->error);
  if (!status)
    status = ddb_number_read(&n, s.p, s.n, COMPAT_INTEGER_MIN, COMPAT_INTEGER_MAX, d->error);
  if (!status) number_push(d->L, &n);
  return status;
}

/* Reads base64 and pushes the bytes as a string. */
static enum ddb_status decode_bytes(struct decoder *d) {
  struct ddb_slice s;
  struct ddb_buf *scratch = d->json.scratch;
  size_t n = 0;
  enum ddb_status status = ddb_json_string(&d->json, &s, d->error);
  if (status) return status;
  if (s.p != scratch->p) { /* else it has escapes and stands in the scratch: decode it in place */
    ddb_buf_clear(scratch, SIZE_MAX);
    if (!ddb_buf_reserve(scratch, ddb_base64_decoded_size(s.n)))
      return ddb_fail(d->error, scratch->status, "%s", ddb_status_text(scratch->status));
  }
  if (s.n && ddb_base64_decode(s.p, s.n, (unsigned char *)scratch->p, &n))
    return fail(d, "malformed base64");
  lua_pushlstring(d->L, s.n ? scratch->p : "", n);
  return DDB_OK;
}

static enum ddb_status decode_binary(struct decoder *d) {
  enum ddb_status status = decode_bytes(d);
  if (!status) binary_wrap(d->L);
  return status;
}

static enum ddb_status decode_boolean(struct decoder *d) {
  bool value = ddb_json_peek(&d->json) == 't';
  enum ddb_status status = ddb_json_literal(&d->json, value ? "true" : "false", d->error);
  if (!status) lua_pushboolean(d->L, value);
  return status;
}

static enum ddb_status decode_null(struct decoder *d) {
  enum ddb_status status = ddb_json_literal(&d->json, "true", d->error);
  if (!status) lua_pushlightuserdata(d->L, NULL);
  return status;
}

/* Pushes one element of a set as its key; two spellings of one number are one element. */
static enum ddb_status decode_element(struct decoder *d, enum set_type type) {
  struct ddb_slice s;
  struct ddb_decimal decimal;
  char text[DDB_DECIMAL_TEXT];
  if (type == SET_STRING) return decode_string(d);
  if (type == SET_BINARY) return decode_bytes(d);
  enum ddb_status status = ddb_json_string(&d->json, &s, d->error);
  if (!status) status = ddb_decimal_parse(&decimal, s.p, s.n, d->error);
  if (!status) lua_pushlstring(d->L, text, ddb_decimal_text(&decimal, text));
  return status;
}

static enum ddb_status decode_set(struct decoder *d, enum set_type type) {
  enum ddb_status status = DDB_OK;
  bool more = true;
  if (!ddb_json_take(&d->json, '[')) return ddb_json_expected(&d->json, "array", d->error);
  struct set *set = set_push(d->L, type);
  for (bool first = true; !status; first = false) {
    status = ddb_json_next(&d->json, first, ']', &more, d->error);
    if (status || !more) break;
    status = decode_element(d, type);
    if (!status) set_add(d->L, set);
  }
  if (!status && set->count == 0) status = fail(d, "empty set");
  if (!status) lua_pop(d->L, 1);
  return status;
}

static enum ddb_status decode_marked(struct decoder *d, enum mark mark, int depth) {
  enum ddb_status status;
  if (depth >= VALUE_DEPTH_READ) return fail(d, "nested too deep");
  if (mark == MARK_LIST)
    status = decode_array(d, decode_value, 0, depth + 1);
  else
    status = decode_object(d, decode_value, 0, depth + 1);
  if (!status) value_setmark(d->L, mark);
  return status;
}

/* SS, NS or BS? */
static bool is_set(struct ddb_slice type) {
  return type.n == 2 && type.p[1] == 'S' &&
         (type.p[0] == SET_STRING || type.p[0] == SET_NUMBER || type.p[0] == SET_BINARY);
}

/* Reads the value behind a type's name. */
static enum ddb_status decode_typed(struct decoder *d, struct ddb_slice type, int depth) {
  if (type.n == 1) {
    switch (type.p[0]) {
    case 'S':
      return decode_string(d);
    case 'N':
      return decode_number(d);
    case 'B':
      return decode_binary(d);
    case 'M':
      return decode_marked(d, MARK_MAP, depth);
    case 'L':
      return decode_marked(d, MARK_LIST, depth);
    default:
      break;
    }
  }
  if (is_set(type)) return decode_set(d, (enum set_type)type.p[0]);
  if (type.n == 4 && memcmp(type.p, "BOOL", 4) == 0) return decode_boolean(d);
  if (type.n == 4 && memcmp(type.p, "NULL", 4) == 0) return decode_null(d);
  return ddb_fail(d->error, DDB_INVALID, "unknown attribute type '%.*s'",
                  (int)(type.n < 20 ? type.n : 20), type.p);
}

/* Members that say nothing: null ones, and the "__type" of AWS's JSON protocol. */
static bool is_noise(struct decoder *d, struct ddb_slice name) {
  return ddb_json_peek(&d->json) == 'n' || (name.n == 6 && memcmp(name.p, "__type", 6) == 0);
}

static enum ddb_status decode_value(struct decoder *d, int shape, int depth) {
  enum ddb_status status = DDB_OK;
  bool more = true, found = false;
  (void)shape;
  if (!ddb_json_take(&d->json, '{'))
    return ddb_json_expected(&d->json, "attribute value", d->error);
  for (bool first = true; !status; first = false) {
    struct ddb_slice name;
    status = ddb_json_next(&d->json, first, '}', &more, d->error);
    if (status || !more) break;
    status = ddb_json_name(&d->json, &name, d->error);
    if (status) break;
    if (is_noise(d, name)) {
      status = ddb_json_skip(&d->json, VALUE_DEPTH_READ, d->error);
    } else if (found) {
      status = fail(d, "attribute value with more than one type");
    } else {
      found = true;
      status = decode_typed(d, name, depth);
    }
  }
  if (!status && !found) status = fail(d, "attribute value without a type");
  return status;
}

/* ===================== }
** {===== Shapes ===== */

static enum ddb_status decode_plain(struct decoder *d, int shape, int depth) {
  struct ddb_slice s;
  struct ddb_number n;
  enum ddb_status status;
  (void)shape;
  if (depth >= VALUE_DEPTH_READ) return fail(d, "nested too deep");
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
    return ddb_json_literal(&d->json, "null", d->error); /* absent */
  default:
    status = ddb_json_number(&d->json, &s, d->error);
    if (!status)
      status = ddb_number_read(&n, s.p, s.n, COMPAT_INTEGER_MIN, COMPAT_INTEGER_MAX, d->error);
    if (!status) number_push(d->L, &n);
    return status;
  }
}

static enum ddb_status decode_row(struct decoder *d, int depth) {
  (void)ddb_json_peek(&d->json);
  const char *text = d->json.p;
  enum ddb_status status = decode_object(d, decode_value, 0, depth);
  if (status || !d->owner) return status;
  lua_pushlstring(d->L, text, (size_t)(d->json.p - text));
  lua_insert(d->L, -2); /* stack: loaded attributes */
  item_push(d->L, d->owner, lua_gettop(d->L) - 1);
  lua_remove(d->L, -2);
  return DDB_OK;
}

static enum ddb_status decode_kind(struct decoder *d, const char *kind, int depth) {
  if (strcmp(kind, "row") == 0) return decode_row(d, depth);
  if (strcmp(kind, "item") == 0) return decode_object(d, decode_value, 0, depth);
  if (strcmp(kind, "value") == 0) return decode_value(d, 0, depth);
  return ddb_fail(d->error, DDB_INVALID, "unknown shape '%s'", kind);
}

/* A member of a structure, whose name is at the top of the stack. */
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
  if (depth >= VALUE_DEPTH_READ) return fail(d, "nested too deep");
  if (!lua_checkstack(L, 16)) return ddb_fail(d->error, DDB_NOMEM, "out of memory");
  int top = lua_gettop(L);
  lua_rawgeti(L, shape, 2);
  lua_rawgeti(L, shape, 1);
  const char *form = lua_tostring(L, -1); /* the shape keeps it */
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
  if (ddb_json_peek(&d->json) == 'n') return ddb_json_literal(&d->json, "null", d->error);
  switch (lua_type(d->L, shape)) {
  case LUA_TSTRING:
    return decode_kind(d, lua_tostring(d->L, shape), depth);
  case LUA_TTABLE:
    return decode_container(d, shape, depth);
  default:
    return decode_plain(d, 0, depth);
  }
}

/* ===================== } */

enum ddb_status value_decode(lua_State *L, int shape, int owner, struct ddb_slice text,
                             struct ddb_buf *scratch, struct ddb_error *e) {
  struct decoder d;
  d.L = L;
  d.error = e;
  d.owner = owner;
  d.path.depth = 0;
  memset(d.hints, 0, sizeof d.hints);
  ddb_json_init(&d.json, text.p, text.n, scratch);
  int top = lua_gettop(L);
  enum ddb_status status = decode_shaped(&d, shape, 0);
  if (!status) status = ddb_json_end(&d.json, e);
  if (!status && lua_gettop(L) != top + 1) status = fail(&d, "value expected, got null");
  if (status == DDB_INVALID) path_explain(&d.path, e);
  return status;
}
