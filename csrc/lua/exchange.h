/*
 * Sends a request over a stream and receives its response, without a Lua string for either.
 */
#ifndef DDB_EXCHANGE_H
#define DDB_EXCHANGE_H

#include "object.h"

/* Adds core.exchange and core.resume to the table at the top. */
void exchange_open(lua_State *L);

#endif
