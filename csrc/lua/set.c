#include "set.h"

#include "binary.h"
#include "number.h"

#include <string.h>

struct set *set_push(lua_State *L, enum set_type type) {
  struct set *set = object_new(L, &set_class, sizeof *set);
  set->type = type;
  lua_newtable(L);
  lua_pushvalue(L, -1);
  compat_setslot(L, lua_gettop(L) - 2, SET_ELEMENTS);
  return set;
}

void set_add(lua_State *L, struct set *set) {
  lua_pushvalue(L, -1);
  lua_rawget(L, -3); /* stack: elements key known */
  bool known = !lua_isnil(L, -1);
  lua_pop(L, 1);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  if (!known) set->count++;
}

bool set_equal(lua_State *L, int a, int b) {
  const struct set *x = object_test(L, a, &set_class), *y = object_test(L, b, &set_class);
  if (!x || !y || x->type != y->type || x->count != y->count) return false;
  int top = lua_gettop(L);
  bool same = true;
  luaL_checkstack(L, 4, "too many values to compare");
  compat_getslot(L, a, SET_ELEMENTS);
  compat_getslot(L, b, SET_ELEMENTS);
  lua_pushnil(L);
  while (same && lua_next(L, top + 1)) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawget(L, top + 2); /* stack: elements-of-a elements-of-b key known */
    same = !lua_isnil(L, -1);
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  return same;
}

static struct set *check(lua_State *L, int index) {
  return object_check(L, index, &set_class);
}

/* Returns the set whose method is called with no other argument. */
static struct set *check_bare(lua_State *L, const char *name) {
  struct object_call call = {name, 0, ""};
  return object_method(L, &set_class, &call);
}

/* Returns the set whose method is called with a value. */
static struct set *check_with_value(lua_State *L, const char *name) {
  struct object_call call = {name, 1, "value"};
  struct set *set = object_method(L, &set_class, &call);
  if (lua_isnone(L, 2)) (void)object_raise(L, "%s: value expected", name);
  return set;
}

static const char *type_text(enum set_type type) {
  switch (type) {
  case SET_STRING:
    return "string";
  case SET_NUMBER:
    return "number";
  case SET_BINARY:
    return "dynamodb.binary";
  }
  return "unknown";
}

/* Returns the type of set that the value at 'index' can be in; 0 for none. */
static int element_type(lua_State *L, int index) {
  int type = lua_type(L, index);
  if (type == LUA_TSTRING) return SET_STRING;
  if (type == LUA_TNUMBER || object_test(L, index, &number_class)) return SET_NUMBER;
  return object_test(L, index, &binary_class) ? SET_BINARY : 0;
}

/* Pushes the key of the value at 'index' in a set of this type; raises for values of other types.
 */
static void push_key(lua_State *L, const struct set *set, int index) {
  int type = element_type(L, index);
  if (type != (int)set->type)
    (void)object_raise(L, "set of %ss: got %s", type_text(set->type), object_typename(L, index));
  if (type == SET_NUMBER) {
    struct ddb_decimal d;
    struct ddb_error e;
    char text[DDB_DECIMAL_TEXT];
    if (number_get(L, index, &d, &e)) (void)object_raise(L, "set of numbers: %s", e.text);
    lua_pushlstring(L, text, ddb_decimal_text(&d, text));
  } else if (type == SET_BINARY) {
    compat_getslot(L, index, BINARY_BYTES);
  } else {
    lua_pushvalue(L, index);
  }
}

/*
 * Returns the type named by argument 2 ("S", "SS", "N"...), else that of the list's first element.
 */
static enum set_type wanted_type(lua_State *L) {
  if (!lua_isnoneornil(L, 2)) {
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    bool known = name[0] && strchr("SNB", name[0]) && (!name[1] || (name[1] == 'S' && !name[2]));
    if (!known)
      (void)object_raise(L, "set: type 'S', 'N' or 'B' expected, got %s '%s'",
                         object_typename(L, 2), name);
    return (enum set_type)name[0];
  }
  lua_rawgeti(L, 1, 1);
  int type = element_type(L, lua_gettop(L));
  if (!type)
    (void)object_raise(L, "set: strings, numbers or dynamodb.binary expected, got %s",
                       object_typename(L, -1));
  lua_pop(L, 1);
  return (enum set_type)type;
}

/* Raises for an empty list and for mixed types. */
int set_new(lua_State *L) {
  static const struct object_call call = {"set", 2, "elements, type"};
  object_arguments(L, &call);
  if (!lua_istable(L, 1))
    (void)object_raise(L, "set: list of elements expected, got %s", object_typename(L, 1));
  size_t n = lua_rawlen(L, 1);
  size_t members = 0;
  lua_pushnil(L);
  for (; lua_next(L, 1); members++) lua_pop(L, 1);
  if (members != n) (void)object_raise(L, "set: list of elements expected (positions 1, 2, 3...)");
  if (n == 0)
    (void)object_raise(L, "set: at least one element expected (DynamoDB has no empty sets)");
  struct set *set = set_push(L, wanted_type(L));
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, (int)i); /* stack: set elements value */
    push_key(L, set, lua_gettop(L));
    lua_remove(L, -2);
    set_add(L, set);
  }
  lua_pop(L, 1);
  return 1;
}

/* set:has(value) -> boolean. */
static int set_has(lua_State *L) {
  struct set *set = check_with_value(L, "has");
  if (element_type(L, 2) != (int)set->type) {
    lua_pushboolean(L, 0);
    return 1;
  }
  compat_getslot(L, 1, SET_ELEMENTS);
  push_key(L, set, 2);
  lua_rawget(L, -2);
  lua_pushboolean(L, !lua_isnil(L, -1));
  return 1;
}

/* set:add(value) -> the set. */
static int set_add_method(lua_State *L) {
  struct set *set = check_with_value(L, "add");
  compat_getslot(L, 1, SET_ELEMENTS);
  push_key(L, set, 2);
  set_add(L, set);
  lua_settop(L, 1);
  return 1;
}

/* set:remove(value) -> true when it was in the set. */
static int set_remove(lua_State *L) {
  struct set *set = check_with_value(L, "remove");
  compat_getslot(L, 1, SET_ELEMENTS);
  push_key(L, set, 2); /* stack: elements key */
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);
  bool known = !lua_isnil(L, -1);
  lua_pop(L, 1);
  lua_pushnil(L);
  lua_rawset(L, -3);
  if (known) set->count--;
  lua_pushboolean(L, known);
  return 1;
}

/* Pushes the value whose key is at 'index'. */
static void push_element(lua_State *L, const struct set *set, int index) {
  size_t n;
  const char *p = lua_tolstring(L, index, &n);
  struct ddb_number number;
  struct ddb_error e;
  if (set->type != SET_NUMBER) {
    lua_pushvalue(L, index);
    if (set->type == SET_BINARY) binary_wrap(L);
  } else if (ddb_number_read(&number, p, n, COMPAT_INTEGER_MIN, COMPAT_INTEGER_MAX, &e)) {
    luaL_error(L, "set: %s", e.text); /* unreachable: keys are canonical numbers */
  } else {
    number_push(L, &number);
  }
}

/* set:values() -> a new list of the elements, unordered. */
static int set_values(lua_State *L) {
  struct set *set = check_bare(L, "values");
  compat_getslot(L, 1, SET_ELEMENTS);
  int elements = lua_gettop(L);
  lua_createtable(L, (int)set->count, 0);
  lua_pushnil(L);
  for (int i = 1; lua_next(L, elements); i++) {
    lua_pop(L, 1); /* stack: elements list key */
    push_element(L, set, lua_gettop(L));
    lua_rawseti(L, -3, i);
  }
  return 1;
}

/* set:type() -> "SS", "NS" or "BS". */
static int set_type(lua_State *L) {
  struct set *set = check_bare(L, "type");
  lua_pushfstring(L, "%cS", (int)set->type);
  return 1;
}

/* set:copy() -> a new set with the same elements. */
static int set_copy(lua_State *L) {
  struct set *set = check_bare(L, "copy");
  lua_settop(L, 1);
  compat_getslot(L, 1, SET_ELEMENTS);
  struct set *made = set_push(L, set->type); /* stack: set elements copy its-elements */
  lua_pushnil(L);
  while (lua_next(L, 2)) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_insert(L, 3); /* stack: set elements key copy its-elements key */
    set_add(L, made);
    lua_pushvalue(L, 3);
    lua_remove(L, 3);
  }
  lua_settop(L, 3);
  return 1;
}

static int set_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check(L, 1)->count);
  return 1;
}

/* pairs(set), where Lua honours __pairs. */
static int set_pairs(lua_State *L) {
  return object_raise(L, "pairs: a set has no names; for _, value in ipairs(set:values())");
}

/* __index of the table of methods: ipairs(set) reads set[1], where Lua honours __index there. */
static int set_missing(lua_State *L) {
  if (lua_type(L, 2) == LUA_TNUMBER)
    return object_raise(L, "a set has no positions; for _, value in ipairs(set:values())");
  lua_pushnil(L);
  return 1;
}

static int set_eq(lua_State *L) {
  lua_pushboolean(L, set_equal(L, 1, 2));
  return 1;
}

static const luaL_Reg methods[] = {{"has", set_has},
                                   {"add", set_add_method},
                                   {"remove", set_remove},
                                   {"values", set_values},
                                   {"type", set_type},
                                   {"copy", set_copy},
                                   {NULL, NULL}};
static const luaL_Reg meta[] = {
    {"__len", set_len}, {"__pairs", set_pairs}, {"__eq", set_eq}, {NULL, NULL}};
const struct object_class set_class = {"dynamodb.set", 1, methods, meta};

void set_open(lua_State *L) {
  object_register(L, &set_class); /* stack: core metatable */
  lua_getfield(L, -1, "methods");
  lua_newtable(L);
  lua_pushcfunction(L, set_missing);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  lua_setfield(L, -2, "set_class");
}
