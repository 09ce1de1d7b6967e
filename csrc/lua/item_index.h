/* The index of an item's text: where each attribute is, so that one of them can be decoded alone.
 */
#ifndef DDB_ITEM_INDEX_H
#define DDB_ITEM_INDEX_H

#include "../core/header.h"

#include <stdbool.h>
#include <stdint.h>

#define ITEM_ENTRIES 64u /* attributes of an item that is not decoded at once */

/* Where an attribute is, as offsets in the source. */
struct item_entry {
  uint16_t hash;
  uint16_t name_length;
  uint32_t name;
  uint32_t value; /* 0 once it is in ITEM_ATTRIBUTES, or was replaced or removed */
};

/* What decode_scan notes of the text of an item. */
struct item_index {
  struct ddb_slice source; /* borrowed */
  bool is_simple;          /* no escapes and no binaries: decoding needs no buffer */
  unsigned count;
  struct item_entry entries[ITEM_ENTRIES];
};

/* Returns a cheap hash that distinguishes the names of one map. */
static inline unsigned name_hash(struct ddb_slice name) {
  const unsigned char *p = (const unsigned char *)name.p;
  if (name.n == 0) return 0;
  return (unsigned)name.n + 7u * p[0] + 31u * p[name.n - 1] + 13u * p[name.n / 2];
}

#endif
