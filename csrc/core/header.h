/* Borrowed text with a length, and an HTTP header made of two of them. */
#ifndef DDB_HEADER_H
#define DDB_HEADER_H

#include <stddef.h>
#include <string.h>

struct ddb_slice {
  const char *p; /* borrowed; may hold any byte */
  size_t n;
};

struct ddb_header {
  struct ddb_slice name;
  struct ddb_slice value;
};

static inline struct ddb_slice ddb_slice(const char *p, size_t n) {
  struct ddb_slice s = {p, n};
  return s;
}

/* Makes a slice of NUL-terminated text. */
static inline struct ddb_slice ddb_text(const char *text) {
  return ddb_slice(text, strlen(text));
}

#endif
