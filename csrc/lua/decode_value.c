/* Decodes attribute values ({"S":"..."}) to Lua values in place. */
#include "decode_members.h"

#include "../core/crypto.h"

#include <string.h>

enum ddb_status decode_string(struct decoder *d) {
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

/* Decodes base64 and pushes the bytes as a string. */
static enum ddb_status decode_bytes(struct decoder *d) {
  struct ddb_slice s;
  struct ddb_buf *scratch = d->json.scratch;
  size_t n = 0;
  enum ddb_status status = ddb_json_string(&d->json, &s, d->error);
  if (status) return status;
  if (s.p != scratch->p) { /* a text with escapes is in the scratch, and decoded in place */
    ddb_buf_clear(scratch, SIZE_MAX);
    if (!ddb_buf_reserve(scratch, ddb_base64_decoded_size(s.n)))
      return ddb_fail(d->error, scratch->status, "%s", ddb_status_text(scratch->status));
  }
  if (s.n && ddb_base64_decode(s.p, s.n, (unsigned char *)scratch->p, &n))
    return decode_fail(d, "malformed base64");
  lua_pushlstring(d->L, s.n ? scratch->p : "", n);
  return DDB_OK;
}

static enum ddb_status decode_binary(struct decoder *d) {
  enum ddb_status status = decode_bytes(d);
  if (!status) binary_wrap(d->L);
  return status;
}

enum ddb_status decode_boolean(struct decoder *d) {
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

/* Pushes the key of one set element. All spellings of a number have one key. */
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
  if (!status && set->count == 0) status = decode_fail(d, "empty set");
  if (!status) lua_pop(d->L, 1);
  return status;
}

/* Returns true for the types SS, NS and BS. */
static bool is_set(struct ddb_slice type) {
  return type.n == 2 && type.p[1] == 'S' &&
         (type.p[0] == SET_STRING || type.p[0] == SET_NUMBER || type.p[0] == SET_BINARY);
}

static enum ddb_status decode_map(struct decoder *d, int depth) {
  if (depth >= VALUE_DEPTH_READ) return decode_fail(d, "nested too deep");
  enum ddb_status status = decode_attributes(d, depth + 1);
  if (!status) decode_set_mark(d, MARK_MAP);
  return status;
}

/* Decodes the value after the name of a type of one letter. */
static enum ddb_status decode_letter(struct decoder *d, char letter, int depth) {
  switch (letter) {
  case 'S':
    return decode_string(d);
  case 'N':
    return decode_number(d);
  case 'B':
    return decode_binary(d);
  case 'M':
    return decode_map(d, depth);
  case 'L':
    return decode_marked(d, MARK_LIST, decode_value, depth);
  default:
    return ddb_fail(d->error, DDB_INVALID, "unknown attribute type '%c'", letter);
  }
}

/* Decodes the value after the name of a type. */
static enum ddb_status decode_typed(struct decoder *d, struct ddb_slice type, int depth) {
  if (type.n == 1) return decode_letter(d, type.p[0], depth);
  if (is_set(type)) return decode_set(d, (enum set_type)type.p[0]);
  if (type.n == 4 && memcmp(type.p, "BOOL", 4) == 0) return decode_boolean(d);
  if (type.n == 4 && memcmp(type.p, "NULL", 4) == 0) return decode_null(d);
  return ddb_fail(d->error, DDB_INVALID, "unknown attribute type '%.*s'",
                  (int)(type.n < 20 ? type.n : 20), type.p);
}

/* Returns true for members without meaning: null ones, and "__type" of AWS's JSON protocol. */
static bool is_noise(struct decoder *d, struct ddb_slice name) {
  return ddb_json_peek(&d->json) == 'n' || (name.n == 6 && memcmp(name.p, "__type", 6) == 0);
}

/* Decodes members up to the closing brace. 'found' is true when an earlier member was the type. */
static enum ddb_status decode_rest(struct decoder *d, bool found, int depth) {
  enum ddb_status status = DDB_OK;
  bool more = true;
  for (bool first = !found; !status; first = false) {
    struct ddb_slice name;
    status = ddb_json_next(&d->json, first, '}', &more, d->error);
    if (status || !more) break;
    status = ddb_json_name(&d->json, &name, d->error);
    if (status) break;
    if (is_noise(d, name)) {
      status = ddb_json_skip(&d->json, VALUE_DEPTH_READ, d->error);
    } else if (found) {
      status = decode_fail(d, "attribute value with more than one type");
    } else {
      found = true;
      status = decode_typed(d, name, depth);
    }
  }
  if (!status && !found) status = decode_fail(d, "attribute value without a type");
  return status;
}

/* Decodes an attribute value that is not spelt as usual, or has a type of several letters. */
static __attribute__((noinline)) enum ddb_status decode_other(struct decoder *d, int depth) {
  struct ddb_json *j = &d->json;
  if (decode_take(j, "{\"BOOL\":true}")) {
    lua_pushboolean(d->L, 1);
  } else if (decode_take(j, "{\"BOOL\":false}")) {
    lua_pushboolean(d->L, 0);
  } else if (decode_take(j, "{\"NULL\":true}")) {
    lua_pushlightuserdata(d->L, NULL);
  } else {
    if (!ddb_json_take(j, '{')) return ddb_json_expected(j, "attribute value", d->error);
    return decode_rest(d, false, depth);
  }
  return DDB_OK;
}

/* The usual spelling is a type of one letter without blanks, whose value is not null. */
DDB_INLINE enum ddb_status decode_inline(struct decoder *d, int shape, int depth) {
  struct ddb_json *j = &d->json;
  const char *p = j->p;
  (void)shape;
  if (j->end - p < 6 || p[0] != '{' || p[1] != '"' || p[3] != '"' || p[4] != ':' || p[5] == 'n')
    return decode_other(d, depth);
  j->p = p + 5;
  enum ddb_status status = p[2] == 'S' ? decode_string(d) : decode_letter(d, p[2], depth);
  if (status || ddb_json_take(j, '}')) return status;
  return decode_rest(d, true, depth);
}

enum ddb_status decode_value(struct decoder *d, int shape, int depth) {
  return decode_inline(d, shape, depth);
}

enum ddb_status decode_attributes(struct decoder *d, int depth) {
  return decode_object_by(d, decode_inline, 0, depth);
}
