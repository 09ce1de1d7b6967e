#include "request.h"

#include "signer.h"
#include "value.h"

#define REQUEST_KEEP 65536u /* bytes of memory kept for the next request */

struct request {
  struct ddb_buf body;
  struct ddb_buf bytes; /* what is sent; may contain a session token */
};

static const struct object_class request_class;

static struct request *check(lua_State *L, int index) {
  return object_check(L, index, &request_class);
}

struct ddb_slice request_bytes(lua_State *L, int index) {
  const struct request *r = check(L, index);
  return ddb_slice(r->bytes.p, r->bytes.len);
}

/* core.new_request() -> request without a body. */
static int core_new_request(lua_State *L) {
  struct request *r = object_new(L, &request_class, sizeof *r);
  ddb_buf_init(&r->body, VALUE_MAX_TEXT);
  ddb_buf_init_secret(&r->bytes, 2 * (size_t)VALUE_MAX_TEXT);
  return 1;
}

/* request:encode(params, shape) -> length of the body | nil, why; as core.encode. */
static int request_encode(lua_State *L) {
  struct request *r = check(L, 1);
  struct ddb_error e;
  lua_settop(L, 3);
  lua_pushvalue(L, 2);
  ddb_buf_clear(&r->body, REQUEST_KEEP);
  enum ddb_status status = value_encode(L, 3, &r->body, &e);
  if (status) {
    r->body.len = 0;
    return object_failure(L, status, &e);
  }
  lua_pushnumber(L, (lua_Number)r->body.len);
  return 1;
}

static unsigned check_count(lua_State *L, int index) {
  lua_Number value = luaL_checknumber(L, index);
  luaL_argcheck(L, value >= 0 && value <= 4e9, index, "count expected");
  return (unsigned)value;
}

/*
 * request:sign(signer, host, path, target, time, invocation, attempt, max_attempts [, trace [,
 * extra]]) -> length of the bytes to send | nil, why. 'target' names the operation; 'time' is in
 * seconds since 1970; 'invocation' is the number of the call; 'extra' are headers as a flat list,
 * in place of the extra ones of signer:headers.
 */
static int request_sign(lua_State *L) {
  struct request *r = check(L, 1);
  struct signer *s = signer_check(L, 2);
  struct ddb_error e;
  lua_Number invocation = luaL_checknumber(L, 7);
  luaL_argcheck(L, invocation >= 0 && invocation < 1e15, 7, "number of a call expected");
  struct ddb_header extra[DDB_AWS_JSON_EXTRA];
  struct ddb_aws_json_attempt t = {.host = object_checkslice(L, 3),
                                   .path = object_checkslice(L, 4),
                                   .target = object_checkslice(L, 5),
                                   .body = ddb_slice(r->body.p, r->body.len),
                                   .trace = lua_isnoneornil(L, 10) ? ddb_slice(NULL, 0)
                                                                   : object_checkslice(L, 10),
                                   .time = (int64_t)luaL_checknumber(L, 6),
                                   .invocation = (uint64_t)invocation,
                                   .attempt = check_count(L, 8),
                                   .max_attempts = check_count(L, 9)};
  if (!lua_isnoneornil(L, 11)) {
    signer_take_headers(L, 11, extra, DDB_AWS_JSON_EXTRA, &t.extra_count);
    t.extra = extra;
  }
  enum ddb_status status = ddb_aws_json_write(&s->json, &s->v4, &t, &r->bytes, &e);
  if (status) return object_failure(L, status, &e);
  lua_pushnumber(L, (lua_Number)r->bytes.len);
  return 1;
}

/* request:bytes() -> what is to be sent. */
static int request_tostring(lua_State *L) {
  struct ddb_slice bytes = request_bytes(L, 1);
  lua_pushlstring(L, bytes.n ? bytes.p : "", bytes.n);
  return 1;
}

/* request:close() overwrites and frees the bytes. Safe to call again. */
static int request_close(lua_State *L) {
  struct request *r = check(L, 1);
  ddb_buf_free(&r->body);
  ddb_buf_free(&r->bytes);
  return 0;
}

static const luaL_Reg methods[] = {{"bytes", request_tostring},
                                   {"close", request_close},
                                   {"encode", request_encode},
                                   {"sign", request_sign},
                                   {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", request_close}, {NULL, NULL}};
static const struct object_class request_class = {"dynamodb.request", 0, methods, meta};

void request_open(lua_State *L) {
  object_register(L, &request_class);
  lua_pop(L, 1);
  lua_pushcfunction(L, core_new_request);
  lua_setfield(L, -2, "new_request");
}
