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

/* The names of one map, which may not repeat. */
struct scope {
  unsigned first; /* of its names in the scanner */
  struct name_set seen;
};

static bool scan_value(struct scanner *s, int depth);

/* Takes a name and its colon. Returns false for one with escapes, and for one that repeats. */
static bool scan_name(struct scanner *s, struct scope *scope, struct name *name) {
  struct ddb_json *j = &s->d->json;
  if (names_take(&s->d->names, j, name, s->d->error) || name->text.p == j->scratch->p) return false;
  if (name_set_add(&scope->seen, name->hash)) {
    for (unsigned i = scope->first; i < s->open; i++) {
      if (s->names[i].n == name->text.n && memcmp(s->names[i].p, name->text.p, name->text.n) == 0)
        return false;
    }
  }
  if (s->open == SCAN_NAMES) return false;
  s->names[s->open++] = name->text;
  return true;
}

static bool scan_map(struct scanner *s, int depth) {
  struct scope scope = {s->open, {{0}}};
  struct ddb_json *j = &s->d->json;
  struct name name;
  if (!ddb_json_take(j, '{')) return false;
  if (ddb_json_take(j, '}')) return true;
  do {
    if (!scan_name(s, &scope, &name) || !scan_value(s, depth)) return false;
  } while (ddb_json_take(j, ','));
  s->open = scope.first;
  return ddb_json_take(j, '}');
}

static bool scan_list(struct scanner *s, int depth) {
  struct ddb_json *j = &s->d->json;
  if (!ddb_json_take(j, '[')) return false;
  if (ddb_json_take(j, ']')) return true;
  do {
    if (!scan_value(s, depth)) return false;
  } while (ddb_json_take(j, ','));
  return ddb_json_take(j, ']');
}

/* Returns true for at most 19 digits with at most one point between them: they need no parser. */
static bool is_short_number(struct ddb_slice text) {
  const char *p = text.p, *end = text.p + text.n, *point = NULL;
  if (text.n > 0 && *p == '-') p++;
  if (p == end || end - p > 19 || *p == '.' || end[-1] == '.') return false;
  for (; p < end; p++) {
    if (*p >= '0' && *p <= '9') continue;
    if (*p != '.' || point) return false;
    point = p;
  }
  return true;
}

static bool scan_number(struct scanner *s) {
  struct ddb_slice text;
  struct ddb_decimal decimal;
  if (ddb_json_string(&s->d->json, &text, s->d->error)) return false;
  return is_short_number(text) || !ddb_decimal_parse(&decimal, text.p, text.n, s->d->error);
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
  if (decode_take(j, "{\"BOOL\":true}") || decode_take(j, "{\"BOOL\":false}") ||
      decode_take(j, "{\"NULL\":true}"))
    return true;
  return scan_by_decoding(s, start, depth);
}

/* Takes one attribute of the item whose text begins at 'start'. */
static bool scan_attribute(struct scanner *s, struct scope *scope, const char *start, int depth,
                           struct item_index *index) {
  struct name name;
  if (index->count == ITEM_ENTRIES || !scan_name(s, scope, &name) || name.text.n > UINT16_MAX)
    return false;
  (void)ddb_json_peek(&s->d->json);
  const char *value = s->d->json.p;
  index->entries[index->count++] =
      (struct item_entry){(uint16_t)name.hash, (uint16_t)name.text.n,
                          (uint32_t)(name.text.p - start), (uint32_t)(value - start)};
  return scan_value(s, depth);
}

/* Takes the attributes of the item whose text begins at 'start'. */
static bool scan_attributes(struct scanner *s, const char *start, int depth,
                            struct item_index *index) {
  struct scope scope = {0, {{0}}};
  struct ddb_json *j = &s->d->json;
  index->count = 0;
  if (!ddb_json_take(j, '{')) return false;
  if (ddb_json_take(j, '}')) return true;
  do {
    if (!scan_attribute(s, &scope, start, depth, index)) return false;
  } while (ddb_json_take(j, ','));
  return ddb_json_take(j, '}');
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
