/* dynamodb.number: a decimal that no Lua number holds exactly. */
#ifndef DDB_NUMBER_H
#define DDB_NUMBER_H

#include "../core/decimal.h"
#include "object.h"

extern const struct object_class number_class; /* struct ddb_decimal */

/* Pushes a number in the form that keeps it exact: integer, float, or dynamodb.number. */
void number_push(lua_State *L, const struct ddb_number *n);

/*
 * Reads the Lua number or dynamodb.number at 'index'; the value must be one of them. DDB_INVALID
 * for NaN, infinity and numbers out of range.
 */
enum ddb_status number_get(lua_State *L, int index, struct ddb_decimal *out,
                           struct ddb_error *e) DDB_CHECKED;

/* Pushes a dynamodb.number. */
void number_wrap(lua_State *L, const struct ddb_decimal *d);

/* dynamodb.number(text | number) -> dynamodb.number. */
int number_new(lua_State *L);

#endif
