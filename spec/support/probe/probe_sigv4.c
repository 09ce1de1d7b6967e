/* probe.sigv4: the signer as a userdata, and functions on it. */
#include "probe.h"

#include "../../../csrc/core/sigv4.h"
#include "../../../csrc/core/sigv4_canonical.h"

#define SIGV4 "probe.sigv4"
#define MAX_HEADERS 64

static struct ddb_sigv4 *check(lua_State *L) {
  return luaL_checkudata(L, 1, SIGV4);
}

static int sigv4_new(lua_State *L) {
  ddb_sigv4_init(probe_box(L, SIGV4, sizeof(struct ddb_sigv4)));
  return 1;
}

/* Pushes a zeroed struct, which free must accept. */
static int sigv4_zeroed(lua_State *L) {
  (void)probe_zeroed_box(L, SIGV4, sizeof(struct ddb_sigv4));
  return 1;
}

static int sigv4_free(lua_State *L) {
  ddb_sigv4_free(check(L));
  return 0;
}

/* Pushes true, or nil, error text, status. */
static int push_result(lua_State *L, enum ddb_status st, const struct ddb_error *e) {
  if (st) return probe_failure(L, st, e);
  lua_pushboolean(L, 1);
  return 1;
}

static struct ddb_slice optional_slice(lua_State *L, int index) {
  return lua_isnoneornil(L, index) ? ddb_text("") : probe_slice(L, index);
}

static int sigv4_scope(lua_State *L) {
  struct ddb_error e = {""};
  return push_result(L, ddb_sigv4_scope(check(L), optional_slice(L, 2), optional_slice(L, 3), &e),
                     &e);
}

static int sigv4_credentials(lua_State *L) {
  struct ddb_error e = {""};
  struct ddb_sigv4 *s = check(L);
  enum ddb_status st = ddb_sigv4_credentials(s, optional_slice(L, 2), optional_slice(L, 3),
                                             optional_slice(L, 4), &e);
  return push_result(L, st, &e);
}

/* Returns a field of the request table, which keeps the string alive. */
static struct ddb_slice field(lua_State *L, const char *name, const char *otherwise) {
  struct ddb_slice s = ddb_text(otherwise);
  lua_getfield(L, 2, name);
  if (lua_isstring(L, -1)) s.p = lua_tolstring(L, -1, &s.n);
  lua_pop(L, 1);
  return s;
}

/* Returns the name or the value of the header on the top of the stack. */
static struct ddb_slice half(lua_State *L, int which) {
  struct ddb_slice s;
  lua_rawgeti(L, -1, which);
  s.p = luaL_checklstring(L, -1, &s.n);
  lua_pop(L, 1);
  return s;
}

/* headers = {{name, value}, ...} */
static size_t headers(lua_State *L, struct ddb_header *list) {
  size_t count = 0;
  lua_getfield(L, 2, "headers");
  for (; count < MAX_HEADERS; count++) {
    lua_rawgeti(L, -1, (int)count + 1);
    if (lua_isnil(L, -1)) break;
    list[count].name = half(L, 1);
    list[count].value = half(L, 2);
    lua_pop(L, 1);
  }
  return count;
}

/* (signer, request, seconds) -> authorization, date, token; or nil, error text, status */
static int sigv4_sign(lua_State *L) {
  struct ddb_header list[MAX_HEADERS];
  struct ddb_error e = {""};
  struct ddb_sigv4 *s = check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  struct ddb_sigv4_request r = {field(L, "method", "GET"),
                                field(L, "path", "/"),
                                field(L, "query", ""),
                                list,
                                0,
                                field(L, "body", ""),
                                0};
  r.header_count = headers(L, list);
  lua_getfield(L, 2, "signed_count");
  r.signed_count = (size_t)lua_tonumber(L, -1);
  lua_pop(L, 1);
  enum ddb_status st = ddb_sigv4_sign(s, &r, (int64_t)luaL_checknumber(L, 3), &e);
  if (st) return probe_failure(L, st, &e);
  lua_pushlstring(L, s->authorization.p, s->authorization.len);
  lua_pushlstring(L, s->date, DDB_SIGV4_DATE);
  lua_pushlstring(L, s->token.p ? s->token.p : "", s->token.n);
  return 3;
}

static int sigv4_authorization(lua_State *L) {
  const struct ddb_buf *b = &check(L)->authorization;
  lua_pushlstring(L, b->p ? b->p : "", b->len);
  return 1;
}

/* Changes the secret in memory. Only a newly derived signing key is affected. */
static int sigv4_spoil(lua_State *L) {
  struct ddb_buf *secret = &check(L)->secret;
  secret->p[secret->len - 1] ^= 1;
  return 0;
}

/* -> the canonical request of the last signature, up to the digest of the body */
static int sigv4_canonical(lua_State *L) {
  const struct ddb_buf *b = &check(L)->single.text;
  lua_pushlstring(L, b->p, b->len);
  return 1;
}

/* (signer, body, seconds) -> authorization of a request that differs from the last one by these */
static int sigv4_sign_again(lua_State *L) {
  struct ddb_sigv4 *s = check(L);
  struct ddb_error e = {""};
  enum ddb_status st = DDB_INVALID;
  if (ddb_sigv4_is_prepared(s, &s->single))
    st = ddb_sigv4_sign_kind(s, &s->single, probe_slice(L, 2), (int64_t)luaL_checknumber(L, 3), &e);
  if (st) return probe_failure(L, st, &e);
  return sigv4_authorization(L);
}

/* -> the number of fields that a canonical form accepts */
static int sigv4_canonical_room(lua_State *L) {
  struct ddb_canonical c;
  const struct ddb_header h = {ddb_text("a"), ddb_text("b")};
  ddb_canonical_init(&c);
  int n = 0;
  while (n < 1000 && ddb_canonical_insert(&c, &h) == DDB_OK) n++;
  lua_pushnumber(L, n);
  return 1;
}

void probe_sigv4(lua_State *L) {
  static const luaL_Reg functions[] = {{"new", sigv4_new},
                                       {"zeroed", sigv4_zeroed},
                                       {"free", sigv4_free},
                                       {"scope", sigv4_scope},
                                       {"credentials", sigv4_credentials},
                                       {"sign", sigv4_sign},
                                       {"authorization", sigv4_authorization},
                                       {"spoil", sigv4_spoil},
                                       {"canonical", sigv4_canonical},
                                       {"sign_again", sigv4_sign_again},
                                       {"canonical_room", sigv4_canonical_room},
                                       {NULL, NULL}};
  probe_class(L, SIGV4, sigv4_free);
  lua_pop(L, 1);
  probe_table(L, functions);
}
