/*
 * Userdata objects. A class is a metatable made once per Lua state. An object is zeroed memory plus
 * slots for its Lua values, its parent among them, so that parents outlive children.
 */
#ifndef DDB_OBJECT_H
#define DDB_OBJECT_H

#include "../core/header.h"
#include "../core/status.h"
#include "compat.h"

#include <stddef.h>

struct object_class {
  const char *name; /* the metatable's name, also shown in error messages */
  int slots;        /* Lua values that each object holds */
  const luaL_Reg *methods;
  const luaL_Reg *meta; /* __gc, __close, __tostring ...; may include __index */
};

/*
 * Makes the class and pushes its metatable. Lua adds the methods that wait to its field 'methods'.
 */
void object_register(lua_State *L, const struct object_class *c);

/* Pushes an object: zeroed, slots nil, finalizer set. Resources are acquired into it afterwards. */
void *object_new(lua_State *L, const struct object_class *c, size_t size);

/* Returns the object of this class at 'index', or NULL. */
void *object_test(lua_State *L, int index, const struct object_class *c);

/* Raises for a mistake of the caller, at the line of the first caller outside this library. */
int object_raise(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Pops the text with which the 'source' of each Lua function of this library begins. */
void object_setlibrary(lua_State *L);

/*
 * Pushes "file:line: " of the first function up the stack that is Lua and not of this library, or
 * "" when there is none.
 */
void object_pushwhere(lua_State *L);

/* Returns the object of this class at 'index'; raises "CLASS expected, got TYPE". */
void *object_check(lua_State *L, int index, const struct object_class *c);

/*
 * As object_check at index 1, for functions that run for every item: an upvalue is the metatable
 * of the class, so that the registry is not asked. May push a value.
 */
static inline void *object_check_by(lua_State *L, int upvalue, const struct object_class *c) {
  void *self = lua_touserdata(L, 1);
  bool same = self && lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(upvalue));
  return same ? self : object_check(L, 1, c);
}

/* A method or function for the messages about its arguments. */
struct object_call {
  const char *name;
  int most;          /* how many arguments it takes, the object itself not counted */
  const char *takes; /* their names, with commas */
};

/* Raises when there are more arguments than the function takes. */
void object_arguments(lua_State *L, const struct object_call *call);

/*
 * Returns the object of this class at index 1; raises when another value is there (a dot instead
 * of a colon), and when more arguments follow than the method takes.
 */
void *object_method(lua_State *L, const struct object_class *c, const struct object_call *call);

/*
 * Makes a class whose objects are indexed by a method's name, else by a field of the table in slot
 * OBJECT_FIELDS, and sets its metatable into the field 'name' of the table at the top.
 */
void object_register_with_fields(lua_State *L, const struct object_class *c, const char *name);
enum { OBJECT_FIELDS = 1 };

/* Returns the string at 'index', whose bytes Lua owns. Raises an error for other values. */
struct ddb_slice object_checkslice(lua_State *L, int index);

/* Returns the name of a value's type for messages: "nil", "table", "dynamodb.set"... */
const char *object_typename(lua_State *L, int index);

/*
 * Pushes the results of a function that failed in the core: nil and the text; returns 2. Raises
 * when memory has run out.
 */
int object_failure(lua_State *L, enum ddb_status status, const struct ddb_error *e);

/* Sets the functions into the table at the top, like luaL_setfuncs, which Lua 5.1 lacks. */
void object_setfuncs(lua_State *L, const luaL_Reg *functions);

#endif
