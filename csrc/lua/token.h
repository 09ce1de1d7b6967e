/* Tokens of the core as text, for cursors. */
#ifndef DDB_TOKEN_GLUE_H
#define DDB_TOKEN_GLUE_H

#include "object.h"

/* Adds seal_token and open_token to the table at the top. */
void token_open(lua_State *L);

#endif
