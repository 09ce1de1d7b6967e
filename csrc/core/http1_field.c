#include "http1_field.h"

#include <stdint.h>
#include <string.h>

const char ddb_http1_token[256] = {
    ['!'] = '!', ['#'] = '#', ['$'] = '$', ['%'] = '%', ['&'] = '&', ['\''] = '\'', ['*'] = '*',
    ['+'] = '+', ['-'] = '-', ['.'] = '.', ['^'] = '^', ['_'] = '_', ['`'] = '`',   ['|'] = '|',
    ['~'] = '~', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',   ['5'] = '5',
    ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b',   ['C'] = 'c',
    ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',   ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p',   ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w',   ['X'] = 'x',
    ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',   ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k',   ['l'] = 'l',
    ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',   ['s'] = 's',
    ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y',   ['z'] = 'z',
};

bool ddb_http1_same(struct ddb_slice text, const char *lower) {
  if (text.n != strlen(lower)) return false;
  for (size_t i = 0; i < text.n; i++) {
    if (ddb_http1_token[(unsigned char)text.p[i]] != lower[i]) return false;
  }
  return true;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

struct ddb_slice ddb_http1_trimmed(struct ddb_slice s) {
  while (s.n > 0 && is_blank(s.p[0])) s = ddb_slice(s.p + 1, s.n - 1);
  while (s.n > 0 && is_blank(s.p[s.n - 1])) s.n--;
  return s;
}

enum ddb_status ddb_http1_decimal(struct ddb_slice s, size_t *value) {
  size_t v = 0;
  bool fits = true;
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] < '0' || s.p[i] > '9') return DDB_INVALID;
    size_t digit = (size_t)(s.p[i] - '0');
    fits = fits && v <= (SIZE_MAX - digit) / 10;
    v = v * 10 + digit;
  }
  *value = v;
  if (s.n == 0) return DDB_INVALID;
  return fits ? DDB_OK : DDB_TOOBIG;
}

/* Steps through the kept lines, each with its CRLF and its name in lower case. */
bool ddb_http1_find(const struct ddb_http1 *h, const char *lower_name, struct ddb_slice *value) {
  size_t n = strlen(lower_name);
  size_t at = 0;
  while (at < h->kept) {
    const char *line = h->head.p + at;
    const char *end = memchr(line, '\n', h->kept - at);
    size_t length = (size_t)(end - line);
    if (length > n && line[n] == ':' && memcmp(line, lower_name, n) == 0) {
      *value = ddb_http1_trimmed(ddb_slice(line + n + 1, length - n - 2));
      return true;
    }
    at += length + 1;
  }
  return false;
}

static enum ddb_status take_length(struct ddb_http1 *h, const char *name, struct ddb_slice value,
                                   struct ddb_error *e) {
  if (h->has_length) return ddb_fail(e, DDB_INVALID, "response repeats %s", name);
  h->has_length = true;
  enum ddb_status st = ddb_http1_decimal(value, &h->left);
  if (st == DDB_INVALID) return ddb_fail(e, st, "response has a malformed %s", name);
  if (st) return ddb_fail(e, st, "response has a %s beyond all numbers", name);
  return DDB_OK;
}

/* Length and chunks together in an HTTP/1.0 message are faulty framing (RFC 9112 section 6.1). */
static enum ddb_status take_coding(struct ddb_http1 *h, const char *name, struct ddb_slice value,
                                   struct ddb_error *e) {
  if (h->old) return ddb_fail(e, DDB_INVALID, "response has %s in HTTP/1.0", name);
  if (h->chunked) return ddb_fail(e, DDB_INVALID, "response repeats %s", name);
  if (!ddb_http1_same(value, "chunked"))
    return ddb_fail(e, DDB_INVALID, "response has a %s other than chunked", name);
  h->chunked = true;
  return DDB_OK;
}

/* Parses a list of options, in one header or several (RFC 9112 section 9.3). */
static enum ddb_status take_connection(struct ddb_http1 *h, const char *name,
                                       struct ddb_slice value, struct ddb_error *e) {
  (void)name;
  (void)e;
  while (value.n > 0) {
    const char *comma = memchr(value.p, ',', value.n);
    size_t n = comma ? (size_t)(comma - value.p) : value.n;
    struct ddb_slice option = ddb_http1_trimmed(ddb_slice(value.p, n));
    if (ddb_http1_same(option, "close")) h->says_close = true;
    if (ddb_http1_same(option, "keep-alive")) h->says_keep_alive = true;
    n += comma ? 1 : 0;
    value = ddb_slice(value.p + n, value.n - n);
  }
  return DDB_OK;
}

/* For headers that determine the meaning of the body: two different values are an error. */
static enum ddb_status take_single(struct ddb_http1 *h, const char *name, struct ddb_slice value,
                                   struct ddb_error *e) {
  struct ddb_slice first;
  if (!ddb_http1_find(h, name, &first)) return DDB_OK;
  if (first.n == value.n && memcmp(first.p, value.p, value.n) == 0) return DDB_OK;
  return ddb_fail(e, DDB_INVALID, "response repeats %s with a different value", name);
}

static enum ddb_status take_header(struct ddb_http1 *h, const struct ddb_header *header,
                                   struct ddb_error *e) {
  static const struct {
    const char *name;
    size_t n;
    enum ddb_status (*take)(struct ddb_http1 *h, const char *name, struct ddb_slice value,
                            struct ddb_error *e);
  } known[] = {{"content-length", 14, take_length}, {"transfer-encoding", 17, take_coding},
               {"connection", 10, take_connection}, {"x-amz-crc32", 11, take_single},
               {"content-type", 12, take_single},   {"content-encoding", 16, take_single}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (header->name.n == known[i].n && memcmp(header->name.p, known[i].name, known[i].n) == 0)
      return known[i].take(h, known[i].name, header->value, e);
  }
  return DDB_OK;
}

/* Splits the line and makes its name lower-case in place (RFC 9112 section 5). */
static enum ddb_status split_field(char *p, size_t n, struct ddb_header *field,
                                   struct ddb_error *e) {
  if (is_blank(*p)) return ddb_fail(e, DDB_INVALID, "response has a folded header line");
  const char *colon = memchr(p, ':', n);
  if (!colon) return ddb_fail(e, DDB_INVALID, "response has a header line without a colon");
  size_t length = (size_t)(colon - p);
  if (length == 0) return ddb_fail(e, DDB_INVALID, "response has an empty header name");
  if (is_blank(p[length - 1]))
    return ddb_fail(e, DDB_INVALID, "response has a space before the colon of a header");
  for (size_t i = 0; i < length; i++) {
    char c = ddb_http1_token[(unsigned char)p[i]];
    if (!c) return ddb_fail(e, DDB_INVALID, "response has a header name that is not a token");
    p[i] = c;
  }
  field->name = ddb_slice(p, length);
  field->value = ddb_http1_trimmed(ddb_slice(colon + 1, n - length - 1));
  return DDB_OK;
}

enum ddb_status ddb_http1_field_line(struct ddb_http1 *h, size_t length, struct ddb_error *e) {
  size_t most = h->limits.header_count;
  if (h->fields == most) return ddb_fail(e, DDB_TOOBIG, "response has more than %zu headers", most);
  h->fields++;
  char *line = h->head.p + h->kept;
  struct ddb_header field = {{line, 0}, {line, 0}};
  enum ddb_status st = split_field(line, length, &field, e);
  if (st || h->step != DDB_HTTP1_HEADER_LINE) return st;
  st = take_header(h, &field, e);
  h->kept = h->head.len;
  return st;
}
