#include "value.h"

#include <string.h>

/* The addresses of these are registry keys. */
static const char marks_key = 0; /* table: metatable or sentinel -> MARK_LIST or MARK_MAP */
static const char mark_keys[3] = {0};

static void push_registry(lua_State *L, const char *key) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)key);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

enum mark value_mark(lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TLIGHTUSERDATA)
    lua_pushvalue(L, index);
  else if (!lua_getmetatable(L, index))
    return MARK_NONE;
  push_registry(L, &marks_key);
  lua_insert(L, -2);
  lua_rawget(L, -2);
  enum mark mark = (enum mark)lua_tointeger(L, -1); /* nil reads as MARK_NONE */
  lua_pop(L, 2);
  return mark;
}

/* Returns the name of the class of the value at 'index', or NULL when this library has none. */
static const char *class_name(lua_State *L, int index) {
  static const char prefix[] = "dynamodb.";
  int type = lua_type(L, index);
  if ((type != LUA_TTABLE && type != LUA_TUSERDATA) || !lua_getmetatable(L, index)) return NULL;
  lua_pushliteral(L, "__name");
  lua_rawget(L, -2);
  const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  lua_pop(L, 2); /* the metatable owns the name */
  return name && strncmp(name, prefix, sizeof prefix - 1) == 0 ? name : NULL;
}

/* Returns the attribute type of a userdata, or NULL when it is no attribute value. */
static const char *userdata_type(lua_State *L, int index) {
  const struct set *set = object_test(L, index, &set_class);
  if (set) return set->type == SET_STRING ? "SS" : set->type == SET_NUMBER ? "NS" : "BS";
  if (object_test(L, index, &number_class)) return "N";
  return object_test(L, index, &binary_class) ? "B" : NULL;
}

bool value_is_object(lua_State *L, int index) {
  if (!class_name(L, index)) return false;
  if (lua_type(L, index) == LUA_TTABLE) return value_mark(L, index) == MARK_NONE;
  return !userdata_type(L, index);
}

const char *value_kind(lua_State *L, int index) {
  static const char *const kinds[][2] = {
      {"dynamodb.action", "an action of an update"},
      {"dynamodb.attr", "an attribute"},
      {"dynamodb.condition", "a condition"},
      {"dynamodb.connection", "a connection"},
      {"dynamodb.error", "an error object"},
      {"dynamodb.item", "an item (item:totable() is a map)"},
      {"dynamodb.results", "results"},
      {"dynamodb.schema", "a schema"},
      {"dynamodb.table", "a table object"},
      {"dynamodb.update", "an update"},
  };
  const char *name = value_is_object(L, index) ? class_name(L, index) : NULL;
  for (size_t i = 0; name && i < sizeof kinds / sizeof kinds[0]; i++) {
    if (strcmp(name, kinds[i][0]) == 0) return kinds[i][1];
  }
  return name ? name : object_typename(L, index);
}

bool value_is_list(lua_State *L, int index) {
  enum mark mark = value_mark(L, index);
  return mark ? mark == MARK_LIST : lua_rawlen(L, index) > 0;
}

enum table_kind value_table_kind(lua_State *L, int index) {
  if (lua_getmetatable(L, index)) {
    lua_pop(L, 1);
    if (value_is_object(L, index)) return TABLE_OBJECT;
    return value_is_list(L, index) ? TABLE_LIST : TABLE_MAP;
  }
  return lua_rawlen(L, index) > 0 ? TABLE_LIST : TABLE_MAP;
}

const char *value_attribute_type(lua_State *L, int index) {
  switch (lua_type(L, index)) {
  case LUA_TSTRING:
    return "S";
  case LUA_TNUMBER:
    return "N";
  case LUA_TBOOLEAN:
    return "BOOL";
  case LUA_TLIGHTUSERDATA:
    if (lua_touserdata(L, index) == NULL) return "NULL";
    return value_mark(L, index) == MARK_LIST ? "L" : NULL;
  case LUA_TTABLE:
    return (const char *const[]){"M", "L", NULL}[value_table_kind(L, index)];
  case LUA_TUSERDATA:
    return userdata_type(L, index);
  default:
    return NULL;
  }
}

void value_pushmark(lua_State *L, enum mark mark) {
  push_registry(L, &mark_keys[mark]);
}

static int mark_argument(lua_State *L, enum mark mark) {
  static const struct object_call calls[] = {
      [MARK_LIST] = {"list", 1, "table"}, [MARK_MAP] = {"map", 1, "table"}};
  object_arguments(L, &calls[mark]);
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  if (!lua_istable(L, 1))
    return object_raise(L, "%s: table expected, got %s", calls[mark].name, object_typename(L, 1));
  lua_settop(L, 1);
  if (value_mark(L, 1) == MARK_NONE && lua_getmetatable(L, 1))
    return object_raise(L, "%s: table without a metatable expected", calls[mark].name);
  value_pushmark(L, mark);
  lua_setmetatable(L, 1);
  return 1;
}

/* dynamodb.list([t]) -> t (or a new table), marked as a list. */
static int list_call(lua_State *L) {
  return mark_argument(L, MARK_LIST);
}

/* dynamodb.map([t]) -> t (or a new table), marked as a map. */
static int map_call(lua_State *L) {
  return mark_argument(L, MARK_MAP);
}

/*
 * Declares that a metatable or sentinel of another library (lua-cjson's array marks) marks lists.
 */
static int list_mark(lua_State *L) {
  luaL_checkany(L, 1);
  push_registry(L, &marks_key);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, MARK_LIST);
  lua_rawset(L, -3);
  return 0;
}

static bool equal(lua_State *L, int a, int b, int depth);

static bool equal_numbers(lua_State *L, int a, int b) {
  struct ddb_decimal x, y;
  struct ddb_error ignored; /* NaN and infinity equal nothing */
  if (number_get(L, a, &x, &ignored) || number_get(L, b, &y, &ignored)) return false;
  return ddb_decimal_compare(&x, &y) == 0;
}

static bool is_number(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TNUMBER || object_test(L, index, &number_class);
}

static size_t count_members(lua_State *L, int index) {
  size_t n = 0;
  lua_pushnil(L);
  for (; lua_next(L, index); n++) lua_pop(L, 1);
  return n;
}

static bool equal_tables(lua_State *L, int a, int b, int depth) {
  int top = lua_gettop(L);
  if (depth > VALUE_DEPTH_READ) luaL_error(L, "tables nested too deep to compare (a cycle?)");
  luaL_checkstack(L, 8, "tables nested too deep to compare");
  bool same =
      value_is_list(L, a) == value_is_list(L, b) && count_members(L, a) == count_members(L, b);
  lua_pushnil(L);
  while (same && lua_next(L, a)) {
    lua_pushvalue(L, -2);
    lua_rawget(L, b); /* stack: key value-of-a value-of-b */
    same = equal(L, lua_gettop(L) - 1, lua_gettop(L), depth + 1);
    lua_pop(L, 2);
  }
  lua_settop(L, top);
  return same;
}

/* Returns true for an empty list, and for a sentinel that means one (cjson.empty_array). */
static bool is_empty_list(lua_State *L, int index) {
  if (value_mark(L, index) != MARK_LIST) return false;
  return lua_type(L, index) == LUA_TLIGHTUSERDATA || count_members(L, index) == 0;
}

static bool equal(lua_State *L, int a, int b, int depth) {
  if (lua_rawequal(L, a, b)) return true;
  if (lua_islightuserdata(L, a) || lua_islightuserdata(L, b))
    return is_empty_list(L, a) && is_empty_list(L, b);
  if (is_number(L, a) && is_number(L, b)) return equal_numbers(L, a, b);
  int type = lua_type(L, a);
  if (type != lua_type(L, b)) return false;
  if (type == LUA_TUSERDATA) return set_equal(L, a, b) || binary_equal(L, a, b);
  return type == LUA_TTABLE && equal_tables(L, a, b, depth);
}

bool value_equal(lua_State *L, int a, int b) {
  return equal(L, a, b, 0);
}

/* Marks survive a second load of the module, as tables with them do. */
static bool is_open(lua_State *L, const char *key) {
  push_registry(L, key);
  bool found = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return found;
}

static void open_mark(lua_State *L, enum mark mark, const char *name) {
  if (is_open(L, &mark_keys[mark])) return;
  lua_pushlightuserdata(L, (void *)(uintptr_t)&mark_keys[mark]);
  lua_newtable(L);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  push_registry(L, &marks_key);
  lua_pushvalue(L, -2);
  lua_pushinteger(L, mark);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void value_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"number", number_new}, {"binary", binary_new},   {"set", set_new}, {"list", list_call},
      {"map", map_call},      {"list_mark", list_mark}, {NULL, NULL}};
  object_setfuncs(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  if (!is_open(L, &marks_key)) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)&marks_key);
    lua_newtable(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
  }
  open_mark(L, MARK_LIST, "dynamodb.list");
  open_mark(L, MARK_MAP, "dynamodb.map");
  set_open(L);
  object_register(L, &binary_class);
  lua_setfield(L, -2, "binary_class"); /* Lua adds __tostring to these */
  object_register(L, &number_class);
  lua_pop(L, 1);
}
