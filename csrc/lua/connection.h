/*
 * dynamodb.connection: the userdata through which users reach one endpoint; Lua keeps its state in
 * it.
 */
#ifndef DDB_CONNECTION_H
#define DDB_CONNECTION_H

#include "object.h"

struct connection {
  bool open;
};

enum {
  CONNECTION_FIELDS = OBJECT_FIELDS, /* region, endpoint...: readable by users */
  CONNECTION_STATE                   /* credentials, pools...: hidden from users */
};

/* Returns the connection at 'index', open or closed; raises for other values. */
struct connection *connection_check_any(lua_State *L, int index);

/* Returns the open connection at 'index'; raises for other values and for a closed one. */
struct connection *connection_check(lua_State *L, int index);

/* Registers the class, and adds the functions for Lua to the table at the top. */
void connection_open(lua_State *L);

#endif
