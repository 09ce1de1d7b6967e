/* dynamodb.table: a table of the service on one connection. */
#ifndef DDB_TABLE_H
#define DDB_TABLE_H

#include "object.h"

enum {
  TABLE_FIELDS = OBJECT_FIELDS, /* name, schema, status...: readable by users */
  TABLE_CONNECTION
};

extern const struct object_class table_class;

/* Pushes the name of the table at 'index'. */
void table_pushname(lua_State *L, int index);

/* Returns true for the same connection and the same name. */
bool table_equal(lua_State *L, int a, int b);

/* Registers the class, and adds the functions for Lua to the table at the top. */
void table_open(lua_State *L);

#endif
