#include "buf.h"

#include "crypto.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256u

void ddb_buf_init(struct ddb_buf *b, size_t max) {
  memset(b, 0, sizeof *b);
  b->max = max;
}

void ddb_buf_init_secret(struct ddb_buf *b, size_t max) {
  ddb_buf_init(b, max);
  b->secret = true;
}

void ddb_buf_free(struct ddb_buf *b) {
  if (b->secret) ddb_crypto_cleanse(b->p, b->cap);
  free(b->p);
  b->p = NULL;
  b->len = b->cap = 0;
  b->status = DDB_OK;
}

void ddb_buf_clear(struct ddb_buf *b, size_t keep) {
  if (b->cap > keep) ddb_buf_free(b);
  b->len = 0;
  b->status = DDB_OK;
}

/* Returns the new capacity: twice what is needed, at most the ceiling. */
static size_t grown(const struct ddb_buf *b, size_t need) {
  size_t cap = need < FIRST_CAPACITY / 2 ? FIRST_CAPACITY : need * 2;
  return cap < b->max ? cap : b->max;
}

/* realloc would leave a copy in freed memory. */
static char *move(const struct ddb_buf *b, size_t cap) {
  char *p = malloc(cap);
  if (!p) return NULL;
  if (b->len > 0) memcpy(p, b->p, b->len);
  ddb_crypto_cleanse(b->p, b->cap);
  free(b->p);
  return p;
}

bool ddb_buf_grow(struct ddb_buf *b, size_t n) {
  if (b->status) return false;
  if (n > b->max - b->len || b->max > SIZE_MAX / 2) {
    b->status = DDB_TOOBIG;
    return false;
  }
  size_t cap = grown(b, b->len + n);
  char *p = b->secret ? move(b, cap) : realloc(b->p, cap);
  if (!p) {
    b->status = DDB_NOMEM;
    return false;
  }
  b->p = p;
  b->cap = cap;
  return true;
}
