#include "workspace.h"

#include "value.h"

static const struct object_class workspace_class;

static int workspace_gc(lua_State *L) {
  struct workspace *w = object_check(L, 1, &workspace_class);
  ddb_buf_free(&w->out);
  ddb_buf_free(&w->scratch);
  return 0;
}

static const luaL_Reg methods[] = {{NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", workspace_gc}, {NULL, NULL}};
static const struct object_class workspace_class = {"dynamodb.workspace", 0, methods, meta};

void workspace_open(lua_State *L) {
  object_register(L, &workspace_class);
  lua_pop(L, 1);
}

struct workspace *workspace_push(lua_State *L) {
  struct workspace *w = object_new(L, &workspace_class, sizeof *w);
  ddb_buf_init(&w->out, VALUE_MAX_TEXT);
  ddb_buf_init(&w->scratch, VALUE_MAX_TEXT);
  return w;
}
