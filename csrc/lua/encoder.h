/* The encoder's internals, shared by encode.c, encode_value.c, encode_container.c, encode_json.c.
 */
#ifndef DDB_ENCODER_H
#define DDB_ENCODER_H

#include "../core/json.h"
#include "value.h"

struct encoder {
  lua_State *L;
  struct ddb_buf *out;
  struct ddb_error *error;
  struct path path;
};

/*
 * Encodes the value at the top of the stack, which remains there: after a success nothing is above
 * it. 'shape' is the index of its shape.
 */
typedef enum ddb_status encode_function(struct encoder *e, int shape, int depth);

/*
 * Encodes one attribute value, with its type; the shape is ignored. The service counts the value of
 * an attribute as level 1.
 */
encode_function encode_value;

/*
 * Encodes a value as plain JSON: sets as arrays, numbers by their digits, bytes as base64, items as
 * objects, names and elements of sets in order. The shape is ignored.
 */
encode_function encode_json;

/* Writes the elements of the table at the top of the stack: indexes 1 to n and nothing else. */
enum ddb_status encode_elements(struct encoder *e, encode_function *element, int shape, int depth);

/* Writes the table of attribute values at the top of the stack as a JSON object. */
enum ddb_status encode_attributes(struct encoder *e, int depth);

/* Writes the members of the table at the top of the stack as a JSON object. */
enum ddb_status encode_members(struct encoder *e, encode_function *value, int shape, int depth);

/* Writes the string at 'index' in quotes. */
enum ddb_status encode_string(struct encoder *e, int index);

/* Writes the digits of a decimal. */
void encode_decimal(struct encoder *e, const struct ddb_decimal *d);

/* Writes the string, number or boolean at the top as plain JSON. */
enum ddb_status encode_scalar(struct encoder *e);

/* Writes the string at 'index' as base64, with its quotes. */
void encode_bytes(struct encoder *e, int index);

/* Makes room on the Lua stack for one more level. */
enum ddb_status encode_grow(struct encoder *e);

/* Fails since the value at the top is not a DynamoDB value. */
enum ddb_status encode_unexpected(struct encoder *e);

static inline enum ddb_status encode_fail(struct encoder *e, const char *why) {
  return ddb_fail(e->error, DDB_INVALID, "%s", why);
}

#endif
