/*
 * Checks the text of an item without making Lua values, and notes where each attribute is. It
 * accepts nothing that the decoder refuses. What it does not accept is decoded at once: unusual
 * spellings, escaped names, many attributes, and every text that is wrong.
 */
#include "decoder.h"

#include <string.h>

#define SCAN_NAMES 192 /* names of the maps that are open at once */

struct scanner {
  struct decoder *d;
  bool has_binary;
  unsigned open; /* names in use */
  struct ddb_slice names[SCAN_NAMES];
};

/* The names of one map, which may not repeat: a clear bit shows that a name is new. */
struct scope {
  unsigned first; /* of its names in the scanner */
  uint64_t seen;
};

static bool scan_value(struct scanner *s, int depth);

/* Takes a name and its colon. Returns false for one with escapes, and for one that repeats. */
static bool scan_name(struct scanner *s, struct scope *scope, struct ddb_slice *name,
                      unsigned *hash) {
  struct ddb_json *j = &s->d->json;
  if (ddb_json_name(j, name, s->d->error) || name->p == j->scratch->p) return false;
  *hash = name_hash(*name);
  uint64_t bit = UINT64_C(1) << (*hash & 63);
  if (scope->seen & bit) {
    for (unsigned i = scope->first; i < s->open; i++) {
      if (s->names[i].n == name->n && memcmp(s->names[i].p, name->p, name->n) == 0) return false;
    }
  }
  scope->seen |= bit;
  if (s->open == SCAN_NAMES) return false;
  s->names[s->open++] = *name;
  return true;
}

/* Steps to the next member or element -> false at the end or for wrong text, told by '*ok'. */
static bool scan_next(struct scanner *s, bool first, char close, bool *ok) {
  bool more = false;
  *ok = !ddb_json_next(&s->d->json, first, close, &more, s->d->error);
  return *ok && more;
}

static bool scan_map(struct scanner *s, int depth) {
  struct scope scope = {s->open, 0};
  struct ddb_slice name;
  unsigned hash;
  bool ok = ddb_json_take(&s->d->json, '{');
  for (bool first = true; ok && scan_next(s, first, '}', &ok); first = false)
    ok = scan_name(s, &scope, &name, &hash) && scan_value(s, depth);
  s->open = scope.first;
  return ok;
}

static bool scan_list(struct scanner *s, int depth) {
  bool ok = ddb_json_take(&s->d->json, '[');
  for (bool first = true; ok && scan_next(s, first, ']', &ok); first = false)
    ok = scan_value(s, depth);
  return ok;
}

/* Returns true for whole numbers of at most 18 digits: the usual ones need no parser. */
static bool is_short_integer(struct ddb_slice text) {
  size_t i = text.n > 0 && text.p[0] == '-';
  if (text.n == i || text.n - i > 18) return false;
  for (; i < text.n; i++) {
    if (text.p[i] < '0' || text.p[i] > '9') return false;
  }
  return true;
}

static bool scan_number(struct scanner *s) {
  struct ddb_slice text;
  struct ddb_decimal decimal;
  if (ddb_json_string(&s->d->json, &text, s->d->error)) return false;
  return is_short_integer(text) || !ddb_decimal_parse(&decimal, text.p, text.n, s->d->error);
}

static bool scan_literal(struct scanner *s, const char *literal) {
  return !ddb_json_literal(&s->d->json, literal, s->d->error);
}

/* Checks a value by decoding it: sets, whose elements must differ, and binaries. */
static bool scan_by_decoding(struct scanner *s, const char *start, int depth) {
  int top = lua_gettop(s->d->L), levels = s->d->path.depth;
  s->d->json.p = start;
  s->has_binary = s->has_binary || start[2] == 'B';
  bool ok = !decode_value(s->d, 0, depth);
  s->d->path.depth = levels;
  lua_settop(s->d->L, top);
  return ok;
}

/* Takes what follows "X": in an attribute value. */
static bool scan_letter(struct scanner *s, char letter, int depth) {
  struct ddb_slice text;
  switch (letter) {
  case 'S':
    return !ddb_json_string(&s->d->json, &text, s->d->error);
  case 'N':
    return scan_number(s);
  case 'M':
    return depth < VALUE_DEPTH_READ && scan_map(s, depth + 1);
  case 'L':
    return depth < VALUE_DEPTH_READ && scan_list(s, depth + 1);
  default:
    return false;
  }
}

/* Takes one attribute value. */
static bool scan_value(struct scanner *s, int depth) {
  struct ddb_json *j = &s->d->json;
  const char *start = j->p;
  if (j->end - start < 8 || start[0] != '{' || start[1] != '"') return false;
  if (start[2] != 'B' && start[3] == '"' && start[4] == ':') {
    j->p = start + 5;
    return scan_letter(s, start[2], depth) && ddb_json_take(j, '}');
  }
  if (j->end - start > 9 && memcmp(start + 2, "BOOL\":", 6) == 0) {
    j->p = start + 8;
    return scan_literal(s, *j->p == 't' ? "true" : "false") && ddb_json_take(j, '}');
  }
  if (j->end - start > 9 && memcmp(start + 2, "NULL\":", 6) == 0) {
    j->p = start + 8;
    return scan_literal(s, "true") && ddb_json_take(j, '}');
  }
  return scan_by_decoding(s, start, depth);
}

/* Takes the attributes of the item whose text begins at 'start'. */
static bool scan_attributes(struct scanner *s, const char *start, int depth,
                            struct item_index *index) {
  struct scope scope = {0, 0};
  struct ddb_slice name;
  unsigned hash;
  bool ok = ddb_json_take(&s->d->json, '{');
  unsigned count = 0;
  for (; ok && scan_next(s, count == 0, '}', &ok); count++) {
    ok = count < ITEM_ENTRIES && scan_name(s, &scope, &name, &hash) && name.n <= UINT16_MAX;
    if (!ok) break;
    (void)ddb_json_peek(&s->d->json);
    struct item_entry *entry = &index->entries[count];
    entry->hash = (uint16_t)hash;
    entry->name_length = (uint16_t)name.n;
    entry->name = (uint32_t)(name.p - start);
    entry->value = (uint32_t)(s->d->json.p - start);
    ok = scan_value(s, depth);
  }
  index->count = count;
  return ok;
}

bool decode_scan(struct decoder *d, int depth, struct item_index *index) {
  struct scanner s;
  const char *start = d->json.p;
  s.d = d;
  s.open = 0;
  s.has_binary = false;
  if (!scan_attributes(&s, start, depth, index)) {
    d->json.p = start;
    return false;
  }
  index->source = ddb_slice(start, (size_t)(d->json.p - start));
  index->is_simple = !s.has_binary && !memchr(start, '\\', index->source.n);
  return true;
}
