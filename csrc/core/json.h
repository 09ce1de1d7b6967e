/*
 * Strict JSON (RFC 8259): a pull reader over text in memory, and a writer of strings. The caller
 * asks for the value that it expects and builds its own; the reader builds none.
 */
#ifndef DDB_JSON_H
#define DDB_JSON_H

#include "buf.h"
#include "header.h"
#include "json_plain.h"

struct ddb_json {
  const char *start; /* borrowed, like all of the text */
  const char *p;
  const char *end;
  struct ddb_buf *scratch; /* borrowed; strings with escapes are decoded into it */
};

void ddb_json_init(struct ddb_json *j, const char *text, size_t n, struct ddb_buf *scratch);

/* Skips white space and returns the next byte without taking it; -1 at the end. */
int ddb_json_skip_space(struct ddb_json *j);

/* As ddb_json_skip_space, faster when there is no space. */
static inline int ddb_json_peek(struct ddb_json *j) {
  if (j->p < j->end && (unsigned char)*j->p > ' ') return (unsigned char)*j->p;
  return ddb_json_skip_space(j);
}

/*
 * Skips white space and takes the byte 'c'. Returns false, and takes nothing, when another byte is
 * next.
 */
static inline bool ddb_json_take(struct ddb_json *j, char c) {
  if (ddb_json_peek(j) != (unsigned char)c) return false;
  j->p++;
  return true;
}

/* As ddb_json_string, for all strings. */
enum ddb_status ddb_json_string_any(struct ddb_json *j, struct ddb_slice *out,
                                    struct ddb_error *e) DDB_CHECKED;

/*
 * Takes a string. The slice borrows from the text, or from 'scratch' when the string has escapes:
 * then it holds until the next string is taken. DDB_INVALID for control characters, bad escapes,
 * lone surrogates (section 8.2) and invalid UTF-8 (section 8.1).
 */
DDB_CHECKED static inline enum ddb_status ddb_json_string(struct ddb_json *j, struct ddb_slice *out,
                                                          struct ddb_error *e) {
  const char *first = j->p + 1;
  if (j->p == j->end || *j->p != '"') return ddb_json_string_any(j, out, e);
  const char *end = ddb_plain_run(first, j->end);
  if (end == j->end || *end != '"') return ddb_json_string_any(j, out, e);
  *out = ddb_slice(first, (size_t)(end - first));
  j->p = end + 1;
  return DDB_OK;
}

/* Takes a number and returns its text (section 6). */
enum ddb_status ddb_json_number(struct ddb_json *j, struct ddb_slice *out,
                                struct ddb_error *e) DDB_CHECKED;

/* Takes "true", "false" or "null". */
enum ddb_status ddb_json_literal(struct ddb_json *j, const char *literal,
                                 struct ddb_error *e) DDB_CHECKED;

/* Fails with DDB_INVALID and the text "expected ..., got ... at byte N". */
enum ddb_status ddb_json_expected(struct ddb_json *j, const char *what, struct ddb_error *e);

/*
 * Steps through the members of an object or the elements of an array. 'first' is true before the
 * first one. Sets *more when another one follows (its text is next); otherwise 'close' ('}' or ']')
 * was taken.
 */
DDB_CHECKED static inline enum ddb_status ddb_json_next(struct ddb_json *j, bool first, char close,
                                                        bool *more, struct ddb_error *e) {
  *more = !ddb_json_take(j, close);
  if (!*more || first || ddb_json_take(j, ',')) return DDB_OK;
  return ddb_json_expected(j, close == '}' ? "',' or '}'" : "',' or ']'", e);
}

/* Takes a member's name and its colon; the slice as from ddb_json_string. */
DDB_CHECKED static inline enum ddb_status ddb_json_name(struct ddb_json *j, struct ddb_slice *out,
                                                        struct ddb_error *e) {
  enum ddb_status status = ddb_json_string(j, out, e);
  if (!status && !ddb_json_take(j, ':')) status = ddb_json_expected(j, "':'", e);
  return status;
}

/* Takes any value and checks its grammar, at most 'depth' levels deep. */
enum ddb_status ddb_json_skip(struct ddb_json *j, int depth, struct ddb_error *e) DDB_CHECKED;

/* DDB_INVALID unless only white space is left. */
enum ddb_status ddb_json_end(struct ddb_json *j, struct ddb_error *e) DDB_CHECKED;

/* As ddb_json_write_framed, for all texts. */
enum ddb_status ddb_json_write_any(struct ddb_buf *out, struct ddb_slice before,
                                   struct ddb_slice text, struct ddb_slice after,
                                   struct ddb_error *e) DDB_CHECKED;

/*
 * Writes a string between two texts, which contain its quotes and whose lengths are constants.
 * DDB_INVALID, and nothing written, when it is not UTF-8.
 */
DDB_CHECKED DDB_INLINE enum ddb_status
ddb_json_write_framed(struct ddb_buf *out, struct ddb_slice before, struct ddb_slice text,
                      struct ddb_slice after, struct ddb_error *e) {
  size_t size = before.n + text.n + after.n;
  if (!ddb_buf_reserve(out, size)) return ddb_json_write_any(out, before, text, after, e);
  char *to = out->p + out->len;
  memcpy(to, before.p, before.n);
  if (!ddb_copy_plain(to + before.n, text.p, text.n))
    return ddb_json_write_any(out, before, text, after, e);
  memcpy(to + before.n + text.n, after.p, after.n);
  out->len += size;
  return DDB_OK;
}

/* Writes a string in quotes, as ddb_json_write_framed does. */
DDB_CHECKED static inline enum ddb_status ddb_json_write_string(struct ddb_buf *out, const char *p,
                                                                size_t n, struct ddb_error *e) {
  return ddb_json_write_framed(out, ddb_text("\""), ddb_slice(p, n), ddb_text("\""), e);
}

#endif
