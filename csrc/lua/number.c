#include "number.h"

#include <string.h>

void number_push(lua_State *L, const struct ddb_number *n) {
  switch (n->kind) {
  case DDB_NUMBER_INTEGER:
    compat_pushinteger(L, n->integer);
    break;
  case DDB_NUMBER_FLOAT:
    lua_pushnumber(L, n->real);
    break;
  case DDB_NUMBER_DECIMAL:
    *(struct ddb_decimal *)object_new(L, &number_class, sizeof n->decimal) = n->decimal;
    break;
  }
}

enum ddb_status number_get(lua_State *L, int index, struct ddb_decimal *out, struct ddb_error *e) {
  int64_t i;
  const struct ddb_decimal *d = object_test(L, index, &number_class);
  if (d) {
    *out = *d;
    return DDB_OK;
  }
  if (!compat_tointeger(L, index, &i))
    return ddb_decimal_from_double(out, lua_tonumber(L, index), e);
  ddb_decimal_from_integer(out, i);
  return DDB_OK;
}

/* Returns the object at 'index'; raises for anything else. */
static struct ddb_decimal *check(lua_State *L, int index) {
  return object_check(L, index, &number_class);
}

/* As check, but also accepts Lua numbers, and text in the constructor. Raises for anything else. */
static struct ddb_decimal accept(lua_State *L, int index, bool text) {
  struct ddb_decimal d;
  struct ddb_error e;
  enum ddb_status status;
  if (text && lua_type(L, index) == LUA_TSTRING) {
    size_t n;
    const char *p = lua_tolstring(L, index, &n);
    status = ddb_decimal_parse(&d, p, n, &e);
  } else {
    if (lua_type(L, index) != LUA_TNUMBER) check(L, index);
    status = number_get(L, index, &d, &e);
  }
  if (status) luaL_argerror(L, index, e.text);
  return d;
}

/* Raises for what is not a DynamoDB number. */
int number_new(lua_State *L) {
  static const struct object_call call = {"number", 1, "value"};
  object_arguments(L, &call);
  int type = lua_type(L, 1);
  if (type != LUA_TSTRING && type != LUA_TNUMBER && !object_test(L, 1, &number_class))
    luaL_argerror(L, 1,
                  lua_pushfstring(L, "number or its text expected, got %s", object_typename(L, 1)));
  struct ddb_decimal d = accept(L, 1, true);
  *(struct ddb_decimal *)object_new(L, &number_class, sizeof d) = d;
  return 1;
}

static int number_tostring(lua_State *L) {
  char text[DDB_DECIMAL_TEXT];
  size_t n = ddb_decimal_text(check(L, 1), text);
  lua_pushlstring(L, text, n);
  return 1;
}

/* number:tonumber() -> the nearest Lua number: an integer when it is whole and fits. */
static int number_tonumber(lua_State *L) {
  static const struct object_call call = {"tonumber", 0, ""};
  const struct ddb_decimal *d = object_method(L, &number_class, &call);
  int64_t i;
  if (ddb_decimal_to_integer(d, &i) && i >= COMPAT_INTEGER_MIN && i <= COMPAT_INTEGER_MAX)
    compat_pushinteger(L, i);
  else
    lua_pushnumber(L, ddb_decimal_to_double(d));
  return 1;
}

/* number:compare(other) -> -1, 0 or 1; 'other' may be a Lua number. */
static int number_compare(lua_State *L) {
  static const struct object_call call = {"compare", 1, "other"};
  if (lua_type(L, 1) != LUA_TNUMBER) (void)object_method(L, &number_class, &call);
  struct ddb_decimal a = accept(L, 1, false), b = accept(L, 2, false);
  int order = ddb_decimal_compare(&a, &b);
  lua_pushinteger(L, order < 0 ? -1 : order > 0);
  return 1;
}

static int number_eq(lua_State *L) {
  const struct ddb_decimal *a = object_test(L, 1, &number_class);
  const struct ddb_decimal *b = object_test(L, 2, &number_class);
  lua_pushboolean(L, a && b && ddb_decimal_compare(a, b) == 0);
  return 1;
}

static int number_lt(lua_State *L) {
  struct ddb_decimal a = accept(L, 1, false), b = accept(L, 2, false);
  lua_pushboolean(L, ddb_decimal_compare(&a, &b) < 0);
  return 1;
}

static int number_le(lua_State *L) {
  struct ddb_decimal a = accept(L, 1, false), b = accept(L, 2, false);
  lua_pushboolean(L, ddb_decimal_compare(&a, &b) <= 0);
  return 1;
}

static const luaL_Reg methods[] = {
    {"tonumber", number_tonumber}, {"compare", number_compare}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__tostring", number_tostring},
                                {"__eq", number_eq},
                                {"__lt", number_lt},
                                {"__le", number_le},
                                {NULL, NULL}};
const struct object_class number_class = {"dynamodb.number", 0, methods, meta};
