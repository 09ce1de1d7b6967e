/* probe.json: the JSON reader and string writer. */
#include "probe.h"

#include "../../../csrc/core/json.h"

#define DEPTH_MAX 1000 /* nesting limit of 'events', which recurses */

/*
 * Copies argument 1 without its NUL into memory that ends with the text, so that AddressSanitizer
 * detects a read past the end. If argument 'length' is given, the text has only that many bytes
 * and the rest follows it.
 */
static struct ddb_slice text_argument(lua_State *L, int length) {
  struct ddb_slice text = probe_slice(L, 1);
  if (!lua_isnoneornil(L, length)) return ddb_slice(text.p, (size_t)luaL_checknumber(L, length));
  return ddb_slice(memcpy(lua_newuserdata(L, text.n), text.p, text.n), text.n);
}

struct events {
  lua_State *L; /* the list of events is at the top of its stack */
  struct ddb_json json;
  struct ddb_error *error;
  int depth;
  int count;
};

static void add(struct events *v, const char *prefix, const char *p, size_t n) {
  lua_pushstring(v->L, prefix);
  lua_pushlstring(v->L, p, n);
  lua_concat(v->L, 2);
  lua_rawseti(v->L, -2, ++v->count);
}

static enum ddb_status take_value(struct events *v);

static enum ddb_status take_string(struct events *v, bool name) {
  struct ddb_slice s = {NULL, 0};
  enum ddb_status status =
      name ? ddb_json_name(&v->json, &s, v->error) : ddb_json_string(&v->json, &s, v->error);
  if (!status) add(v, name ? "n:" : "s:", s.p, s.n);
  return status;
}

static enum ddb_status take_container(struct events *v, char open, char close) {
  enum ddb_status status = DDB_OK;
  bool more = true;
  if (v->depth++ == DEPTH_MAX) return luaL_error(v->L, "the spec nests too deep"), DDB_INVALID;
  if (!ddb_json_take(&v->json, open)) return ddb_json_expected(&v->json, "container", v->error);
  add(v, "", &open, 1);
  for (bool first = true; !status && more; first = false) {
    status = ddb_json_next(&v->json, first, close, &more, v->error);
    if (!status && more && close == '}') status = take_string(v, true);
    if (!status && more) status = take_value(v);
  }
  if (!status) add(v, "", &close, 1);
  v->depth--;
  return status;
}

static enum ddb_status take_literal(struct events *v, const char *literal) {
  enum ddb_status status = ddb_json_literal(&v->json, literal, v->error);
  if (!status) add(v, "", literal, strlen(literal));
  return status;
}

static enum ddb_status take_value(struct events *v) {
  struct ddb_slice s = {NULL, 0};
  enum ddb_status status;
  switch (ddb_json_peek(&v->json)) {
  case '{':
    return take_container(v, '{', '}');
  case '[':
    return take_container(v, '[', ']');
  case '"':
    return take_string(v, false);
  case 't':
    return take_literal(v, "true");
  case 'f':
    return take_literal(v, "false");
  case 'n':
    return take_literal(v, "null");
  default:
    status = ddb_json_number(&v->json, &s, v->error);
    if (!status) add(v, "d:", s.p, s.n);
    return status;
  }
}

/* (text, [length, [maximum size of the scratch buffer]]) -> list of events | nil, error, status */
static int json_events(lua_State *L) {
  struct ddb_buf *scratch;
  struct ddb_error e;
  struct events v = {.L = L, .error = &e};
  lua_settop(L, 3);
  struct ddb_slice text = text_argument(L, 2);
  scratch = lua_newuserdata(L, sizeof *scratch);
  ddb_buf_init(scratch, lua_isnil(L, 3) ? 1u << 20 : (size_t)lua_tonumber(L, 3));
  ddb_json_init(&v.json, text.p, text.n, scratch);
  lua_newtable(L);
  enum ddb_status status = take_value(&v);
  if (!status) status = ddb_json_end(&v.json, &e);
  ddb_buf_free(scratch);
  return status ? probe_failure(L, status, &e) : 1;
}

/* (text, depth, [length]) -> true | nil, error, status */
static int json_skip(lua_State *L) {
  struct ddb_buf scratch;
  struct ddb_json json;
  struct ddb_error e;
  lua_settop(L, 3);
  struct ddb_slice text = text_argument(L, 3);
  ddb_buf_init(&scratch, 1u << 20);
  ddb_json_init(&json, text.p, text.n, &scratch);
  enum ddb_status status = ddb_json_skip(&json, (int)luaL_checknumber(L, 2), &e);
  if (!status) status = ddb_json_end(&json, &e);
  ddb_buf_free(&scratch);
  lua_pushboolean(L, 1);
  return status ? probe_failure(L, status, &e) : 1;
}

/* (text, character) -> byte by peek, whether take accepts the character, byte by peek */
static int json_peek(lua_State *L) {
  struct ddb_json json;
  struct ddb_slice text = text_argument(L, 3);
  ddb_json_init(&json, text.p, text.n, NULL);
  lua_pushnumber(L, ddb_json_peek(&json));
  lua_pushboolean(L, ddb_json_take(&json, *luaL_checkstring(L, 2)));
  lua_pushnumber(L, ddb_json_peek(&json));
  return 3;
}

/* (maximum size, string, ...) -> output, status of the buffer, first error | nil */
static int json_write(lua_State *L) {
  struct ddb_buf out;
  struct ddb_error e;
  enum ddb_status status = DDB_OK;
  int top = lua_gettop(L);
  ddb_buf_init(&out, (size_t)luaL_checknumber(L, 1));
  for (int i = 2; i <= top; i++) {
    size_t n;
    const char *p = lua_tolstring(L, i, &n);
    struct ddb_error ignored;
    enum ddb_status one = ddb_json_write_string(&out, p, n, status ? &ignored : &e);
    if (!status) status = one;
  }
  lua_pushlstring(L, out.p ? out.p : "", out.len);
  lua_pushstring(L, ddb_status_text(out.status));
  if (status)
    lua_pushstring(L, e.text);
  else
    lua_pushnil(L);
  ddb_buf_free(&out);
  return 3;
}

void probe_json(lua_State *L) {
  static const luaL_Reg functions[] = {{"events", json_events},
                                       {"skip", json_skip},
                                       {"peek", json_peek},
                                       {"write", json_write},
                                       {NULL, NULL}};
  probe_table(L, functions);
}
