/* dynamodb.binary: bytes, as opposed to text; equal by bytes. */
#ifndef DDB_BINARY_H
#define DDB_BINARY_H

#include "object.h"

enum { BINARY_BYTES = 1 }; /* slot: the bytes, as a Lua string */

extern const struct object_class binary_class;

/* Replaces the string at the top of the stack by a dynamodb.binary. */
void binary_wrap(lua_State *L);

/* Returns true when the values at 'a' and 'b' are binaries with the same bytes. */
bool binary_equal(lua_State *L, int a, int b);

/* dynamodb.binary(bytes) -> dynamodb.binary. */
int binary_new(lua_State *L);

#endif
