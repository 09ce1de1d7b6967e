/*
 * Names of members that the decoder has met. Items of one page usually have the same names in the
 * same order, so each name remembers the one that followed it: that one is recognised by comparing
 * its bytes. Each name is interned once.
 */
#ifndef DDB_NAMES_H
#define DDB_NAMES_H

#include "../core/json.h"
#include "compat.h"

#define NAMES_MAX 128u  /* names that are remembered; all are forgotten when there are more */
#define NAMES_QUOTED 3u /* bytes of the quotes and the colon of a name */

struct known_name {
  struct ddb_slice text; /* borrowed from the document, where quotes and a colon are around it */
  unsigned hash;
  unsigned char next; /* the name that followed it last */
  bool is_interned;   /* its string is on the Lua stack */
};

/* The entry 0 stands for no name. Nothing is remembered while 'strings' is 0. */
struct names {
  int strings; /* stack index before the strings of the names */
  unsigned count;
  unsigned char last;                     /* the last name that is remembered */
  unsigned char by_hash[2 * NAMES_MAX];   /* the next free place belongs to a new name */
  struct known_name known[NAMES_MAX + 1]; /* unset beyond 'count' */
};

/* The name that was taken last. */
struct name {
  struct ddb_slice text; /* until the next string is taken; see names_push */
  unsigned hash;
  unsigned known; /* its entry, or 0 */
};

/* The hashes of the names of one map: a clear bit shows at once that a name is new. */
struct name_set {
  uint64_t bits[2];
};

/* Adds a name -> true when it, or a name with such a hash, was in the set. */
static inline bool name_set_add(struct name_set *set, unsigned hash) {
  uint64_t bit = UINT64_C(1) << (hash % 64), *bits = &set->bits[hash / 64 % 2];
  bool known = *bits & bit;
  *bits |= bit;
  return known;
}

/* Prepares 'names'; it remembers nothing. */
void names_init(struct names *names);

/* Remembers names from here on. Pushes the slots of their strings, unless memory is short. */
void names_remember(struct names *names, lua_State *L);

/* As names_take, for every name. */
enum ddb_status names_take_any(struct names *names, struct ddb_json *j, struct name *name,
                               struct ddb_error *e) DDB_CHECKED;

/* As names_push, for a name that is not interned. */
void names_intern(struct names *names, lua_State *L, struct name *name);

/* Pushes the name that was taken last. Its text then remains as long as the string. */
static inline void names_push(struct names *names, lua_State *L, struct name *name) {
  if (names->known[name->known].is_interned) /* never the entry 0 */
    lua_pushvalue(L, names->strings + (int)name->known);
  else
    names_intern(names, L, name);
}

/* Returns true when two texts of n bytes, at least 3, are the same. */
static inline bool names_are_same(const char *a, const char *b, size_t n) {
  if (n < 8) return memcmp(a, b, 3) == 0 && (n < 4 || memcmp(a + n - 4, b + n - 4, 4) == 0);
  for (size_t i = 0; i + 8 < n; i += 8) {
    if (memcmp(a + i, b + i, 8) != 0) return false;
  }
  return memcmp(a + n - 8, b + n - 8, 8) == 0;
}

/* Takes the name of a member and its colon. */
DDB_CHECKED static inline enum ddb_status names_take(struct names *names, struct ddb_json *j,
                                                     struct name *name, struct ddb_error *e) {
  unsigned expected = names->known[names->last].next;
  const struct known_name *known = &names->known[expected];
  size_t size = known->text.n + NAMES_QUOTED;
  if (expected == 0 || (size_t)(j->end - j->p) < size ||
      !names_are_same(j->p, known->text.p - 1, size))
    return names_take_any(names, j, name, e);
  name->text = ddb_slice(j->p + 1, known->text.n);
  j->p += size;
  name->hash = known->hash;
  name->known = expected;
  names->last = (unsigned char)expected;
  return DDB_OK;
}

#endif
