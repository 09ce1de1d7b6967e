/* dynamodb.response (internal): receives and decodes the responses of one connection. */
#ifndef DDB_RESPONSE_H
#define DDB_RESPONSE_H

#include "../core/http1.h"
#include "object.h"

struct response {
  struct ddb_http1 http;
  struct ddb_buf plain;   /* the body after gunzip, when it was compressed */
  struct ddb_buf scratch; /* for strings with escapes */
  bool gzip;              /* compression was requested */
  bool needs_checksum;    /* a body that ends with the connection is refused without x-amz-crc32 */
  size_t sent;            /* bytes of the request that were sent: exchange.c */
  size_t received;
  double first_byte; /* when the response began, by the stream's clock */
};

/* Registers the class; adds core.response to the table at the top. */
void response_open(lua_State *L);

/* Returns the response at 'index'; raises for other values. */
struct response *response_check(lua_State *L, int index);

/* Prepares for the next response. */
void response_clear(struct response *r);

/*
 * Takes the next bytes, as ddb_http1_feed. DDB_INVALID also for a body that nothing protects from
 * being cut short, where that is not permitted.
 */
DDB_CHECKED enum ddb_status response_take(struct response *r, const char *p, size_t n,
                                          struct ddb_error *e);

#endif
