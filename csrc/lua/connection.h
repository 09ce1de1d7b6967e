/* dynamodb.connection: the gate to one endpoint; Lua policy keeps its state in it. */
#ifndef DDB_CONNECTION_H
#define DDB_CONNECTION_H

#include "object.h"

struct connection {
  bool open;
};

enum {
  CONNECTION_FIELDS = OBJECT_FIELDS, /* region, endpoint...: what users read */
  CONNECTION_STATE                   /* credentials, pool...: what nobody else may see */
};

/* The open connection at 'index'; raises for other values and for a closed one. */
struct connection *connection_check(lua_State *L, int index);

/* Registers the class; adds the functions that Lua policy needs to the table at the top. */
void connection_open(lua_State *L);

#endif
