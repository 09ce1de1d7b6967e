#include "json.h"

#include <stdint.h>

void ddb_json_init(struct ddb_json *j, const char *text, size_t n, struct ddb_buf *scratch) {
  if (n == 0) text = ""; /* nothing may be added to NULL, not even 0 */
  j->start = j->p = text;
  j->end = text + n;
  j->scratch = scratch;
}

static enum ddb_status fail(const struct ddb_json *j, const char *what, struct ddb_error *e) {
  return ddb_fail(e, DDB_INVALID, "%s at byte %zu", what, (size_t)(j->p - j->start) + 1);
}

int ddb_json_skip_space(struct ddb_json *j) {
  for (; j->p < j->end; j->p++) {
    unsigned char c = (unsigned char)*j->p;
    if (c > ' ' || (c != ' ' && c != '\n' && c != '\t' && c != '\r')) return c;
  }
  return -1;
}

enum ddb_status ddb_json_expected(struct ddb_json *j, const char *what, struct ddb_error *e) {
  int c = ddb_json_peek(j);
  size_t at = (size_t)(j->p - j->start) + 1;
  if (c < 0) return ddb_fail(e, DDB_INVALID, "%s expected, got the end of the text", what);
  if (c < ' ' || c >= 0x7f)
    return ddb_fail(e, DDB_INVALID, "%s expected, got byte 0x%02x at byte %zu", what, c, at);
  return ddb_fail(e, DDB_INVALID, "%s expected, got '%c' at byte %zu", what, c, at);
}

/* {===== Strings ===== */

/* Returns the length of the UTF-8 sequence at 'p' (RFC 3629), 0 when it is invalid. */
static size_t utf8_length(const char *text, const char *end) {
  const unsigned char *p = (const unsigned char *)text;
  size_t n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
  unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
  if (p[0] < 0xc2 || p[0] > 0xf4 || (size_t)(end - text) < n) return 0;
  if (p[0] == 0xe0) low = 0xa0;  /* overlong */
  if (p[0] == 0xed) high = 0x9f; /* surrogates */
  if (p[0] == 0xf0) low = 0x90;  /* overlong */
  if (p[0] == 0xf4) high = 0x8f; /* beyond U+10FFFF */
  if (p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i < n; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
  }
  return n;
}

/* As ddb_plain_run, but also passes valid UTF-8. */
static const char *text_run(const char *p, const char *end) {
  for (;;) {
    p = ddb_plain_run(p, end);
    if (p == end || (unsigned char)*p < 0x80) return p;
    do {
      size_t n = utf8_length(p, end);
      if (n == 0) return p;
      p += n;
    } while (p < end && (unsigned char)*p >= 0x80);
  }
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Takes the four digits of \uXXXX; returns false when there are none. */
static bool take_hex4(struct ddb_json *j, uint32_t *out) {
  uint32_t v = 0;
  if (j->end - j->p < 4) return false;
  for (int i = 0; i < 4; i++) {
    int digit = hex_value(j->p[i]);
    if (digit < 0) return false;
    v = v << 4 | (uint32_t)digit;
  }
  j->p += 4;
  *out = v;
  return true;
}

static void add_utf8(struct ddb_buf *b, uint32_t c) {
  if (c < 0x80) {
    ddb_buf_add_char(b, (char)c);
    return;
  }
  if (c < 0x800) {
    ddb_buf_add_char(b, (char)(0xc0 | c >> 6));
  } else {
    if (c < 0x10000) {
      ddb_buf_add_char(b, (char)(0xe0 | c >> 12));
    } else {
      ddb_buf_add_char(b, (char)(0xf0 | c >> 18));
      ddb_buf_add_char(b, (char)(0x80 | (c >> 12 & 0x3f)));
    }
    ddb_buf_add_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
  }
  ddb_buf_add_char(b, (char)(0x80 | (c & 0x3f)));
}

static enum ddb_status unescape_unicode(struct ddb_json *j, struct ddb_error *e) {
  uint32_t c, low;
  if (!take_hex4(j, &c)) return fail(j, "four hexadecimal digits expected after \\u", e);
  if (c >= 0xd800 && c <= 0xdfff) {
    bool pair = c < 0xdc00 && j->end - j->p >= 2 && j->p[0] == '\\' && j->p[1] == 'u';
    if (pair) {
      j->p += 2;
      pair = take_hex4(j, &low) && low >= 0xdc00 && low <= 0xdfff;
    }
    if (!pair) return fail(j, "lone surrogate in a string", e);
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }
  add_utf8(j->scratch, c);
  return DDB_OK;
}

/* Takes what follows a backslash. */
static enum ddb_status unescape(struct ddb_json *j, struct ddb_error *e) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  char c = '\0';
  if (j->p < j->end) c = *j->p++;
  if (c == 'u') return unescape_unicode(j, e);
  const char *at = c ? strchr(names, c) : NULL;
  if (!at) return fail(j, "unknown escape in a string", e);
  ddb_buf_add_char(j->scratch, values[at - names]);
  return DDB_OK;
}

static enum ddb_status bad_byte(struct ddb_json *j, struct ddb_error *e) {
  if (j->p == j->end) return fail(j, "unfinished string", e);
  if ((unsigned char)*j->p < 0x20) return fail(j, "control character in a string", e);
  return fail(j, "invalid UTF-8 in a string", e);
}

/* Takes the rest of a string that has escapes, from its first backslash on. */
static enum ddb_status escaped_string(struct ddb_json *j, const char *first, struct ddb_slice *out,
                                      struct ddb_error *e) {
  enum ddb_status status = DDB_OK;
  ddb_buf_clear(j->scratch, SIZE_MAX);
  ddb_buf_add(j->scratch, first, (size_t)(j->p - first));
  while (!status && j->p < j->end && *j->p == '\\') {
    j->p++;
    status = unescape(j, e);
    const char *run = j->p;
    j->p = text_run(run, j->end);
    ddb_buf_add(j->scratch, run, (size_t)(j->p - run));
  }
  if (status) return status;
  if (j->p == j->end || *j->p != '"') return bad_byte(j, e);
  if (j->scratch->status) return ddb_fail(e, j->scratch->status, "string too large");
  j->p++;
  *out = ddb_slice(j->scratch->p, j->scratch->len);
  return DDB_OK;
}

enum ddb_status ddb_json_string_any(struct ddb_json *j, struct ddb_slice *out,
                                    struct ddb_error *e) {
  if (!ddb_json_take(j, '"')) return ddb_json_expected(j, "string", e);
  const char *first = j->p;
  j->p = text_run(first, j->end);
  if (j->p < j->end && *j->p == '\\') return escaped_string(j, first, out, e);
  if (j->p == j->end || *j->p != '"') return bad_byte(j, e);
  *out = ddb_slice(first, (size_t)(j->p - first));
  j->p++;
  return DDB_OK;
}

/* Writes a text with escapes, without quotes. */
static enum ddb_status write_escaped(struct ddb_buf *out, const char *p, const char *end,
                                     struct ddb_error *e) {
  static const char hex[] = "0123456789abcdef";
  for (;;) {
    const char *run = text_run(p, end);
    ddb_buf_add(out, p, (size_t)(run - p));
    p = run;
    if (p == end) return DDB_OK;
    unsigned char c = (unsigned char)*p++;
    if (c >= 0x80)
      return ddb_fail(e, DDB_INVALID, "string is not UTF-8 (bytes need dynamodb.binary)");
    if (c >= 0x20)
      ddb_buf_add(out, (const char[]){'\\', (char)c}, 2);
    else
      ddb_buf_add(out, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
  }
}

enum ddb_status ddb_json_write_any(struct ddb_buf *out, struct ddb_slice before,
                                   struct ddb_slice text, struct ddb_slice after,
                                   struct ddb_error *e) {
  const char *p = text.n ? text.p : "";
  size_t start = out->len;
  ddb_buf_add(out, before.p, before.n);
  enum ddb_status status = write_escaped(out, p, p + text.n, e);
  ddb_buf_add(out, after.p, after.n);
  if (status) out->len = start;
  return status;
}

/* ===================== } */

static bool take_digits(struct ddb_json *j) {
  const char *first = j->p;
  while (j->p < j->end && *j->p >= '0' && *j->p <= '9') j->p++;
  return j->p > first;
}

enum ddb_status ddb_json_number(struct ddb_json *j, struct ddb_slice *out, struct ddb_error *e) {
  int c = ddb_json_peek(j);
  const char *first = j->p;
  if (c != '-' && !(c >= '0' && c <= '9')) return ddb_json_expected(j, "number", e);
  j->p += c == '-';
  bool leading_zero = j->p < j->end && *j->p == '0';
  const char *whole = j->p;
  bool ok = take_digits(j) && !(leading_zero && j->p - whole > 1);
  if (ok && j->p < j->end && *j->p == '.') {
    j->p++;
    ok = take_digits(j);
  }
  if (ok && j->p < j->end && (*j->p == 'e' || *j->p == 'E')) {
    j->p++;
    if (j->p < j->end && (*j->p == '+' || *j->p == '-')) j->p++;
    ok = take_digits(j);
  }
  if (!ok) return fail(j, "malformed number", e);
  *out = ddb_slice(first, (size_t)(j->p - first));
  return DDB_OK;
}

enum ddb_status ddb_json_literal(struct ddb_json *j, const char *literal, struct ddb_error *e) {
  size_t n = strlen(literal);
  (void)ddb_json_peek(j);
  if ((size_t)(j->end - j->p) < n || memcmp(j->p, literal, n) != 0)
    return ddb_json_expected(j, literal, e);
  j->p += n;
  return DDB_OK;
}

static enum ddb_status skip_container(struct ddb_json *j, int depth, char close,
                                      struct ddb_error *e) {
  enum ddb_status status = DDB_OK;
  bool more = true;
  if (depth <= 0) return fail(j, "nested too deep", e);
  j->p++;
  for (bool first = true; !status && more; first = false) {
    struct ddb_slice name;
    status = ddb_json_next(j, first, close, &more, e);
    if (!status && more && close == '}') status = ddb_json_name(j, &name, e);
    if (!status && more) status = ddb_json_skip(j, depth - 1, e);
  }
  return status;
}

enum ddb_status ddb_json_skip(struct ddb_json *j, int depth, struct ddb_error *e) {
  struct ddb_slice ignored;
  switch (ddb_json_peek(j)) {
  case '{':
    return skip_container(j, depth, '}', e);
  case '[':
    return skip_container(j, depth, ']', e);
  case '"':
    return ddb_json_string(j, &ignored, e);
  case 't':
    return ddb_json_literal(j, "true", e);
  case 'f':
    return ddb_json_literal(j, "false", e);
  case 'n':
    return ddb_json_literal(j, "null", e);
  default:
    return ddb_json_number(j, &ignored, e);
  }
}

enum ddb_status ddb_json_end(struct ddb_json *j, struct ddb_error *e) {
  return ddb_json_peek(j) < 0 ? DDB_OK : ddb_json_expected(j, "end of the text", e);
}
