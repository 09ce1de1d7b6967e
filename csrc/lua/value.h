/*
 * The DynamoDB values that plain Lua has no type for (number, set, binary), the marks that tell
 * lists from maps, and the codec between Lua values and DynamoDB JSON (DESIGN section 4).
 */
#ifndef DDB_VALUE_H
#define DDB_VALUE_H

#include "../core/buf.h"
#include "../core/decimal.h"
#include "object.h"
#include "path.h"

#define VALUE_DEPTH 32 /* levels that DynamoDB stores; deeper ones are refused before sending */
#define VALUE_DEPTH_READ 64 /* levels accepted from the service, which counts in its own way */
#define VALUE_MAX_TEXT ((size_t)1 << 27) /* ceiling of one request or response, in bytes */

enum set_type { SET_STRING = 'S', SET_NUMBER = 'N', SET_BINARY = 'B' };

/* A set's elements are the keys of the table in its slot, as text: bytes, or canonical numbers. */
struct set {
  enum set_type type;
  size_t count;
};
enum { SET_ELEMENTS = 1 };

enum { BINARY_BYTES = 1 }; /* slot: the bytes, as a Lua string */

extern const struct object_class number_class; /* struct ddb_decimal */
extern const struct object_class set_class;
extern const struct object_class binary_class;

/* Pushes a number in the form that keeps it exact: integer, float, or dynamodb.number. */
void number_push(lua_State *L, const struct ddb_number *n);

/*
 * Reads the Lua number or dynamodb.number at 'index'. DDB_INVALID for NaN, infinity and numbers out
 * of range; the value must be of one of the two kinds.
 */
enum ddb_status number_get(lua_State *L, int index, struct ddb_decimal *out,
                           struct ddb_error *e) DDB_CHECKED;

/* Turns the string at the top of the stack into a dynamodb.binary. */
void binary_wrap(lua_State *L);

/* Pushes an empty set and its table of elements: stack: set elements. */
struct set *set_push(lua_State *L, enum set_type type);

/*
 * Pops an element's key (bytes, or canonical number text) into the elements table below it and
 * counts it when it is new.
 */
void set_add(lua_State *L, struct set *set);

/* The constructors that Lua calls: dynamodb.number(v), .binary(bytes), .set(list [, type]). */
int number_new(lua_State *L);
int binary_new(lua_State *L);
int set_new(lua_State *L);

/* What a table is to the codec. */
enum mark { MARK_NONE, MARK_LIST, MARK_MAP };

/* The mark of the value at 'index': of its metatable, or of a sentinel such as cjson.empty_array.
 */
enum mark value_mark(lua_State *L, int index);

/* Is the table at 'index' a list? By its mark, else by having positions: empty ones are maps. */
bool value_is_list(lua_State *L, int index);

/* Pushes the metatable that is the mark. */
void value_pushmark(lua_State *L, enum mark mark);

/* True when both values are the same DynamoDB value, tables compared by content. May raise. */
bool value_equal(lua_State *L, int a, int b);

/* A description of a value's type for errors: "nil", "table", "dynamodb.set"... */
const char *value_typename(lua_State *L, int index);

/*
 * Writes the value at the top of the stack as the shape at 'shape' says, and pops nothing. On
 * failure the error starts with the path of the offending value.
 */
enum ddb_status value_encode(lua_State *L, int shape, struct ddb_buf *out,
                             struct ddb_error *e) DDB_CHECKED;

/*
 * Reads JSON text in the given shape and pushes the value. 'owner' is the index of the table
 * userdata that rows become items of, or 0 for plain tables. The stack is undefined after a
 * failure. May raise.
 */
enum ddb_status value_decode(lua_State *L, int shape, int owner, struct ddb_slice text,
                             struct ddb_buf *scratch, struct ddb_error *e) DDB_CHECKED;

/* Registers the classes and marks; adds number, set, binary, list, map... to the table at the top.
 */
void value_open(lua_State *L);

#endif
