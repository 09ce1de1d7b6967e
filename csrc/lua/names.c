#include "names.h"

#include "item_index.h"

#include <string.h>

void names_init(struct names *names) {
  names->strings = 0;
  names->count = 0;
  names->last = 0;
  names->known[0] = (struct known_name){0};
}

static void forget(struct names *names) {
  names->count = 0;
  names->last = 0;
  names->known[0].next = 0;
  memset(names->by_hash, 0, sizeof names->by_hash);
}

void names_remember(struct names *names, lua_State *L) {
  if (!lua_checkstack(L, NAMES_MAX + 16)) return;
  forget(names);
  names->strings = lua_gettop(L);
  lua_settop(L, names->strings + (int)NAMES_MAX);
}

/* Returns the entry of a name, which is a new one if there is none. */
static unsigned entry_of(struct names *names, const struct name *name) {
  unsigned place = name->hash % (2 * NAMES_MAX);
  for (; names->by_hash[place]; place = (place + 1) % (2 * NAMES_MAX)) {
    const struct known_name *known = &names->known[names->by_hash[place]];
    if (known->hash == name->hash && known->text.n == name->text.n &&
        memcmp(known->text.p, name->text.p, name->text.n) == 0)
      return names->by_hash[place];
  }
  if (names->count == NAMES_MAX) {
    forget(names);
    place = name->hash % (2 * NAMES_MAX);
  }
  unsigned entry = ++names->count;
  names->by_hash[place] = (unsigned char)entry;
  names->known[entry] = (struct known_name){name->text, name->hash, 0, false};
  return entry;
}

/* Only a name that is spelt as usual can be expected: without escapes and blanks. */
enum ddb_status names_take_any(struct names *names, struct ddb_json *j, struct name *name,
                               struct ddb_error *e) {
  enum ddb_status status = ddb_json_name(j, &name->text, e);
  if (status) return status;
  name->hash = name_hash(name->text);
  name->known = 0;
  bool is_usual = name->text.p != j->scratch->p && name->text.p[name->text.n + 1] == ':';
  if (!names->strings || !is_usual) return DDB_OK;
  name->known = entry_of(names, name);
  names->known[names->last].next = (unsigned char)name->known;
  names->last = (unsigned char)name->known;
  return DDB_OK;
}

void names_intern(struct names *names, lua_State *L, struct name *name) {
  lua_pushlstring(L, name->text.p, name->text.n);
  if (name->known) {
    lua_pushvalue(L, -1);
    lua_replace(L, names->strings + (int)name->known);
    names->known[name->known].is_interned = true;
  } else {
    name->text.p = lua_tostring(L, -1); /* the scratch, where it may be, is used again */
  }
}
