/*
 * DynamoDB values in Lua: the marks that tell lists from maps, comparison, and the codec between
 * Lua values and DynamoDB JSON.
 */
#ifndef DDB_VALUE_H
#define DDB_VALUE_H

#include "../core/buf.h"
#include "binary.h"
#include "number.h"
#include "path.h"
#include "set.h"

#define VALUE_DEPTH 32 /* levels that DynamoDB stores; deeper ones are refused before sending */
#define VALUE_DEPTH_READ 64              /* levels accepted from the service */
#define VALUE_MAX_TEXT ((size_t)1 << 27) /* ceiling of one request or response, in bytes */

/* How a table is encoded. */
enum mark { MARK_NONE, MARK_LIST, MARK_MAP };

/*
 * Returns the mark of the value at 'index': of its metatable, or of a sentinel such as
 * cjson.empty_array.
 */
enum mark value_mark(lua_State *L, int index);

/* What a table is: an object of this library is neither. */
enum table_kind { TABLE_MAP, TABLE_LIST, TABLE_OBJECT };

/* Returns what the table at 'index' is. */
enum table_kind value_table_kind(lua_State *L, int index);

/*
 * Returns true when the table at 'index' is a list: by its mark, else because it has indexes. An
 * empty unmarked table is a map.
 */
bool value_is_list(lua_State *L, int index);

/*
 * Returns true when the value at 'index' is an object of this library that is no attribute value:
 * an item, a condition, an error... Such a table is never taken for a map.
 */
bool value_is_object(lua_State *L, int index);

/*
 * Returns what the value at 'index' is, for messages about values that are refused: "a condition",
 * "results", "function".
 */
const char *value_kind(lua_State *L, int index);

/*
 * Returns the attribute type that the value at 'index' is encoded as, "S", "N", "BOOL" and so on,
 * or NULL for a value that has none. The content of tables is not looked at.
 */
const char *value_attribute_type(lua_State *L, int index);

/* Pushes the metatable that is the mark. */
void value_pushmark(lua_State *L, enum mark mark);

/*
 * Returns true when both values are the same DynamoDB value; tables are compared by content. May
 * raise.
 */
bool value_equal(lua_State *L, int a, int b);

/*
 * Writes the value at the top of the stack by the shape at 'shape', and pops nothing. On failure
 * the error starts with the path of the value.
 */
enum ddb_status value_encode(lua_State *L, int shape, struct ddb_buf *out,
                             struct ddb_error *e) DDB_CHECKED;

/*
 * Decodes JSON text by the given shape and pushes the value. 'owner' is the index of the table
 * userdata whose items the rows become, or 0 for plain tables. The stack is undefined after a
 * failure. May raise.
 */
enum ddb_status value_decode(lua_State *L, int shape, int owner, struct ddb_slice text,
                             struct ddb_buf *scratch, struct ddb_error *e) DDB_CHECKED;

/*
 * Decodes one attribute value, {"S":"..."}, at the beginning of the text, which may go on. Pushes
 * values of its own, and the attribute's value on top of them. The stack is undefined after a
 * failure. May raise.
 */
enum ddb_status value_decode_attribute(lua_State *L, struct ddb_slice text, struct ddb_buf *scratch,
                                       struct ddb_error *e) DDB_CHECKED;

/* Likewise decodes the attributes of an item, of which there are 'count', to a table. */
enum ddb_status value_decode_attributes(lua_State *L, struct ddb_slice text, unsigned count,
                                        struct ddb_buf *scratch, struct ddb_error *e) DDB_CHECKED;

/*
 * Pushes the value of an attribute at the beginning of a text that was checked: a string without
 * escapes, a Lua number or a boolean, which have no identity. Pushes nothing and returns false for
 * others.
 */
bool value_push_scalar(lua_State *L, struct ddb_slice text);

/*
 * Pushes the value of an attribute at the beginning of a text that was checked. 'is_simple': it has
 * no escapes and no binaries. May raise.
 */
void value_push_attribute(lua_State *L, struct ddb_slice text, bool is_simple);

/* Likewise pushes a table of the attributes of an item, of which there are 'count'. */
void value_push_attributes(lua_State *L, struct ddb_slice text, unsigned count, bool is_simple);

/* Registers the classes and marks; adds number, set, binary, list, map... to the table at the top.
 */
void value_open(lua_State *L);

#endif
