#include "http1.h"
#include "http1_field.h"

#include <string.h>

#define NAME_SHOWN 64u /* of a header name in an error text */

/* Returns the number of token characters at the start. */
static size_t token_length(struct ddb_slice s) {
  size_t i = 0;
  while (i < s.n && ddb_http1_token[(unsigned char)s.p[i]]) i++;
  return i;
}

static bool is_visible(struct ddb_slice s) {
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] <= ' ' || s.p[i] > '~') return false;
  }
  return true;
}

static bool has(struct ddb_slice s, char c) {
  return s.n > 0 && memchr(s.p, c, s.n) != NULL;
}

/* Returns the token part of a name for messages, since the rest may be anything. */
static enum ddb_status refuse_name(struct ddb_slice name, struct ddb_error *e) {
  size_t n = token_length(name);
  if (name.n == 0) return ddb_fail(e, DDB_INVALID, "request header with an empty name");
  return ddb_fail(e, DDB_INVALID, "request header name holds a forbidden character after '%.*s'",
                  (int)(n < NAME_SHOWN ? n : NAME_SHOWN), name.p);
}

static enum ddb_status refuse_header(struct ddb_slice name, const char *why, struct ddb_error *e) {
  return ddb_fail(e, DDB_INVALID, "request header '%.*s' %s",
                  (int)(name.n < NAME_SHOWN ? name.n : NAME_SHOWN), name.p, why);
}

static enum ddb_status check_header(const struct ddb_header *header, struct ddb_error *e) {
  struct ddb_slice name = header->name, value = header->value;
  if (name.n == 0 || token_length(name) < name.n) return refuse_name(name, e);
  if (has(value, '\r') || has(value, '\n') || has(value, '\0'))
    return refuse_header(name, "has CR, LF or NUL in its value", e);
  if (ddb_http1_same(name, "content-length") || ddb_http1_same(name, "transfer-encoding"))
    return refuse_header(name, "is not for the caller to give", e);
  return DDB_OK;
}

static enum ddb_status check_request(struct ddb_slice method, struct ddb_slice target,
                                     const struct ddb_header *headers, size_t n,
                                     struct ddb_error *e) {
  if (method.n == 0 || token_length(method) < method.n)
    return ddb_fail(e, DDB_INVALID, "request method is not a token");
  if (target.n == 0) return ddb_fail(e, DDB_INVALID, "request target is empty");
  if (!is_visible(target))
    return ddb_fail(e, DDB_INVALID, "request target holds a space or a character not ASCII");
  enum ddb_status st = DDB_OK;
  for (size_t i = 0; !st && i < n; i++) st = check_header(&headers[i], e);
  return st;
}

static void add(struct ddb_buf *out, struct ddb_slice s) {
  ddb_buf_add(out, s.p, s.n);
}

/* Written by hand: a request is made for every call, and snprintf would be its slowest part. */
static void add_number(struct ddb_buf *out, size_t value) {
  char digits[3 * sizeof value]; /* more than log10(256) each */
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  ddb_buf_add(out, digits + at, sizeof digits - at);
}

/* Returns the length of a request, of whose content-length one digit is counted. */
static size_t least_length(struct ddb_slice method, struct ddb_slice target,
                           const struct ddb_header *headers, size_t n, size_t body_length) {
  size_t least = method.n + target.n + body_length;
  least += sizeof "  HTTP/1.1\r\ncontent-length: 0\r\n\r\n" - 1;
  for (size_t i = 0; i < n; i++) least += headers[i].name.n + headers[i].value.n + 4;
  return least;
}

static void add_header(struct ddb_buf *out, const struct ddb_header *header) {
  add(out, header->name);
  ddb_buf_add(out, ": ", 2);
  add(out, header->value);
  ddb_buf_add(out, "\r\n", 2);
}

/* Drops what a failed step has added, since half a request must not be sent. */
static enum ddb_status finish(struct ddb_buf *out, size_t before, struct ddb_error *e) {
  if (!out->status) return DDB_OK;
  out->len = before;
  return ddb_fail(e, out->status, "request: %s", ddb_status_text(out->status));
}

enum ddb_status ddb_http1_start(struct ddb_buf *out, struct ddb_slice method,
                                struct ddb_slice target, const struct ddb_header *headers, size_t n,
                                struct ddb_error *e) {
  size_t before = out->len;
  enum ddb_status st = check_request(method, target, headers, n, e);
  if (st) return st;
  add(out, method);
  ddb_buf_add_char(out, ' ');
  add(out, target);
  ddb_buf_add_text(out, " HTTP/1.1\r\n");
  for (size_t i = 0; i < n; i++) add_header(out, &headers[i]);
  return finish(out, before, e);
}

enum ddb_status ddb_http1_body(struct ddb_buf *out, struct ddb_slice body, struct ddb_error *e) {
  size_t before = out->len;
  ddb_buf_add_text(out, "content-length: ");
  add_number(out, body.n);
  ddb_buf_add(out, "\r\n\r\n", 4);
  add(out, body);
  return finish(out, before, e);
}

enum ddb_status ddb_http1_request(struct ddb_buf *out, struct ddb_slice method,
                                  struct ddb_slice target, const struct ddb_header *headers,
                                  size_t n, struct ddb_slice body, struct ddb_error *e) {
  size_t before = out->len;
  (void)ddb_buf_reserve(out, least_length(method, target, headers, n, body.n));
  enum ddb_status st = ddb_http1_start(out, method, target, headers, n, e);
  if (!st) st = ddb_http1_body(out, body, e);
  if (st) out->len = before;
  return st;
}
