/* dynamodb.signer (internal): signs requests for one region and service. */
#ifndef DDB_SIGNER_H
#define DDB_SIGNER_H

#include "../core/aws_json.h"
#include "object.h"

struct signer {
  struct ddb_sigv4 v4;
  struct ddb_aws_json json;
  struct ddb_buf out;    /* a request of signer:sign, which may contain a session token */
  struct ddb_buf target; /* path and query in one */
  unsigned long uses;    /* a finalizer that runs in between may use the signer as well */
};

/* Registers the class; adds core.signer and core.request to the table at the top. */
void signer_open(lua_State *L);

/* Returns the signer at 'index'; raises for other values. */
struct signer *signer_check(lua_State *L, int index);

/*
 * Reads the flat list {name, value, ...} at 'index' into 'list', of which '*n' are in use and at
 * most 'max' may be. The strings stay owned by the table.
 */
void signer_take_headers(lua_State *L, int index, struct ddb_header *list, size_t max, size_t *n);

#endif
