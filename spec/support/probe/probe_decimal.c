/* probe.decimal: DynamoDB numbers. 64-bit integers are passed as text. */
#include "probe.h"

#include "../../../csrc/core/decimal_arith.h"

#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failure(lua_State *L, const struct ddb_error *e) {
  lua_pushnil(L);
  lua_pushstring(L, e->text);
  return 2;
}

static int push_text(lua_State *L, const struct ddb_decimal *d) {
  char text[DDB_DECIMAL_TEXT];
  size_t n = ddb_decimal_text(d, text);
  if (text[n] != '\0') return luaL_error(L, "no NUL behind the text");
  lua_pushlstring(L, text, n);
  return 1;
}

static struct ddb_decimal check(lua_State *L, int index) {
  struct ddb_decimal d;
  struct ddb_error e;
  struct ddb_slice text = probe_slice(L, index);
  if (ddb_decimal_parse(&d, text.p, text.n, &e)) luaL_argerror(L, index, e.text);
  return d;
}

static int64_t check_integer(lua_State *L, int index) {
  return strtoll(luaL_checkstring(L, index), NULL, 10);
}

static int push_integer(lua_State *L, int64_t i) {
  char text[32];
  (void)snprintf(text, sizeof text, "%" PRId64, i);
  lua_pushstring(L, text);
  return 1;
}

/* (text) -> canonical text, digits, exponent, negative | nil, why */
static int decimal_parse(lua_State *L) {
  struct ddb_decimal d;
  struct ddb_error e;
  struct ddb_slice text = probe_slice(L, 1);
  if (ddb_decimal_parse(&d, text.p, text.n, &e)) return failure(L, &e);
  (void)push_text(L, &d);
  lua_pushlstring(L, d.digits, d.count);
  lua_pushnumber(L, d.exponent);
  lua_pushboolean(L, d.negative);
  return 4;
}

/* (text, text) -> -1, 0 or 1 */
static int decimal_compare(lua_State *L) {
  struct ddb_decimal a = check(L, 1), b = check(L, 2);
  int order = ddb_decimal_compare(&a, &b);
  lua_pushnumber(L, (order > 0) - (order < 0));
  return 1;
}

/* (operator, text, text) -> canonical text | nil, why */
static int decimal_operate(lua_State *L) {
  struct ddb_decimal a = check(L, 2), b = check(L, 3), out;
  struct ddb_error e;
  enum ddb_status status;
  switch (*luaL_checkstring(L, 1)) {
  case '+':
    status = ddb_decimal_add(&out, &a, &b, &e);
    break;
  case '-':
    status = ddb_decimal_subtract(&out, &a, &b, &e);
    break;
  case '*':
    status = ddb_decimal_multiply(&out, &a, &b, &e);
    break;
  case '/':
    status = ddb_decimal_divide(&out, &a, &b, &e);
    break;
  default:
    status = ddb_decimal_modulo(&out, &a, &b, &e);
    break;
  }
  return status ? failure(L, &e) : push_text(L, &out);
}

/* (text) -> canonical text of the number with the other sign */
static int decimal_negate(lua_State *L) {
  struct ddb_decimal d = check(L, 1);
  d = ddb_decimal_negate(&d);
  return push_text(L, &d);
}

/* (number) -> canonical text | nil, why. Raises unless ddb_double_text has the same result. */
static int decimal_from_double(lua_State *L) {
  struct ddb_decimal d;
  struct ddb_error e;
  char direct[DDB_DECIMAL_TEXT], text[DDB_DECIMAL_TEXT];
  size_t n = 0;
  enum ddb_status status = ddb_decimal_from_double(&d, luaL_checknumber(L, 1), &e);
  if (ddb_double_text(lua_tonumber(L, 1), direct, &n, &e) != status)
    return luaL_error(L, "ddb_double_text has another status");
  if (status) return failure(L, &e);
  if (ddb_decimal_text(&d, text) != n || strcmp(direct, text) != 0)
    return luaL_error(L, "ddb_double_text: %s, not %s", direct, text);
  return push_text(L, &d);
}

/* (text of an int64) -> canonical text of the decimal, text of the integer */
static int decimal_from_integer(lua_State *L) {
  struct ddb_decimal d;
  char text[DDB_DECIMAL_TEXT];
  ddb_decimal_from_integer(&d, check_integer(L, 1));
  (void)push_text(L, &d);
  size_t n = ddb_integer_text(check_integer(L, 1), text);
  if (text[n] != '\0') return luaL_error(L, "no NUL behind the text");
  lua_pushlstring(L, text, n);
  return 2;
}

static int decimal_to_double(lua_State *L) {
  struct ddb_decimal d = check(L, 1);
  lua_pushnumber(L, ddb_decimal_to_double(&d));
  return 1;
}

/* (text) -> text of an int64 | nil */
static int decimal_to_integer(lua_State *L) {
  struct ddb_decimal d = check(L, 1);
  int64_t i;
  if (ddb_decimal_to_integer(&d, &i)) return push_integer(L, i);
  lua_pushnil(L);
  return 1;
}

/* (text, lowest integer, highest integer) -> kind, value | nil, why */
static int decimal_read(lua_State *L) {
  struct ddb_number number;
  struct ddb_error e;
  struct ddb_slice text = probe_slice(L, 1);
  if (ddb_number_read(&number, text.p, text.n, check_integer(L, 2), check_integer(L, 3), &e))
    return failure(L, &e);
  switch (number.kind) {
  case DDB_NUMBER_INTEGER:
    lua_pushliteral(L, "integer");
    return 1 + push_integer(L, number.integer);
  case DDB_NUMBER_FLOAT:
    lua_pushliteral(L, "float");
    lua_pushnumber(L, number.real);
    return 2;
  case DDB_NUMBER_DECIMAL:
    lua_pushliteral(L, "decimal");
    return 1 + push_text(L, &number.decimal);
  }
  return 0;
}

/* (directory, name) -> whether LC_NUMERIC could be set to that locale in the directory */
static int decimal_setlocale(lua_State *L) {
  (void)setenv("LOCPATH", luaL_checkstring(L, 1), 1);
  lua_pushboolean(L, setlocale(LC_NUMERIC, luaL_checkstring(L, 2)) != NULL);
  (void)unsetenv("LOCPATH");
  return 1;
}

/* (number) -> the number as formatted by printf */
static int decimal_printf(lua_State *L) {
  char text[64];
  (void)snprintf(text, sizeof text, "%.17g", luaL_checknumber(L, 1));
  lua_pushstring(L, text);
  return 1;
}

void probe_decimal(lua_State *L) {
  static const luaL_Reg functions[] = {{"parse", decimal_parse},
                                       {"compare", decimal_compare},
                                       {"operate", decimal_operate},
                                       {"negate", decimal_negate},
                                       {"from_double", decimal_from_double},
                                       {"from_integer", decimal_from_integer},
                                       {"to_double", decimal_to_double},
                                       {"to_integer", decimal_to_integer},
                                       {"read", decimal_read},
                                       {"setlocale", decimal_setlocale},
                                       {"printf", decimal_printf},
                                       {NULL, NULL}};
  probe_table(L, functions);
}
