#include "item.h"

#include "table.h"
#include "value.h"

void item_push(lua_State *L, int table, int loaded) {
  table = compat_absindex(L, table);
  (void)object_new(L, &item_class, 1);
  int item = lua_gettop(L);
  lua_pushvalue(L, table);
  compat_setslot(L, item, ITEM_TABLE);
  lua_pushvalue(L, item - 1);
  compat_setslot(L, item, ITEM_ATTRIBUTES);
  if (loaded) {
    lua_pushvalue(L, loaded);
    compat_setslot(L, item, ITEM_LOADED);
  }
  lua_remove(L, item - 1);
}

static void check(lua_State *L, int index) {
  (void)object_check(L, index, &item_class);
}

/*
 * item[name]: a method if there is one of this name, otherwise the attribute. Upvalue 1: the
 * methods.
 */
static int item_index(lua_State *L) {
  check(L, 1);
  lua_settop(L, 2);
  if (lua_type(L, 2) == LUA_TNUMBER)
    return object_raise(L, "an item has no positions; for name, value in item:pairs()");
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (!lua_isnil(L, -1)) return 1;
  compat_getslot(L, 1, ITEM_ATTRIBUTES);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  return 1;
}

/* Raises unless the value at 'index' can be the name of an attribute. */
static void check_name(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TSTRING)
    (void)object_raise(L, "attribute name expected (a string), got %s", object_typename(L, index));
  if (lua_rawlen(L, index) == 0) (void)object_raise(L, "attribute name is empty");
}

/* Raises at the assignment for values that cannot be sent. */
static void check_value(lua_State *L, int index) {
  if (!lua_isnil(L, index) && !value_attribute_type(L, index))
    object_raise(L, "attribute '%s': DynamoDB value expected, got %s", lua_tostring(L, 2),
                 value_kind(L, index));
}

/* Sets the attribute named by argument 2 to argument 3; nil removes it. Leaves the item. */
static void set_attribute(lua_State *L) {
  lua_settop(L, 3);
  check_name(L, 2);
  check_value(L, 3);
  compat_getslot(L, 1, ITEM_ATTRIBUTES);
  lua_insert(L, 2); /* stack: item attributes name value */
  lua_rawset(L, 2);
  lua_settop(L, 1);
}

/* item:set(name, value): also for names of methods. Returns the item. */
static int item_set(lua_State *L) {
  static const struct object_call call = {"set", 2, "name, value"};
  (void)object_method(L, &item_class, &call);
  set_attribute(L);
  return 1;
}

/* item[name] = value; nil removes the attribute. Upvalue 1: the methods. */
static int item_newindex(lua_State *L) {
  check(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (!lua_isnil(L, -1)) {
    const char *name = lua_tostring(L, 2);
    return object_raise(L, "'%s' is a method of items; use item:set(\"%s\", value)", name, name);
  }
  set_attribute(L);
  return 0;
}

/* item:get(name) -> the attribute, also for names of methods. */
static int item_get(lua_State *L) {
  static const struct object_call call = {"get", 1, "name"};
  (void)object_method(L, &item_class, &call);
  lua_settop(L, 2);
  check_name(L, 2);
  compat_getslot(L, 1, ITEM_ATTRIBUTES);
  lua_insert(L, 2);
  lua_rawget(L, 2);
  return 1;
}

/* for name, value in item:pairs() do; __pairs is the same function. Upvalue 1: Lua's next. */
static int item_pairs(lua_State *L) {
  static const struct object_call call = {"pairs", 0, ""};
  (void)object_method(L, &item_class, &call);
  lua_pushvalue(L, lua_upvalueindex(1));
  compat_getslot(L, 1, ITEM_ATTRIBUTES);
  lua_pushnil(L);
  return 3;
}

/* #item -> the number of attributes. */
static int item_len(lua_State *L) {
  lua_Integer n = 0;
  check(L, 1);
  compat_getslot(L, 1, ITEM_ATTRIBUTES);
  lua_pushnil(L);
  for (; lua_next(L, -2); n++) lua_pop(L, 1);
  lua_pushinteger(L, n);
  return 1;
}

/* Items are equal when their tables and all their attributes are. */
static int item_eq(lua_State *L) {
  bool same = object_test(L, 1, &item_class) && object_test(L, 2, &item_class);
  lua_settop(L, 2);
  if (same) {
    compat_getslot(L, 1, ITEM_TABLE);
    compat_getslot(L, 2, ITEM_TABLE);
    compat_getslot(L, 1, ITEM_ATTRIBUTES);
    compat_getslot(L, 2, ITEM_ATTRIBUTES);
    same = table_equal(L, 3, 4) && value_equal(L, 5, 6);
  }
  lua_pushboolean(L, same);
  return 1;
}

/* core.item(table, attributes) -> a new item that owns the table of attributes. */
static int core_item(lua_State *L) {
  (void)object_check(L, 1, &table_class);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  item_push(L, 1, 0);
  return 1;
}

/* core.item_parts(item) -> dynamodb.table, table of attributes, loaded text or nil. */
static int core_item_parts(lua_State *L) {
  check(L, 1);
  compat_getslot(L, 1, ITEM_TABLE);
  compat_getslot(L, 1, ITEM_ATTRIBUTES);
  compat_getslot(L, 1, ITEM_LOADED);
  return 3;
}

/* core.item_load(item, text [, attributes]): sets what the service has; nil for nothing. */
static int core_item_load(lua_State *L) {
  check(L, 1);
  lua_settop(L, 3);
  if (!lua_isnil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    compat_setslot(L, 1, ITEM_ATTRIBUTES);
  }
  lua_settop(L, 2);
  compat_setslot(L, 1, ITEM_LOADED);
  return 0;
}

/* core.item_queue(item [, table]) -> the queued actions; sets them when given, false for none. */
static int core_item_queue(lua_State *L) {
  check(L, 1);
  if (lua_gettop(L) > 1) {
    lua_settop(L, 2);
    if (!lua_toboolean(L, 2)) lua_pushnil(L);
    compat_setslot(L, 1, ITEM_QUEUE);
  }
  compat_getslot(L, 1, ITEM_QUEUE);
  return 1;
}

/*
 * core.attributes_of(item or attributes) -> table of attributes. It is cheaper than item_parts,
 * since upvalue 1 is the metatable of items: it runs for every item that is read.
 */
static int core_attributes_of(lua_State *L) {
  if (lua_istable(L, 1)) {
    lua_settop(L, 1);
    return 1;
  }
  bool is_item =
      lua_isuserdata(L, 1) && lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1));
  if (!is_item)
    return object_raise(L, "item or attributes expected, got %s", object_typename(L, 1));
  compat_getslot(L, 1, ITEM_ATTRIBUTES);
  return 1;
}

static const luaL_Reg methods[] = {{"get", item_get}, {"set", item_set}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__len", item_len}, {"__eq", item_eq}, {NULL, NULL}};
const struct object_class item_class = {"dynamodb.item", 4, methods, meta};

/*
 * Sets a closure over the value at the top of the stack into the table below it, and pops the
 * value.
 */
static void set_closure(lua_State *L, lua_CFunction f, const char *name) {
  lua_pushcclosure(L, f, 1);
  lua_setfield(L, -2, name);
}

void item_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"item", core_item},
                                       {"item_parts", core_item_parts},
                                       {"item_load", core_item_load},
                                       {"item_queue", core_item_queue},
                                       {NULL, NULL}};
  object_setfuncs(L, functions);
  object_register(L, &item_class); /* stack: core metatable */
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, core_attributes_of, 1);
  lua_setfield(L, -3, "attributes_of");
  lua_getfield(L, -1, "methods");
  lua_getglobal(L, "next");
  set_closure(L, item_pairs, "pairs");
  lua_pop(L, 1);
  lua_getglobal(L, "next");
  set_closure(L, item_pairs, "__pairs");
  lua_getfield(L, -1, "methods");
  set_closure(L, item_index, "__index");
  lua_getfield(L, -1, "methods");
  set_closure(L, item_newindex, "__newindex");
  lua_setfield(L, -2, "item_class");
}
