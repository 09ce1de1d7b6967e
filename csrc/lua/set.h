/* dynamodb.set: a string, number or binary set with membership in O(1). */
#ifndef DDB_SET_H
#define DDB_SET_H

#include "object.h"

enum set_type { SET_STRING = 'S', SET_NUMBER = 'N', SET_BINARY = 'B' };

/* The elements are the keys of the table in the slot, as text: bytes, or canonical numbers. */
struct set {
  enum set_type type;
  size_t count;
};
enum { SET_ELEMENTS = 1 };

extern const struct object_class set_class;

/* Pushes an empty set and its table of elements: stack: set elements. */
struct set *set_push(lua_State *L, enum set_type type);

/*
 * Pops an element's key (bytes, or canonical number text) into the table of elements below it, and
 * counts it when it is new.
 */
void set_add(lua_State *L, struct set *set);

/* Returns true when the values at 'a' and 'b' are sets of one type with the same elements. */
bool set_equal(lua_State *L, int a, int b);

/* dynamodb.set(list [, type]) -> dynamodb.set. */
int set_new(lua_State *L);

/* Registers the class, and sets its metatable into the table at the top as 'set_class'. */
void set_open(lua_State *L);

#endif
