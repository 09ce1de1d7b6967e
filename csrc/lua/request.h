/*
 * dynamodb.request (internal): one request of AWS JSON, from its parameters to the bytes that are
 * sent, which never become a Lua string.
 */
#ifndef DDB_REQUEST_H
#define DDB_REQUEST_H

#include "object.h"

/* Registers the class; adds core.new_request to the table at the top. */
void request_open(lua_State *L);

/* Returns the bytes of the request at 'index'; borrowed from it. Raises for other values. */
struct ddb_slice request_bytes(lua_State *L, int index);

#endif
