/* dynamodb.item: attributes that behave like a Lua table, and the attributes that were loaded. */
#ifndef DDB_ITEM_H
#define DDB_ITEM_H

#include "object.h"

enum {
  ITEM_TABLE = 1,  /* its dynamodb.table */
  ITEM_ATTRIBUTES, /* table: name -> value */
  ITEM_QUEUE,      /* actions queued for save, by attribute name; nil for none */
  ITEM_LOADED      /* text of the attributes that the service has; nil for a new item */
};

extern const struct object_class item_class;

/*
 * Makes an item of the attributes at the top of the stack and pops them. 'table' is the index of
 * its dynamodb.table, 'loaded' the index of the text it was read from, or 0.
 */
void item_push(lua_State *L, int table, int loaded);

/* Registers the class, and adds the functions for Lua to the table at the top. */
void item_open(lua_State *L);

#endif
