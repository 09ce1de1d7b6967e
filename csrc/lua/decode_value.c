/* Decodes attribute values ({"S":"..."}) to Lua values in place. */
#include "decoder.h"

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

/* Decodes the value after the name of a type. */
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
      return decode_marked(d, MARK_MAP, decode_value, depth);
    case 'L':
      return decode_marked(d, MARK_LIST, decode_value, depth);
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

/* Returns true for members without meaning: null ones, and "__type" of AWS's JSON protocol. */
static bool is_noise(struct decoder *d, struct ddb_slice name) {
  return ddb_json_peek(&d->json) == 'n' || (name.n == 6 && memcmp(name.p, "__type", 6) == 0);
}

/*
 * Takes "S": of an attribute value in its usual spelling: a type of one letter, no blanks, not
 * null. Takes nothing and returns false for other spellings.
 */
static bool take_letter(struct ddb_json *j, struct ddb_slice *type) {
  const char *p = j->p;
  if (j->end - p < 5 || p[0] != '"' || p[2] != '"' || p[3] != ':' || p[4] == 'n') return false;
  *type = ddb_slice(p + 1, 1);
  j->p += 4;
  return true;
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

enum ddb_status decode_value(struct decoder *d, int shape, int depth) {
  struct ddb_slice type;
  (void)shape;
  if (!ddb_json_take(&d->json, '{'))
    return ddb_json_expected(&d->json, "attribute value", d->error);
  if (!take_letter(&d->json, &type)) return decode_rest(d, false, depth);
  enum ddb_status status = decode_typed(d, type, depth);
  if (status || ddb_json_take(&d->json, '}')) return status;
  return decode_rest(d, true, depth);
}
