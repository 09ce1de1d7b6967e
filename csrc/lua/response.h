/* dynamodb.response (internal): parses one HTTP response after another and decodes their bodies. */
#ifndef DDB_RESPONSE_H
#define DDB_RESPONSE_H

#include "object.h"

/* Registers the class; adds core.response to the table at the top. */
void response_open(lua_State *L);

#endif
