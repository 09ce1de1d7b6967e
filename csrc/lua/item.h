/*
 * dynamodb.item: attributes that behave like a Lua table. An item from the service keeps the text
 * that it came as. An attribute is decoded when it is read first; everything that needs all of them
 * completes the item.
 */
#ifndef DDB_ITEM_H
#define DDB_ITEM_H

#include "item_index.h"
#include "object.h"

enum {
  ITEM_TABLE = 1,  /* its dynamodb.table */
  ITEM_ATTRIBUTES, /* table: name -> value; nil when nothing was read */
  ITEM_QUEUE,      /* actions queued for save, by attribute name; nil for none */
  ITEM_LOADED      /* text of the attributes that the service has, once it is not the source */
};

extern const struct object_class item_class;

/*
 * Makes an item of the table of attributes at the top of the stack and pops it. 'table' is the
 * index of its dynamodb.table, 'source' the text it was read from, which is copied.
 */
void item_push(lua_State *L, int table, struct ddb_slice source);

/* Makes an item of a text that decode_scan has checked. */
void item_push_index(lua_State *L, int table, const struct item_index *index);

/* Completes the item at 'index' and pushes its table of attributes. */
void item_pushattributes(lua_State *L, int index);

/* Registers the class, and adds the functions for Lua to the table at the top. */
void item_open(lua_State *L);

#endif
