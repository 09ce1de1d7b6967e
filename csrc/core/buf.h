/*
 * Growable bytes with a ceiling. A failure is sticky: after it, adding does nothing and 'status'
 * keeps the reason, so a writer adds piece after piece and checks once, at the end.
 */
#ifndef DDB_BUF_H
#define DDB_BUF_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct ddb_buf {
  char *p; /* owned; NULL while cap is 0; not NUL-terminated */
  size_t len;
  size_t cap;
  size_t max;             /* the ceiling for len */
  bool secret;            /* bytes are overwritten before they are freed, also when it grows */
  enum ddb_status status; /* DDB_OK, DDB_NOMEM or DDB_TOOBIG */
};

/* Cannot fail and allocates nothing. */
void ddb_buf_init(struct ddb_buf *b, size_t max);

/* As init, for bytes that nothing may find in memory once the buffer was freed. */
void ddb_buf_init_secret(struct ddb_buf *b, size_t max);

/* Frees the bytes; harmless on a zeroed buffer and when called twice. */
void ddb_buf_free(struct ddb_buf *b);

/* Empties the buffer and its failure; keeps the memory, except what exceeds 'keep' bytes. */
void ddb_buf_clear(struct ddb_buf *b, size_t keep);

/* Makes room as ddb_buf_reserve does, where there is not enough. */
bool ddb_buf_grow(struct ddb_buf *b, size_t n);

/*
 * Makes room for 'n' more bytes; returns true when there is. The caller may then write to p + len.
 */
static inline bool ddb_buf_reserve(struct ddb_buf *b, size_t n) {
  return (n <= b->cap - b->len && !b->status) || ddb_buf_grow(b, n);
}

static inline void ddb_buf_add(struct ddb_buf *b, const void *p, size_t n) {
  if (n == 0 || !ddb_buf_reserve(b, n)) return;
  memcpy(b->p + b->len, p, n);
  b->len += n;
}

static inline void ddb_buf_add_char(struct ddb_buf *b, char c) {
  if (ddb_buf_reserve(b, 1)) b->p[b->len++] = c;
}

/* Adds a NUL-terminated string, without its NUL. */
static inline void ddb_buf_add_text(struct ddb_buf *b, const char *text) {
  ddb_buf_add(b, text, strlen(text));
}

#endif
