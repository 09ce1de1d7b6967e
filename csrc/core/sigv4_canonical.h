/* The canonical form of header fields, which Signature Version 4 hashes. */
#ifndef DDB_SIGV4_CANONICAL_H
#define DDB_SIGV4_CANONICAL_H

#include "buf.h"
#include "header.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

#define DDB_CANONICAL_MAX 34u

/* Header fields sorted by their lower-case names. The fields themselves are borrowed. */
struct ddb_canonical {
  const struct ddb_header *list[DDB_CANONICAL_MAX];
  size_t count;
  size_t bytes; /* at least the length of each of the two texts below */
};

/* Cannot fail; there is nothing to free. */
void ddb_canonical_init(struct ddb_canonical *c);

/*
 * Inserts a field in its place; fields with one name keep the order of insertion. DDB_TOOBIG when
 * there are DDB_CANONICAL_MAX already. The field must outlive 'c'.
 */
DDB_CHECKED enum ddb_status ddb_canonical_insert(struct ddb_canonical *c,
                                                 const struct ddb_header *field);

/*
 * Adds "name:value" and a newline for each name, as the IAM user guide describes CanonicalHeaders:
 * lower-case names, values trimmed and with one space for several, repeated names joined by commas.
 * Running out of memory sets the buffer's status.
 */
void ddb_canonical_fields(const struct ddb_canonical *c, struct ddb_buf *out);

/* Adds the lower-case names, each once, separated by semicolons: SignedHeaders. */
void ddb_canonical_names(const struct ddb_canonical *c, struct ddb_buf *out);

/* Returns true when two names differ only in the case of their letters. */
bool ddb_canonical_same(struct ddb_slice a, struct ddb_slice b);

/*
 * As ddb_canonical_same for NUL-terminated text; inline, because comparing the lengths decides most
 * cases.
 */
static inline bool ddb_canonical_is(struct ddb_slice name, const char *text) {
  return name.n == strlen(text) && ddb_canonical_same(name, ddb_text(text));
}

#endif
