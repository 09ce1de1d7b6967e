/* probe.inflate: CRC32 and gunzip. */
#include "probe.h"

#include "../../../csrc/core/inflate.h"

/* (text, ...) -> the CRC32 of the concatenated texts */
static int inflate_crc32(lua_State *L) {
  uint32_t crc = 0;
  for (int i = 1; i <= lua_gettop(L); i++) {
    size_t n;
    const char *p = lua_tolstring(L, i, &n);
    crc = ddb_crc32(crc, p, n);
  }
  lua_pushnumber(L, (lua_Number)crc);
  return 1;
}

/*
 * (gzip, maximum size, initial content of the buffer) -> content of the buffer, or nil, error
 * text, status, content of the buffer, status of the buffer
 */
static int inflate_gunzip(lua_State *L) {
  size_t before;
  struct ddb_slice gzip = probe_slice(L, 1);
  size_t max = (size_t)luaL_optnumber(L, 2, 1 << 20);
  const char *old = luaL_optlstring(L, 3, "", &before);
  struct ddb_buf out;
  struct ddb_error e = {""};
  ddb_buf_init(&out, max);
  ddb_buf_add(&out, old, before);
  enum ddb_status st = ddb_gunzip(gzip.p, gzip.n, &out, &e);
  if (st) (void)probe_failure(L, st, &e);
  lua_pushlstring(L, out.p ? out.p : "", out.len);
  lua_pushstring(L, ddb_status_text(out.status));
  ddb_buf_free(&out);
  return st ? 5 : 2;
}

void probe_inflate(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"crc32", inflate_crc32}, {"gunzip", inflate_gunzip}, {NULL, NULL}};
  probe_table(L, functions);
}
