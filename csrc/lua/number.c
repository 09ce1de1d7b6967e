#include "number.h"

#include "../core/decimal_arith.h"

#include <string.h>

void number_wrap(lua_State *L, const struct ddb_decimal *d) {
  *(struct ddb_decimal *)object_new(L, &number_class, sizeof *d) = *d;
}

void number_push(lua_State *L, const struct ddb_number *n) {
  switch (n->kind) {
  case DDB_NUMBER_INTEGER:
    compat_pushinteger(L, n->integer);
    break;
  case DDB_NUMBER_FLOAT:
    lua_pushnumber(L, n->real);
    break;
  case DDB_NUMBER_DECIMAL:
    number_wrap(L, &n->decimal);
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

/*
 * Reads the Lua number or dynamodb.number at 'index', and text in the constructor. Raises for
 * anything else; 'what' is the method or operator, for the message.
 */
static struct ddb_decimal accept(lua_State *L, int index, const char *what, bool text) {
  struct ddb_decimal d;
  struct ddb_error e;
  enum ddb_status status;
  if (text && lua_type(L, index) == LUA_TSTRING) {
    size_t n;
    const char *p = lua_tolstring(L, index, &n);
    status = ddb_decimal_parse(&d, p, n, &e);
  } else {
    if (lua_type(L, index) != LUA_TNUMBER && !object_test(L, index, &number_class))
      object_raise(L, "%s: %s expected, got %s", what,
                   text ? "number or its text" : "number or dynamodb.number",
                   object_typename(L, index));
    status = number_get(L, index, &d, &e);
  }
  if (status) object_raise(L, "%s: %s", what, e.text);
  return d;
}

/* Raises for what is not a DynamoDB number. */
int number_new(lua_State *L) {
  static const struct object_call call = {"number", 1, "value"};
  object_arguments(L, &call);
  struct ddb_decimal d = accept(L, 1, "number", true);
  number_wrap(L, &d);
  return 1;
}

static int number_tostring(lua_State *L) {
  char text[DDB_DECIMAL_TEXT];
  size_t n = ddb_decimal_text(check(L, 1), text);
  lua_pushlstring(L, text, n);
  return 1;
}

/* Returns true, and the integer, when the number is whole and within Lua's integers. */
static bool fits_integer(const struct ddb_decimal *d, int64_t *i) {
  return ddb_decimal_to_integer(d, i) && *i >= COMPAT_INTEGER_MIN && *i <= COMPAT_INTEGER_MAX;
}

/* number:tonumber() -> the nearest Lua number: an integer when it is whole and fits. */
static int number_tonumber(lua_State *L) {
  static const struct object_call call = {"tonumber", 0, ""};
  const struct ddb_decimal *d = object_method(L, &number_class, &call);
  int64_t i;
  if (fits_integer(d, &i))
    compat_pushinteger(L, i);
  else
    lua_pushnumber(L, ddb_decimal_to_double(d));
  return 1;
}

/* number:tointeger() -> the same number as a Lua integer | nil when it is not whole or too large.
 */
static int number_tointeger(lua_State *L) {
  static const struct object_call call = {"tointeger", 0, ""};
  const struct ddb_decimal *d = object_method(L, &number_class, &call);
  int64_t i;
  if (fits_integer(d, &i))
    compat_pushinteger(L, i);
  else
    lua_pushnil(L);
  return 1;
}

/* number:compare(other) -> -1, 0 or 1; 'other' may be a Lua number. */
static int number_compare(lua_State *L) {
  static const struct object_call call = {"compare", 1, "other"};
  if (lua_type(L, 1) != LUA_TNUMBER) (void)object_method(L, &number_class, &call);
  struct ddb_decimal a = accept(L, 1, "compare", false), b = accept(L, 2, "compare", false);
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
  struct ddb_decimal a = accept(L, 1, "<", false), b = accept(L, 2, "<", false);
  lua_pushboolean(L, ddb_decimal_compare(&a, &b) < 0);
  return 1;
}

static int number_le(lua_State *L) {
  struct ddb_decimal a = accept(L, 1, "<=", false), b = accept(L, 2, "<=", false);
  lua_pushboolean(L, ddb_decimal_compare(&a, &b) <= 0);
  return 1;
}

typedef enum ddb_status arithmetic(struct ddb_decimal *out, const struct ddb_decimal *a,
                                   const struct ddb_decimal *b, struct ddb_error *e);

/* Pushes the exact result of an operator on arguments 1 and 2; raises when there is none. */
static int operate(lua_State *L, arithmetic *f, const char *operator) {
  struct ddb_decimal a = accept(L, 1, operator, false), b = accept(L, 2, operator, false);
  struct ddb_error e;
  if (f(&a, &a, &b, &e)) object_raise(L, "%s: %s", operator, e.text);
  number_wrap(L, &a);
  return 1;
}

static int number_add(lua_State *L) {
  return operate(L, ddb_decimal_add, "+");
}

static int number_sub(lua_State *L) {
  return operate(L, ddb_decimal_subtract, "-");
}

static int number_mul(lua_State *L) {
  return operate(L, ddb_decimal_multiply, "*");
}

static int number_div(lua_State *L) {
  return operate(L, ddb_decimal_divide, "/");
}

static int number_mod(lua_State *L) {
  return operate(L, ddb_decimal_modulo, "%");
}

static int number_unm(lua_State *L) {
  struct ddb_decimal d = ddb_decimal_negate(check(L, 1));
  number_wrap(L, &d);
  return 1;
}

static const luaL_Reg methods[] = {{"tonumber", number_tonumber},
                                   {"tointeger", number_tointeger},
                                   {"compare", number_compare},
                                   {NULL, NULL}};
static const luaL_Reg meta[] = {{"__tostring", number_tostring},
                                {"__eq", number_eq},
                                {"__lt", number_lt},
                                {"__le", number_le},
                                {"__add", number_add},
                                {"__sub", number_sub},
                                {"__mul", number_mul},
                                {"__div", number_div},
                                {"__mod", number_mod},
                                {"__unm", number_unm},
                                {NULL, NULL}};
const struct object_class number_class = {"dynamodb.number", 0, methods, meta};
