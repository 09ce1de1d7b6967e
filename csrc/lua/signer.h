/* dynamodb.signer (internal): signs requests for one region and service. */
#ifndef DDB_SIGNER_H
#define DDB_SIGNER_H

#include "object.h"

/* Registers the class; adds core.signer and core.request to the table at the top. */
void signer_open(lua_State *L);

#endif
