/* Decodes one attribute of an item whose text decode_scan has checked. */
#include "value.h"
#include "workspace.h"

#include <string.h>

/* Returns true for {"X":"..."} without escapes. Sets the slice between the quotes. */
static bool is_plain(struct ddb_slice text, char letter, struct ddb_slice *out) {
  if (text.n < 8 || text.p[2] != letter || text.p[3] != '"' || text.p[5] != '"') return false;
  const char *first = text.p + 6, *end = memchr(first, '"', text.n - 6);
  if (!end || memchr(first, '\\', (size_t)(end - first))) return false;
  *out = ddb_slice(first, (size_t)(end - first));
  return true;
}

static bool push_string(lua_State *L, struct ddb_slice text) {
  struct ddb_slice s;
  if (!is_plain(text, 'S', &s)) return false;
  lua_pushlstring(L, s.p, s.n);
  return true;
}

static bool push_number(lua_State *L, struct ddb_slice text) {
  struct ddb_slice s;
  struct ddb_number n;
  struct ddb_error e;
  if (!is_plain(text, 'N', &s) ||
      ddb_number_read(&n, s.p, s.n, COMPAT_INTEGER_MIN, COMPAT_INTEGER_MAX, &e))
    return false;
  if (n.kind == DDB_NUMBER_DECIMAL) return false;
  number_push(L, &n);
  return true;
}

static bool push_boolean(lua_State *L, struct ddb_slice text) {
  if (text.n < 12 || memcmp(text.p, "{\"BOOL\":", 8) != 0) return false;
  lua_pushboolean(L, text.p[8] == 't');
  return true;
}

/* Pushes the buffer of a decoder; a simple text leaves it alone. */
static struct ddb_buf *push_scratch(lua_State *L, struct ddb_buf *unused, bool is_simple) {
  if (!is_simple) return &workspace_push(L)->scratch;
  lua_pushnil(L);
  return unused;
}

/* Removes what is between 'top' and the value at the top. */
static void finish(lua_State *L, int top, enum ddb_status status, const struct ddb_error *e) {
  if (status) luaL_error(L, "%s", status == DDB_NOMEM ? "not enough memory" : e->text);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

static void push_decoded(lua_State *L, struct ddb_slice text, bool is_simple) {
  struct ddb_error e;
  struct ddb_buf unused = {0};
  int top = lua_gettop(L);
  struct ddb_buf *scratch = push_scratch(L, &unused, is_simple);
  finish(L, top, value_decode_attribute(L, text, scratch, &e), &e);
}

void value_push_attributes(lua_State *L, struct ddb_slice text, unsigned count, bool is_simple) {
  struct ddb_error e;
  struct ddb_buf unused = {0};
  int top = lua_gettop(L);
  luaL_checkstack(L, 16, "too many nested calls");
  struct ddb_buf *scratch = push_scratch(L, &unused, is_simple);
  finish(L, top, value_decode_attributes(L, text, count, scratch, &e), &e);
}

bool value_push_scalar(lua_State *L, struct ddb_slice text) {
  return push_string(L, text) || push_number(L, text) || push_boolean(L, text);
}

void value_push_attribute(lua_State *L, struct ddb_slice text, bool is_simple) {
  luaL_checkstack(L, 16, "too many nested calls");
  if (!value_push_scalar(L, text)) push_decoded(L, text, is_simple);
}
