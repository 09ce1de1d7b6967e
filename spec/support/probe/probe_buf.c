/* probe.buf: the growable buffer as a userdata, and functions on it. */
#include "probe.h"

#include "../../../csrc/core/buf.h"

#define BUF "probe.buf"

static struct ddb_buf *check(lua_State *L) {
  return luaL_checkudata(L, 1, BUF);
}

static int buf_new(lua_State *L) {
  size_t max = (size_t)luaL_checknumber(L, 1);
  ddb_buf_init(probe_box(L, BUF, sizeof(struct ddb_buf)), max);
  return 1;
}

static int buf_new_secret(lua_State *L) {
  size_t max = (size_t)luaL_checknumber(L, 1);
  ddb_buf_init_secret(probe_box(L, BUF, sizeof(struct ddb_buf)), max);
  return 1;
}

/* Pushes a zeroed struct, which free must accept. */
static int buf_zeroed(lua_State *L) {
  (void)probe_zeroed_box(L, BUF, sizeof(struct ddb_buf));
  return 1;
}

static int buf_add(lua_State *L) {
  struct ddb_slice bytes = probe_slice(L, 2);
  ddb_buf_add(check(L), bytes.p, bytes.n);
  return 0;
}

static int buf_add_char(lua_State *L) {
  ddb_buf_add_char(check(L), *luaL_checkstring(L, 2));
  return 0;
}

static int buf_add_text(lua_State *L) {
  ddb_buf_add_text(check(L), luaL_checkstring(L, 2));
  return 0;
}

static int buf_reserve(lua_State *L) {
  lua_pushboolean(L, ddb_buf_reserve(check(L), (size_t)luaL_checknumber(L, 2)));
  return 1;
}

static int buf_reserve_everything(lua_State *L) {
  lua_pushboolean(L, ddb_buf_reserve(check(L), (size_t)-1));
  return 1;
}

static int buf_clear(lua_State *L) {
  ddb_buf_clear(check(L), (size_t)luaL_checknumber(L, 2));
  return 0;
}

static int buf_free(lua_State *L) {
  ddb_buf_free(check(L));
  return 0;
}

static int buf_text(lua_State *L) {
  const struct ddb_buf *b = check(L);
  lua_pushlstring(L, b->p ? b->p : "", b->len);
  return 1;
}

static int buf_capacity(lua_State *L) {
  lua_pushnumber(L, (lua_Number)check(L)->cap);
  return 1;
}

static int buf_status(lua_State *L) {
  lua_pushstring(L, ddb_status_text(check(L)->status));
  return 1;
}

void probe_buf(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"new", buf_new},           {"new_secret", buf_new_secret},
      {"zeroed", buf_zeroed},     {"add", buf_add},
      {"add_char", buf_add_char}, {"add_text", buf_add_text},
      {"reserve", buf_reserve},   {"reserve_everything", buf_reserve_everything},
      {"clear", buf_clear},       {"free", buf_free},
      {"text", buf_text},         {"capacity", buf_capacity},
      {"status", buf_status},     {NULL, NULL}};
  probe_class(L, BUF, buf_free);
  lua_pop(L, 1);
  probe_table(L, functions);
}
