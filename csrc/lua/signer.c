/*
 * dynamodb.signer (internal): signs HTTP requests. It keeps the signing key, so there is one for
 * each region, service and set of credentials.
 */
#include "signer.h"

#include "../core/http1.h"
#include "value.h"

#include <string.h>

#define SIGNER_HEADERS 32u /* of one request, with those that the caller of the library adds */
#define SIGNER_KEEP 65536u /* bytes of memory kept between requests */

static const struct object_class signer_class;

struct signer *signer_check(lua_State *L, int index) {
  return object_check(L, index, &signer_class);
}

static struct signer *pushsigner(lua_State *L) {
  struct signer *s = object_new(L, &signer_class, sizeof *s);
  ddb_sigv4_init(&s->v4);
  ddb_aws_json_init(&s->json);
  ddb_buf_init_secret(&s->out, VALUE_MAX_TEXT);
  ddb_buf_init(&s->target, 2 * DDB_SIGV4_MAX_VALUE + 1);
  return s;
}

/* core.signer(region, service) -> signer | nil, why. */
static int core_signer(lua_State *L) {
  struct ddb_error e;
  struct ddb_slice region = object_checkslice(L, 1), service = object_checkslice(L, 2);
  struct signer *s = pushsigner(L);
  enum ddb_status status = ddb_sigv4_scope(&s->v4, region, service, &e);
  return status ? object_failure(L, status, &e) : 1;
}

/* signer:credentials(key_id, secret [, token]) -> true | nil, why. Copies them. */
static int signer_credentials(lua_State *L) {
  struct signer *s = signer_check(L, 1);
  struct ddb_error e;
  struct ddb_slice key_id = object_checkslice(L, 2), secret = object_checkslice(L, 3);
  struct ddb_slice token = lua_isnoneornil(L, 4) ? ddb_slice("", 0) : object_checkslice(L, 4);
  enum ddb_status status = ddb_sigv4_credentials(&s->v4, key_id, secret, token, &e);
  if (status) return object_failure(L, status, &e);
  lua_pushboolean(L, 1);
  return 1;
}

struct headers {
  struct ddb_header list[SIGNER_HEADERS + 3]; /* the signer's own three are added at the end */
  size_t count;
};

static void add(struct headers *h, struct ddb_slice name, struct ddb_slice value) {
  h->list[h->count].name = name;
  h->list[h->count++].value = value;
}

void signer_take_headers(lua_State *L, int index, struct ddb_header *list, size_t max, size_t *n) {
  luaL_checktype(L, index, LUA_TTABLE);
  size_t length = lua_rawlen(L, index);
  luaL_argcheck(L, length % 2 == 0 && length / 2 + *n <= max, index,
                "too many headers, or one without a value");
  for (int i = 1; i < (int)length; i += 2) {
    struct ddb_slice part[2];
    for (int k = 0; k < 2; k++) {
      lua_rawgeti(L, index, i + k);
      luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, index, "headers are strings");
      part[k].p = lua_tolstring(L, -1, &part[k].n);
      lua_pop(L, 1);
    }
    list[*n].name = part[0];
    list[(*n)++].value = part[1];
  }
}

static void take_headers(lua_State *L, int index, struct headers *h) {
  signer_take_headers(L, index, h->list, SIGNER_HEADERS, &h->count);
}

/* Returns the target of the request line: the path, and the query if there is one. */
static enum ddb_status join(struct signer *s, const struct ddb_sigv4_request *r,
                            struct ddb_slice *target, struct ddb_error *e) {
  struct ddb_buf *b = &s->target;
  *target = r->path;
  if (r->query.n == 0) return DDB_OK;
  ddb_buf_clear(b, SIGNER_KEEP);
  ddb_buf_add(b, r->path.p, r->path.n);
  ddb_buf_add_char(b, '?');
  ddb_buf_add(b, r->query.p, r->query.n);
  *target = ddb_slice(b->p, b->len);
  return b->status ? ddb_fail(e, b->status, "target: %s", ddb_status_text(b->status)) : DDB_OK;
}

/* Signs and writes the request into 'out'. Both structs are copies, to which headers are added. */
static enum ddb_status frame(struct signer *s, struct ddb_sigv4_request r, struct headers h,
                             int64_t time, struct ddb_error *e) {
  r.headers = h.list;
  r.header_count = h.count;
  enum ddb_status status = ddb_sigv4_sign(&s->v4, &r, time, e);
  if (status) return status;
  add(&h, ddb_text("x-amz-date"), ddb_text(s->v4.date));
  add(&h, ddb_text("authorization"), ddb_slice(s->v4.authorization.p, s->v4.authorization.len));
  if (s->v4.token.n) add(&h, ddb_text("x-amz-security-token"), s->v4.token);
  struct ddb_slice target;
  status = join(s, &r, &target, e);
  if (status) return status;
  ddb_buf_clear(&s->out, SIGNER_KEEP);
  return ddb_http1_request(&s->out, r.method, target, h.list, h.count, r.body, e);
}

/* Pushes the signed request. Its parts are below it on the stack. */
static int push_signed(lua_State *L, struct signer *s, const struct ddb_sigv4_request *r,
                       const struct headers *h, int64_t time) {
  const int top = lua_gettop(L);
  struct ddb_error e;
  unsigned long use;
  do {
    lua_settop(L, top);
    use = ++s->uses;
    enum ddb_status status = frame(s, *r, *h, time, &e);
    if (status) return object_failure(L, status, &e);
    lua_pushlstring(L, s->out.p, s->out.len);
  } while (use != s->uses);
  return 1;
}

/*
 * signer:headers(invocation, headers [, extra]) -> true | nil, why. Sets what all requests of
 * request:sign have: the bytes that their invocation ids begin with, and headers as flat lists
 * {name, value, ...}, of which those in 'extra' are all signed.
 */
static int signer_headers(lua_State *L) {
  struct signer *s = signer_check(L, 1);
  struct headers h = {.count = 0};
  struct ddb_error e;
  struct ddb_slice invocation = object_checkslice(L, 2);
  luaL_argcheck(L, invocation.n == DDB_AWS_JSON_INVOCATION, 2, "24 bytes expected");
  take_headers(L, 3, &h);
  size_t own = h.count;
  if (!lua_isnoneornil(L, 4)) take_headers(L, 4, &h);
  enum ddb_status status =
      ddb_aws_json_headers(&s->json, invocation.p, h.list, h.count, h.count - own, &e);
  if (status) return object_failure(L, status, &e);
  lua_pushboolean(L, 1);
  return 1;
}

/*
 * signer:sign(method, host, path, query, headers, body, time) -> bytes | nil, why. Signs any
 * request. Path and query are encoded, and the query is sorted; 'headers' as above.
 */
static int signer_sign(lua_State *L) {
  struct signer *s = signer_check(L, 1);
  struct headers h = {.count = 0};
  struct ddb_sigv4_request r;
  memset(&r, 0, sizeof r);
  r.method = object_checkslice(L, 2);
  add(&h, ddb_text("host"), object_checkslice(L, 3));
  r.path = object_checkslice(L, 4);
  r.query = object_checkslice(L, 5);
  take_headers(L, 6, &h);
  r.body = object_checkslice(L, 7);
  return push_signed(L, s, &r, &h, (int64_t)luaL_checknumber(L, 8));
}

/*
 * core.request(method, target, headers, body) -> bytes | nil, why. Writes an unsigned request;
 * 'headers' is a flat list {name, value, ...} that includes host.
 */
static int core_request(lua_State *L) {
  struct ddb_slice method = object_checkslice(L, 1), target = object_checkslice(L, 2);
  struct headers h = {.count = 0};
  struct ddb_error e;
  take_headers(L, 3, &h);
  struct ddb_slice body = object_checkslice(L, 4);
  struct signer *s = pushsigner(L); /* owns the bytes, which may contain a token */
  enum ddb_status status = ddb_http1_request(&s->out, method, target, h.list, h.count, body, &e);
  if (status) return object_failure(L, status, &e);
  lua_pushlstring(L, s->out.p, s->out.len);
  ddb_buf_free(&s->out);
  return 1;
}

/*
 * signer:close() overwrites and frees the credentials and what was made with them. A closed signer
 * signs nothing. Safe to call again.
 */
static int signer_close(lua_State *L) {
  struct signer *s = signer_check(L, 1);
  ddb_sigv4_free(&s->v4);
  ddb_aws_json_free(&s->json);
  ddb_buf_free(&s->out);
  ddb_buf_free(&s->target);
  return 0;
}

static const luaL_Reg methods[] = {{"close", signer_close},
                                   {"credentials", signer_credentials},
                                   {"headers", signer_headers},
                                   {"sign", signer_sign},
                                   {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", signer_close}, {NULL, NULL}};
static const struct object_class signer_class = {"dynamodb.signer", 0, methods, meta};

void signer_open(lua_State *L) {
  object_register(L, &signer_class);
  lua_pop(L, 1);
  lua_pushcfunction(L, core_signer);
  lua_setfield(L, -2, "signer");
  lua_pushcfunction(L, core_request);
  lua_setfield(L, -2, "request");
}
