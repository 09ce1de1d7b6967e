#include "response.h"

#include "../core/inflate.h"
#include "exchange.h"
#include "table.h"
#include "value.h"

#include <string.h>

static const struct ddb_http1_limits limits = {
    .head_bytes = 65536, .header_count = 100, .informational = 8, .body_bytes = VALUE_MAX_TEXT};

#define RESPONSE_KEEP ((size_t)1 << 20) /* bytes of memory kept between responses */

static const struct object_class response_class;

struct response *response_check(lua_State *L, int index) {
  return object_check(L, index, &response_class);
}

/*
 * core.response([max_bytes [, is_secret [, compression [, needs_checksum]]]]) -> response.
 * max_bytes limits the body. A secret one overwrites bodies before it frees them: they hold
 * credentials. Responses may be compressed with 'compression'. With 'needs_checksum' a body that
 * ends only with the connection is refused unless x-amz-crc32 covers it.
 */
static int core_response(lua_State *L) {
  struct ddb_http1_limits own = limits;
  lua_Number most = luaL_optnumber(L, 1, (lua_Number)VALUE_MAX_TEXT);
  luaL_argcheck(L, most >= 0 && most <= (lua_Number)VALUE_MAX_TEXT, 1, "number of bytes expected");
  own.body_bytes = (size_t)most;
  own.is_secret = lua_toboolean(L, 2);
  struct response *r = object_new(L, &response_class, sizeof *r);
  ddb_http1_init(&r->http, &own);
  ddb_buf_init(&r->plain, own.body_bytes);
  ddb_buf_init(&r->scratch, VALUE_MAX_TEXT);
  r->plain.secret = r->scratch.secret = own.is_secret;
  r->gzip = lua_toboolean(L, 3);
  r->needs_checksum = lua_toboolean(L, 4);
  return 1;
}

void response_clear(struct response *r) {
  ddb_http1_reset(&r->http);
  ddb_buf_clear(&r->plain, RESPONSE_KEEP);
  ddb_buf_clear(&r->scratch, RESPONSE_KEEP);
  r->sent = r->received = 0;
}

/* response:reset() -> response: prepares for the next one. */
static int response_reset(lua_State *L) {
  response_clear(response_check(L, 1));
  lua_settop(L, 1);
  return 1;
}

enum ddb_status response_take(struct response *r, const char *p, size_t n, struct ddb_error *e) {
  struct ddb_slice crc;
  enum ddb_status status = ddb_http1_feed(&r->http, p, n, e);
  if (status || r->http.step != DDB_HTTP1_CLOSE_BODY || !r->needs_checksum) return status;
  if (ddb_http1_header(&r->http, "x-amz-crc32", &crc)) return DDB_OK;
  return ddb_fail(e, DDB_INVALID,
                  "response ends only with the connection and has no x-amz-crc32: truncation could "
                  "not be noticed");
}

/* response:feed(bytes) -> done | nil, why. */
static int response_feed(lua_State *L) {
  struct response *r = response_check(L, 1);
  struct ddb_error e;
  struct ddb_slice bytes = object_checkslice(L, 2);
  enum ddb_status status = response_take(r, bytes.p, bytes.n, &e);
  if (status) return object_failure(L, status, &e);
  lua_pushboolean(L, r->http.done);
  return 1;
}

/* response:finish() -> true | nil, why: to be called when the server closed the connection. */
static int response_finish(lua_State *L) {
  struct response *r = response_check(L, 1);
  struct ddb_error e;
  enum ddb_status status = ddb_http1_end(&r->http, &e);
  if (status) return object_failure(L, status, &e);
  lua_pushboolean(L, 1);
  return 1;
}

/* response:started() -> true when any byte was received. */
static int response_started(lua_State *L) {
  lua_pushboolean(L, response_check(L, 1)->http.started);
  return 1;
}

/* response:keep_alive() -> true when the connection can carry another request. */
static int response_keep_alive(lua_State *L) {
  const struct response *r = response_check(L, 1);
  lua_pushboolean(L, r->http.done && r->http.keep_alive);
  return 1;
}

/* response:status() -> the HTTP status code. */
static int response_status(lua_State *L) {
  lua_pushinteger(L, response_check(L, 1)->http.status);
  return 1;
}

/* response:header(name) -> value | nil; the name in lower case. */
static int response_header(lua_State *L) {
  const struct response *r = response_check(L, 1);
  struct ddb_slice value;
  if (ddb_http1_header(&r->http, luaL_checkstring(L, 2), &value))
    lua_pushlstring(L, value.p, value.n);
  else
    lua_pushnil(L);
  return 1;
}

/* response:body() -> the body as received. */
static int response_body(lua_State *L) {
  const struct response *r = response_check(L, 1);
  lua_pushlstring(L, r->http.body.len ? r->http.body.p : "", r->http.body.len);
  return 1;
}

static bool has_prefix(struct ddb_slice text, const char *prefix) {
  size_t n = strlen(prefix);
  return text.n >= n && memcmp(text.p, prefix, n) == 0 &&
         (text.n == n || text.p[n] == ';' || text.p[n] == ' ');
}

/* Parses an x-amz-crc32 header; returns -1 if it is not a number. */
static int64_t crc_value(struct ddb_slice text) {
  int64_t v = 0;
  if (text.n == 0 || text.n > 10) return -1;
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] < '0' || text.p[i] > '9') return -1;
    v = v * 10 + (text.p[i] - '0');
  }
  return v;
}

/* x-amz-crc32 covers the bytes as received, compressed or not; it may be absent. */
static bool matches_crc(const struct response *r) {
  struct ddb_slice given;
  if (!ddb_http1_header(&r->http, "x-amz-crc32", &given)) return true;
  return crc_value(given) == (int64_t)ddb_crc32(0, r->http.body.p, r->http.body.len);
}

/* Sets 'text' to the body: as received, or decompressed. */
static enum ddb_status body_text(struct response *r, struct ddb_slice *text, struct ddb_error *e) {
  struct ddb_slice encoding;
  *text = ddb_slice(r->http.body.p, r->http.body.len);
  if (!ddb_http1_header(&r->http, "content-encoding", &encoding)) return DDB_OK;
  if (r->gzip && encoding.n == 4 && memcmp(encoding.p, "gzip", 4) == 0) {
    ddb_buf_clear(&r->plain, RESPONSE_KEEP);
    enum ddb_status status = ddb_gunzip(text->p, text->n, &r->plain, e);
    *text = ddb_slice(r->plain.p, r->plain.len);
    return status;
  }
  return ddb_fail(e, DDB_INVALID, "content-encoding that was not asked for: '%.*s'",
                  (int)(encoding.n < 40 ? encoding.n : 40), encoding.p);
}

static enum ddb_status verify_type(const struct response *r, struct ddb_error *e) {
  struct ddb_slice type = {"", 0};
  (void)ddb_http1_header(&r->http, "content-type", &type);
  if (r->http.status != 200 || has_prefix(type, "application/x-amz-json-1.0")) return DDB_OK;
  return ddb_fail(e, DDB_INVALID, "content-type application/x-amz-json-1.0 expected, got '%.*s'",
                  (int)(type.n < 60 ? type.n : 60), type.p);
}

/*
 * response:decode(shape [, table]) -> value | nil, why [, "checksum" when the body does not match
 * x-amz-crc32]. Also checks the content type of a 200 and the JSON. 'table' is the dynamodb.table
 * whose items the rows become.
 */
static int response_decode(lua_State *L) {
  struct response *r = response_check(L, 1);
  struct ddb_error e;
  struct ddb_slice text;
  lua_settop(L, 3);
  if (!lua_isnil(L, 3)) (void)object_check(L, 3, &table_class);
  if (!matches_crc(r)) {
    lua_pushnil(L);
    lua_pushliteral(L, "x-amz-crc32 does not match the body");
    lua_pushliteral(L, "checksum");
    return 3;
  }
  enum ddb_status status = verify_type(r, &e);
  if (!status) status = body_text(r, &text, &e);
  if (!status) status = value_decode(L, 2, lua_isnil(L, 3) ? 0 : 3, text, &r->scratch, &e);
  return status ? object_failure(L, status, &e) : 1;
}

static int response_gc(lua_State *L) {
  struct response *r = response_check(L, 1);
  ddb_http1_free(&r->http);
  ddb_buf_free(&r->plain);
  ddb_buf_free(&r->scratch);
  return 0;
}

static const luaL_Reg methods[] = {
    {"exchange", response_exchange},     {"resume", response_resume},
    {"reset", response_reset},           {"feed", response_feed},
    {"finish", response_finish},         {"started", response_started},
    {"keep_alive", response_keep_alive}, {"status", response_status},
    {"header", response_header},         {"body", response_body},
    {"decode", response_decode},         {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", response_gc}, {NULL, NULL}};
static const struct object_class response_class = {"dynamodb.response", 0, methods, meta};

void response_open(lua_State *L) {
  object_register(L, &response_class);
  lua_pop(L, 1);
  lua_pushcfunction(L, core_response);
  lua_setfield(L, -2, "response");
}
