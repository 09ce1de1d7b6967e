#include "sigv4_canonical.h"

#include <string.h>

void ddb_canonical_init(struct ddb_canonical *c) {
  memset(c, 0, sizeof *c);
}

static char lower(char c) {
  if (c >= 'A' && c <= 'Z') c ^= 'A' ^ 'a'; /* the bit that distinguishes the cases */
  return c;
}

/* As memcmp, for the lower-case forms; a prefix of a name sorts before it. */
static int compare_names(struct ddb_slice a, struct ddb_slice b) {
  for (size_t i = 0; i < a.n && i < b.n; i++) {
    int difference = (unsigned char)lower(a.p[i]) - (unsigned char)lower(b.p[i]);
    if (difference != 0) return difference;
  }
  return (a.n > b.n) - (a.n < b.n);
}

bool ddb_canonical_same(struct ddb_slice a, struct ddb_slice b) {
  return a.n == b.n && compare_names(a, b) == 0;
}

enum ddb_status ddb_canonical_insert(struct ddb_canonical *c, const struct ddb_header *field) {
  size_t i = c->count;
  if (i == DDB_CANONICAL_MAX) return DDB_TOOBIG;
  for (; i > 0 && compare_names(field->name, c->list[i - 1]->name) < 0; i--)
    c->list[i] = c->list[i - 1];
  c->list[i] = field;
  c->count++;
  c->bytes += 2 * field->name.n + field->value.n + 3; /* "name:value\n" and "name;" */
  return DDB_OK;
}

static void add_lower(struct ddb_buf *b, struct ddb_slice text) {
  if (!ddb_buf_reserve(b, text.n)) return;
  char *to = b->p + b->len;
  for (size_t i = 0; i < text.n; i++) to[i] = lower(text.p[i]);
  b->len += text.n;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* Trims, and replaces several spaces in a row by one. */
static void add_value(struct ddb_buf *b, struct ddb_slice text) {
  if (text.n == 0) return;
  const char *p = text.p, *end = text.p + text.n, *space;
  while (p < end && is_blank(*p)) p++;
  while (p < end && is_blank(end[-1])) end--;
  while (p < end && (space = memchr(p, ' ', (size_t)(end - p)))) {
    ddb_buf_add(b, p, (size_t)(space + 1 - p));
    p = space;
    while (*p == ' ') p++; /* stops before 'end', where no blank is */
  }
  ddb_buf_add(b, p, (size_t)(end - p));
}

/* Returns true when the field at 'i' has the same name as the one before it. */
static bool repeats(const struct ddb_canonical *c, size_t i) {
  if (i == 0) return false;
  return ddb_canonical_same(c->list[i - 1]->name, c->list[i]->name);
}

void ddb_canonical_fields(const struct ddb_canonical *c, struct ddb_buf *b) {
  for (size_t i = 0; i < c->count; i++) {
    bool again = repeats(c, i);
    if (i > 0 && !again) ddb_buf_add_char(b, '\n');
    if (!again) add_lower(b, c->list[i]->name);
    ddb_buf_add_char(b, again ? ',' : ':');
    add_value(b, c->list[i]->value);
  }
  ddb_buf_add_char(b, '\n');
}

void ddb_canonical_names(const struct ddb_canonical *c, struct ddb_buf *b) {
  for (size_t i = 0; i < c->count; i++) {
    if (repeats(c, i)) continue;
    if (i > 0) ddb_buf_add_char(b, ';');
    add_lower(b, c->list[i]->name);
  }
}
