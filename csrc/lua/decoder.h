/* The decoder's internals, shared by decode.c, decode_container.c and decode_value.c. */
#ifndef DDB_DECODER_H
#define DDB_DECODER_H

#include "../core/json.h"
#include "item_index.h"
#include "names.h"
#include "value.h"

struct decoder {
  lua_State *L;
  struct ddb_json json;
  struct ddb_error *error;
  int owner;                                    /* index of the table of rows, or 0 */
  int marks;                                    /* index before those of the two marks */
  bool absent;                                  /* the last value was absent */
  unsigned char members[VALUE_DEPTH_READ + 1];  /* of the last map at each depth: a size hint */
  unsigned char elements[VALUE_DEPTH_READ + 1]; /* of the last list at each depth: a size hint */
  struct path path;
  struct names names;
};

/* Decodes one value and pushes it; or pushes nothing and sets 'absent', for null in plain JSON. */
typedef enum ddb_status decode_function(struct decoder *d, int shape, int depth);

/* Decodes one attribute value, {"S":"..."}; the shape is ignored. */
decode_function decode_value;

/* Decodes an object and pushes a table of its members, each decoded by 'value'. */
enum ddb_status decode_object(struct decoder *d, decode_function *value, int shape, int depth);

/* Decodes an object of attribute values and pushes a table of its members. */
enum ddb_status decode_attributes(struct decoder *d, int depth);

/* Marks the table at the top as a list or a map, which an empty one does not show. */
void decode_set_mark(struct decoder *d, enum mark mark);

/* Decodes an array and pushes a table of its elements, with the mark of a list. */
enum ddb_status decode_array(struct decoder *d, decode_function *value, int shape, int depth);

/* Decodes an array (MARK_LIST) or object and pushes a table with its mark. */
enum ddb_status decode_marked(struct decoder *d, enum mark mark, decode_function *value, int depth);

/* Decodes a value of plain JSON. */
enum ddb_status decode_string(struct decoder *d);
enum ddb_status decode_boolean(struct decoder *d);

/*
 * Takes the text of an item, which is next, and checks it as decoding would. Takes nothing and
 * returns false when the item must be decoded instead; that also tells what is wrong.
 */
bool decode_scan(struct decoder *d, int depth, struct item_index *index);

/* Takes a constant text -> false when another one is next. */
static inline bool decode_take(struct ddb_json *j, const char *text) {
  size_t n = strlen(text);
  if ((size_t)(j->end - j->p) < n || memcmp(j->p, text, n) != 0) return false;
  j->p += n;
  return true;
}

static inline enum ddb_status decode_fail(struct decoder *d, const char *why) {
  return ddb_fail(d->error, DDB_INVALID, "%s", why);
}

#endif
