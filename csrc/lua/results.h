/*
 * The class of results: userdata over a table of fields that Lua owns. It is no table, so that
 * ipairs(results), pairs(results) and #results raise on every Lua; Lua adds methods and
 * metamethods.
 */
#ifndef DDB_RESULTS_H
#define DDB_RESULTS_H

#include "object.h"

/* Adds core.results, core.results_fields and core.results_class to the table at the top. */
void results_open(lua_State *L);

#endif
