/* probe.http1: serializes requests, and wraps the response parser in a userdata. */
#include "../../../csrc/core/http1.h"
#include "probe.h"

#include <string.h>

#define PARSER "probe.http1"
#define BYTES "probe.http1.bytes"
#define MOST_HEADERS 16

static int push_result(lua_State *L, enum ddb_status st, const struct ddb_error *e) {
  if (!st) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, e->text);
  lua_pushinteger(L, st);
  return 3;
}

static void set_slice(lua_State *L, const char *name, const char *p, size_t n) {
  lua_pushlstring(L, n ? p : "", n);
  lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, size_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static size_t limit(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  lua_Number n = luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return n < 0 ? (size_t)-1 : (size_t)n; /* -1 means no limit */
}

/* new(limits) -> parser */
static int parser_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  struct ddb_http1_limits limits = {.head_bytes = limit(L, "head_bytes"),
                                    .header_count = limit(L, "header_count"),
                                    .informational = limit(L, "informational"),
                                    .body_bytes = limit(L, "body_bytes")};
  struct ddb_http1 *h = probe_zeroed_box(L, PARSER, sizeof *h);
  ddb_http1_init(h, &limits);
  return 1;
}

/* zeroed() -> parser in zeroed memory that was never initialised */
static int parser_zeroed(lua_State *L) {
  (void)probe_zeroed_box(L, PARSER, sizeof(struct ddb_http1));
  return 1;
}

static int parser_feed(lua_State *L) {
  struct ddb_http1 *h = luaL_checkudata(L, 1, PARSER);
  struct ddb_slice bytes = probe_slice(L, 2);
  struct ddb_error e;
  return push_result(L, ddb_http1_feed(h, bytes.p, bytes.n, &e), &e);
}

static int parser_close(lua_State *L) {
  struct ddb_http1 *h = luaL_checkudata(L, 1, PARSER);
  struct ddb_error e;
  return push_result(L, ddb_http1_end(h, &e), &e);
}

static int parser_reset(lua_State *L) {
  ddb_http1_reset(luaL_checkudata(L, 1, PARSER));
  return 0;
}

static int parser_free(lua_State *L) {
  ddb_http1_free(luaL_checkudata(L, 1, PARSER));
  return 0;
}

/* parser:starve("head" | "body"): makes all further allocations of that buffer fail */
static int parser_starve(lua_State *L) {
  struct ddb_http1 *h = luaL_checkudata(L, 1, PARSER);
  bool head = strcmp(luaL_checkstring(L, 2), "head") == 0;
  (head ? &h->head : &h->body)->status = DDB_NOMEM;
  return 0;
}

/* parser:header(name) -> value | nil */
static int parser_header(lua_State *L) {
  const struct ddb_http1 *h = luaL_checkudata(L, 1, PARSER);
  struct ddb_slice value;
  if (!ddb_http1_header(h, luaL_checkstring(L, 2), &value)) return 0;
  lua_pushlstring(L, value.p, value.n);
  return 1;
}

static int parser_state(lua_State *L) {
  const struct ddb_http1 *h = luaL_checkudata(L, 1, PARSER);
  lua_newtable(L);
  set_boolean(L, "done", h->done);
  set_boolean(L, "started", h->started);
  set_boolean(L, "keep_alive", h->keep_alive);
  set_number(L, "status", (size_t)h->status);
  set_number(L, "surplus", h->surplus);
  set_number(L, "head_capacity", h->head.cap);
  set_number(L, "body_capacity", h->body.cap);
  set_slice(L, "body", h->body.p, h->body.len);
  return 1;
}

static int bytes_free(lua_State *L) {
  ddb_buf_free(luaL_checkudata(L, 1, BYTES));
  return 0;
}

/* Reads the headers of the list at 'i', which keeps their text alive; returns their number. */
static size_t check_headers(lua_State *L, int i, struct ddb_header *headers) {
  size_t n = 0;
  luaL_checktype(L, i, LUA_TTABLE);
  for (;; n++) {
    lua_rawgeti(L, i, (int)n + 1);
    if (lua_isnil(L, -1)) break;
    luaL_argcheck(L, n < MOST_HEADERS, i, "too many headers");
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    headers[n].name = probe_slice(L, -2);
    headers[n].value = probe_slice(L, -1);
    lua_pop(L, 3);
  }
  lua_pop(L, 1);
  return n;
}

/*
 * request(method, target, {{name, value}, ...}, body, limit, before) -> bytes, or nil, text, status
 * and the content of the buffer, which held "before" at first
 */
static int request(lua_State *L) {
  struct ddb_header headers[MOST_HEADERS];
  struct ddb_slice method = probe_slice(L, 1), target = probe_slice(L, 2);
  size_t n = check_headers(L, 3, headers);
  struct ddb_slice body = probe_slice(L, 4);
  size_t max = (size_t)luaL_optnumber(L, 5, 1 << 20);
  const char *before = luaL_optstring(L, 6, "");
  struct ddb_error e;
  struct ddb_buf *out = probe_zeroed_box(L, BYTES, sizeof *out);
  ddb_buf_init(out, max);
  ddb_buf_add_text(out, before);
  enum ddb_status st = ddb_http1_request(out, method, target, headers, n, body, &e);
  if (st) (void)push_result(L, st, &e);
  lua_pushlstring(L, out->len ? out->p : "", out->len);
  return st ? 4 : 1;
}

void probe_http1(lua_State *L) {
  static const luaL_Reg methods[] = {{"feed", parser_feed},     {"close", parser_close},
                                     {"reset", parser_reset},   {"free", parser_free},
                                     {"starve", parser_starve}, {"header", parser_header},
                                     {"state", parser_state},   {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"new", parser_new}, {"zeroed", parser_zeroed}, {"request", request}, {NULL, NULL}};
  probe_class(L, PARSER, parser_free);
  probe_table(L, methods);
  lua_setfield(L, -2, "__index");
  probe_class(L, BYTES, bytes_free);
  lua_pop(L, 2);
  probe_table(L, functions);
}
