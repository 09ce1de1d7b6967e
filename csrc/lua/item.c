#include "item.h"

#include "table.h"
#include "value.h"

#include <string.h>

/* The source follows the entries. */
struct item {
  size_t source; /* bytes */
  unsigned count;
  bool complete;  /* every attribute is in ITEM_ATTRIBUTES */
  bool is_loaded; /* the source is what the service has */
  bool is_simple; /* as of item_index */
  struct item_entry entries[];
};

/* {===== The source ===== */

static struct ddb_slice source_of(const struct item *item) {
  return ddb_slice((const char *)(item->entries + item->count), item->source);
}

/* Pushes an item without attributes. */
static struct item *push(lua_State *L, int table, struct ddb_slice source,
                         const struct item_entry *entries, unsigned count) {
  size_t size = count * sizeof *entries;
  struct item *item = object_new(L, &item_class, sizeof *item + size + source.n);
  item->source = source.n;
  item->count = count;
  item->is_loaded = source.n > 0;
  if (count) memcpy(item->entries, entries, size);
  if (source.n) memcpy((char *)item->entries + size, source.p, source.n);
  lua_pushvalue(L, table);
  compat_setslot(L, compat_absindex(L, -2), ITEM_TABLE);
  return item;
}

void item_push_index(lua_State *L, int table, const struct item_index *index) {
  push(L, compat_absindex(L, table), index->source, index->entries, index->count)->is_simple =
      index->is_simple;
}

void item_push(lua_State *L, int table, struct ddb_slice source) {
  push(L, compat_absindex(L, table), source, NULL, 0)->complete = true;
  lua_insert(L, -2);
  compat_setslot(L, compat_absindex(L, -2), ITEM_ATTRIBUTES);
}

/* Returns the entry of an attribute that was neither read nor replaced, or NULL. */
static struct item_entry *find(struct item *item, struct ddb_slice name) {
  const char *text = source_of(item).p;
  uint16_t hash = (uint16_t)name_hash(name);
  for (unsigned i = 0; i < item->count; i++) {
    struct item_entry *e = &item->entries[i];
    if (e->hash == hash && e->value && e->name_length == name.n &&
        memcmp(text + e->name, name.p, name.n) == 0)
      return e;
  }
  return NULL;
}

/* Pushes the table of the attributes that were read; makes it when there is none. */
static void push_table(lua_State *L, int index, int size) {
  compat_getslot(L, index, ITEM_ATTRIBUTES);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, size);
  lua_pushvalue(L, -1);
  compat_setslot(L, index, ITEM_ATTRIBUTES);
}

/*
 * Decodes an attribute whose name is at the top, below it the table: sets it there, and pushes the
 * value in place of the name. A finalizer that runs meanwhile may have read or replaced it.
 */
static void read_entry(lua_State *L, struct item *item, struct item_entry *e) {
  struct ddb_slice source = source_of(item);
  value_push_attribute(L, ddb_slice(source.p + e->value, source.n - e->value), item->is_simple);
  if (e->value) {
    lua_pushvalue(L, -2); /* stack: table name value name */
    lua_pushvalue(L, -2);
    lua_rawset(L, -5);
    e->value = 0;
  } else {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
  }
  lua_replace(L, -2);
}

/* Returns true when no attribute of the item was read or set. */
static bool is_untouched(lua_State *L, int index) {
  compat_getslot(L, index, ITEM_ATTRIBUTES);
  bool nothing = lua_isnil(L, -1);
  lua_pop(L, 1);
  return nothing;
}

/*
 * Decodes all attributes of an item of which none was read, and pushes their table -> false, and
 * pushes nothing, when a finalizer has read or replaced one meanwhile.
 */
static bool complete_at_once(lua_State *L, int index, struct item *item) {
  value_push_attributes(L, source_of(item), item->count, item->is_simple);
  if (!is_untouched(L, index)) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushvalue(L, -1);
  compat_setslot(L, index, ITEM_ATTRIBUTES);
  for (unsigned i = 0; i < item->count; i++) item->entries[i].value = 0;
  item->complete = true;
  return true;
}

void item_pushattributes(lua_State *L, int index) {
  struct item *item = lua_touserdata(L, index);
  index = compat_absindex(L, index);
  luaL_checkstack(L, 8, NULL);
  if (is_untouched(L, index) && complete_at_once(L, index, item)) return;
  push_table(L, index, (int)item->count);
  if (item->complete) return;
  for (unsigned i = 0; i < item->count; i++) {
    struct item_entry *e = &item->entries[i];
    if (e->value == 0) continue;
    lua_pushlstring(L, source_of(item).p + e->name, e->name_length);
    read_entry(L, item, e);
    lua_pop(L, 1);
  }
  item->complete = true;
}

/* Pushes an attribute from the table of those that were read -> false when it is not there. */
static bool push_known(lua_State *L, int index, int name) {
  compat_getslot(L, index, ITEM_ATTRIBUTES);
  if (lua_istable(L, -1)) {
    lua_pushvalue(L, name);
    lua_rawget(L, -2);
    if (!lua_isnil(L, -1)) return true;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return false;
}

/*
 * Pushes the attribute whose name is at 'name'; nil for none. Values without an identity are not
 * kept, so that reading some attributes of an item takes no memory.
 */
static void push_attribute(lua_State *L, int index, struct item *item, int name) {
  if (push_known(L, index, name)) return;
  size_t n;
  const char *text = lua_type(L, name) == LUA_TSTRING ? lua_tolstring(L, name, &n) : NULL;
  struct item_entry *e = text ? find(item, ddb_slice(text, n)) : NULL;
  if (!e) {
    lua_pushnil(L);
    return;
  }
  struct ddb_slice source = source_of(item);
  if (value_push_scalar(L, ddb_slice(source.p + e->value, source.n - e->value))) return;
  push_table(L, index, 4);
  lua_pushvalue(L, name);
  read_entry(L, item, e);
}

/* ===================== } */

static struct item *check(lua_State *L, int index) {
  return object_check(L, index, &item_class);
}

/* item[name]: a method of this name, else the attribute. Upvalues: the methods, the metatable. */
static int item_index(lua_State *L) {
  struct item *item = object_check_by(L, 2, &item_class);
  lua_settop(L, 2);
  if (lua_type(L, 2) == LUA_TNUMBER)
    return object_raise(L, "an item has no positions; for name, value in item:pairs()");
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (lua_isnil(L, -1)) push_attribute(L, 1, item, 2);
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
static void set_attribute(lua_State *L, struct item *item) {
  size_t n;
  lua_settop(L, 3);
  check_name(L, 2);
  check_value(L, 3);
  const char *name = lua_tolstring(L, 2, &n);
  struct item_entry *e = item->complete ? NULL : find(item, ddb_slice(name, n));
  push_table(L, 1, 4);
  lua_insert(L, 2); /* stack: item attributes name value */
  lua_rawset(L, 2);
  if (e) e->value = 0;
  lua_settop(L, 1);
}

/* item:set(name, value): also for names of methods. Returns the item. */
static int item_set(lua_State *L) {
  static const struct object_call call = {"set", 2, "name, value"};
  struct item *item = object_method(L, &item_class, &call);
  set_attribute(L, item);
  return 1;
}

/* item[name] = value; nil removes the attribute. Upvalue 1: the methods. */
static int item_newindex(lua_State *L) {
  struct item *item = check(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (!lua_isnil(L, -1)) {
    const char *name = lua_tostring(L, 2);
    return object_raise(L, "'%s' is a method of items; use item:set(\"%s\", value)", name, name);
  }
  set_attribute(L, item);
  return 0;
}

/* item:get(name) -> the attribute, also for names of methods. */
static int item_get(lua_State *L) {
  static const struct object_call call = {"get", 1, "name"};
  struct item *item = object_method(L, &item_class, &call);
  lua_settop(L, 2);
  check_name(L, 2);
  push_attribute(L, 1, item, 2);
  return 1;
}

/* for name, value in item:pairs() do; __pairs is the same function. Upvalue 1: Lua's next. */
static int item_pairs(lua_State *L) {
  static const struct object_call call = {"pairs", 0, ""};
  (void)object_method(L, &item_class, &call);
  lua_pushvalue(L, lua_upvalueindex(1));
  item_pushattributes(L, 1);
  lua_pushnil(L);
  return 3;
}

/* #item -> the number of attributes. */
static int item_len(lua_State *L) {
  lua_Integer n = 0;
  (void)check(L, 1);
  item_pushattributes(L, 1);
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
    item_pushattributes(L, 1);
    item_pushattributes(L, 2);
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
  item_push(L, 1, ddb_slice(NULL, 0));
  return 1;
}

/* Pushes the text that the service has; nil for a new item. */
static void push_loaded(lua_State *L, int index, const struct item *item) {
  compat_getslot(L, index, ITEM_LOADED);
  if (!item->is_loaded) return;
  lua_pop(L, 1);
  struct ddb_slice source = source_of(item);
  lua_pushlstring(L, source.p, source.n);
}

/* core.item_parts(item) -> dynamodb.table, table of attributes, loaded text or nil. */
static int core_item_parts(lua_State *L) {
  const struct item *item = check(L, 1);
  compat_getslot(L, 1, ITEM_TABLE);
  item_pushattributes(L, 1);
  push_loaded(L, 1, item);
  return 3;
}

/* core.item_source(item) -> the text that it was read from, which stays the same; or nil. */
static int core_item_source(lua_State *L) {
  const struct item *item = check(L, 1);
  struct ddb_slice source = source_of(item);
  if (source.n == 0) return 0;
  lua_pushlstring(L, source.p, source.n);
  return 1;
}

/* core.item_load(item, text [, attributes]): sets what the service has; nil for nothing. */
static int core_item_load(lua_State *L) {
  struct item *item = check(L, 1);
  lua_settop(L, 3);
  item_pushattributes(L, 1);
  lua_settop(L, 3);
  if (!lua_isnil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    compat_setslot(L, 1, ITEM_ATTRIBUTES);
  }
  lua_settop(L, 2);
  compat_setslot(L, 1, ITEM_LOADED);
  item->is_loaded = false;
  return 0;
}

/* core.item_queue(item [, table]) -> the queued actions; sets them when given, false for none. */
static int core_item_queue(lua_State *L) {
  (void)check(L, 1);
  if (lua_gettop(L) > 1) {
    lua_settop(L, 2);
    if (!lua_toboolean(L, 2)) lua_pushnil(L);
    compat_setslot(L, 1, ITEM_QUEUE);
  }
  compat_getslot(L, 1, ITEM_QUEUE);
  return 1;
}

/*
 * core.attribute(item or attributes, name) -> the value. Upvalue 1 is the metatable of items: this
 * runs for every item that is read.
 */
static int core_attribute(lua_State *L) {
  lua_settop(L, 2);
  if (lua_istable(L, 1)) {
    lua_rawget(L, 1);
    return 1;
  }
  bool is_item =
      lua_isuserdata(L, 1) && lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1));
  if (!is_item)
    return object_raise(L, "item or attributes expected, got %s", object_typename(L, 1));
  push_attribute(L, 1, lua_touserdata(L, 1), 2);
  return 1;
}

static const luaL_Reg methods[] = {{"get", item_get}, {"set", item_set}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__len", item_len}, {"__eq", item_eq}, {NULL, NULL}};
const struct object_class item_class = {"dynamodb.item", 4, methods, meta};

/* Pops the upvalue of a function, which it sets into the table below. */
static void set_closure(lua_State *L, lua_CFunction f, const char *name) {
  lua_pushcclosure(L, f, 1);
  lua_setfield(L, -2, name);
}

void item_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"item", core_item},
                                       {"item_parts", core_item_parts},
                                       {"item_load", core_item_load},
                                       {"item_source", core_item_source},
                                       {"item_queue", core_item_queue},
                                       {NULL, NULL}};
  object_setfuncs(L, functions);
  object_register(L, &item_class); /* stack: core metatable */
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, core_attribute, 1);
  lua_setfield(L, -3, "attribute");
  lua_getfield(L, -1, "methods");
  lua_getglobal(L, "next");
  set_closure(L, item_pairs, "pairs");
  lua_pop(L, 1);
  lua_getglobal(L, "next");
  set_closure(L, item_pairs, "__pairs");
  lua_getfield(L, -1, "methods");
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, item_index, 2);
  lua_setfield(L, -2, "__index");
  lua_getfield(L, -1, "methods");
  set_closure(L, item_newindex, "__newindex");
  lua_setfield(L, -2, "item_class");
}
