#include "http1.h"
#include "http1_field.h"

#include <stdint.h>
#include <string.h>

#define KEPT_HEAD ((size_t)64 * 1024)
#define KEPT_BODY ((size_t)2 * 1024 * 1024)      /* a full DynamoDB page and its capacity slack */
#define TRUSTED_LENGTH ((size_t)1 * 1024 * 1024) /* of a Content-Length: reserved at once */
#define FREE_SIZE_DIGITS 16u /* of a chunk size; further digits are charged like an extension */

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Resets everything but buffers, limits and the count of 1xx responses. */
static void start_over(struct ddb_http1 *h) {
  struct ddb_http1 fresh = {.limits = h->limits,
                            .head = h->head,
                            .body = h->body,
                            .informational = h->informational,
                            .budget = h->limits.head_bytes};
  fresh.head.len = 0;
  *h = fresh;
}

void ddb_http1_init(struct ddb_http1 *h, const struct ddb_http1_limits *limits) {
  memset(h, 0, sizeof *h);
  h->limits = *limits;
  /* Twice the head, and the doubling in ddb_buf, must fit in a size_t. */
  h->limits.head_bytes = smaller(limits->head_bytes, SIZE_MAX / 8);
  h->limits.body_bytes = smaller(limits->body_bytes, SIZE_MAX / 8);
  ddb_buf_init(&h->head, 2 * h->limits.head_bytes); /* a full head, then one more full line */
  ddb_buf_init(&h->body, h->limits.body_bytes);
  h->body.secret = limits->is_secret;
  start_over(h);
}

void ddb_http1_free(struct ddb_http1 *h) {
  ddb_buf_free(&h->head);
  ddb_buf_free(&h->body);
  ddb_http1_reset(h);
}

void ddb_http1_reset(struct ddb_http1 *h) {
  ddb_buf_clear(&h->head, KEPT_HEAD);
  ddb_buf_clear(&h->body, KEPT_BODY);
  h->informational = 0;
  start_over(h);
}

/* ---- head ---- */

/* RFC 9112 section 4. Some servers without a reason phrase omit the blank after the code. */
static enum ddb_status status_line(struct ddb_http1 *h, struct ddb_slice line,
                                   struct ddb_error *e) {
  const char *p = line.p;
  size_t code = 0;
  if (line.n < 8 || memcmp(p + 5, "1.", 2) != 0 || (p[7] != '0' && p[7] != '1'))
    return ddb_fail(e, DDB_INVALID, "response is neither HTTP/1.0 nor HTTP/1.1");
  if (line.n < 12 || p[8] != ' ' || (line.n > 12 && p[12] != ' ') ||
      ddb_http1_decimal(ddb_slice(p + 9, 3), &code))
    return ddb_fail(e, DDB_INVALID, "response has a malformed status line");
  if (code < 100 || code > 599)
    return ddb_fail(e, DDB_INVALID, "response has a status code outside 100 to 599");
  if (code == 101)
    return ddb_fail(e, DDB_INVALID,
                    "response switches protocols, which the request did not ask for");
  h->status = (int)code;
  h->old = p[7] == '0';
  h->step = DDB_HTTP1_HEADER_LINE;
  return DDB_OK;
}

static enum ddb_status skip_informational(struct ddb_http1 *h, struct ddb_error *e) {
  size_t most = h->limits.informational;
  if (h->informational == most)
    return ddb_fail(e, DDB_TOOBIG, "response follows more than %zu informational responses", most);
  h->informational++;
  start_over(h);
  h->started = true;
  return DDB_OK;
}

static enum ddb_status out_of_memory(struct ddb_error *e) {
  return ddb_fail(e, DDB_NOMEM, "response: %s", ddb_status_text(DDB_NOMEM));
}

static enum ddb_status body_too_big(const struct ddb_http1 *h, struct ddb_error *e) {
  return ddb_fail(e, DDB_TOOBIG, "response body exceeds %zu bytes", h->limits.body_bytes);
}

/* Reserves the common length at once, but not a large length that may be untrue. */
static enum ddb_status start_length_body(struct ddb_http1 *h, struct ddb_error *e) {
  if (h->left > h->limits.body_bytes) return body_too_big(h, e);
  h->step = DDB_HTTP1_LENGTH_BODY;
  h->done = h->left == 0;
  if (!ddb_buf_reserve(&h->body, smaller(h->left, TRUSTED_LENGTH))) return out_of_memory(e);
  return DDB_OK;
}

/* RFC 9112 section 6.3, in its order, for a client that never sends HEAD or CONNECT. */
static enum ddb_status head_end(struct ddb_http1 *h, struct ddb_error *e) {
  if (h->chunked && h->has_length)
    return ddb_fail(e, DDB_INVALID, "response has both content-length and transfer-encoding");
  if (h->status < 200) return skip_informational(h, e);
  h->keep_alive = !h->says_close && (!h->old || h->says_keep_alive);
  h->budget = h->limits.head_bytes;
  if (h->status == 204 || h->status == 304) {
    h->step = DDB_HTTP1_LENGTH_BODY;
    h->done = true;
    return DDB_OK;
  }
  if (h->has_length) return start_length_body(h, e);
  h->step = h->chunked ? DDB_HTTP1_CHUNK_SIZE : DDB_HTTP1_CLOSE_BODY;
  return DDB_OK;
}

/* ---- lines ---- */

/* Returns -1 for other characters. */
static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* RFC 9112 section 7.1; extensions are skipped, up to a limit. */
static enum ddb_status chunk_size(struct ddb_http1 *h, struct ddb_slice line, struct ddb_error *e) {
  size_t size = 0, n = 0;
  for (; n < line.n && hex_value(line.p[n]) >= 0; n++) {
    if (size > SIZE_MAX >> 4)
      return ddb_fail(e, DDB_TOOBIG, "response has a chunk size beyond the range of size_t");
    size = size << 4 | (size_t)hex_value(line.p[n]);
  }
  struct ddb_slice extension = ddb_http1_trimmed(ddb_slice(line.p + n, line.n - n));
  if (n == 0 || (n < line.n && (extension.n == 0 || extension.p[0] != ';')))
    return ddb_fail(e, DDB_INVALID, "response has a malformed chunk size");
  if (size > h->limits.body_bytes - h->body.len) return body_too_big(h, e);
  h->budget -= line.n - smaller(n, FREE_SIZE_DIGITS);
  h->left = size;
  h->step = size > 0 ? DDB_HTTP1_CHUNK_DATA : DDB_HTTP1_TRAILER_LINE;
  return DDB_OK;
}

static enum ddb_status use_line(struct ddb_http1 *h, struct ddb_slice line, struct ddb_error *e) {
  if (h->step == DDB_HTTP1_CHUNK_SIZE) return chunk_size(h, line, e);
  h->budget -= line.n + 2;
  if (h->step == DDB_HTTP1_STATUS_LINE) return status_line(h, line, e);
  if (line.n > 0) return ddb_http1_field_line(h, line.n, e);
  if (h->step == DDB_HTTP1_HEADER_LINE) return head_end(h, e);
  h->done = true;
  return DDB_OK;
}

/* Lines end with CRLF only (RFC 9112 section 2.2 would allow leniency). */
static enum ddb_status strip_line_end(struct ddb_slice *line, struct ddb_error *e) {
  if (line->n < 2 || line->p[line->n - 2] != '\r')
    return ddb_fail(e, DDB_INVALID, "response has a line that ends in LF without CR");
  line->n -= 2;
  if (memchr(line->p, '\r', line->n))
    return ddb_fail(e, DDB_INVALID, "response has a CR inside a line");
  if (memchr(line->p, '\0', line->n))
    return ddb_fail(e, DDB_INVALID, "response has a NUL inside a line");
  return DDB_OK;
}

/* Fails at the first wrong byte: a peer that does not speak HTTP may never send a line end. */
static bool is_http(const struct ddb_http1 *h, const struct ddb_slice *in) {
  static const char start[] = "HTTP/";
  size_t at = smaller(h->head.len, sizeof start - 1);
  return memcmp(in->p, start + at, smaller(in->n, sizeof start - 1 - at)) == 0;
}

static enum ddb_status head_too_big(const struct ddb_http1 *h, struct ddb_error *e) {
  const char *what =
      h->step < DDB_HTTP1_LENGTH_BODY ? "head exceeds" : "has chunk extensions and trailers beyond";
  return ddb_fail(e, DDB_TOOBIG, "response %s %zu bytes", what, h->limits.head_bytes);
}

static void skip(struct ddb_slice *in, size_t n) {
  *in = ddb_slice(in->p + n, in->n - n);
}

/*
 * Collects a line behind the lines that are kept. A complete line is used, and then dropped unless
 * it is kept as well.
 */
static enum ddb_status read_line(struct ddb_http1 *h, struct ddb_slice *in, struct ddb_error *e) {
  if (h->step == DDB_HTTP1_STATUS_LINE && !is_http(h, in))
    return ddb_fail(e, DDB_INVALID, "response does not start with HTTP/");
  const char *end = memchr(in->p, '\n', in->n);
  size_t n = end ? (size_t)(end - in->p) + 1 : in->n;
  if (n > h->budget - (h->head.len - h->kept)) return head_too_big(h, e);
  ddb_buf_add(&h->head, in->p, n);
  if (h->head.status) return out_of_memory(e); /* the budget keeps it below its ceiling */
  skip(in, n);
  if (!end) return DDB_OK;
  struct ddb_slice line = ddb_slice(h->head.p + h->kept, h->head.len - h->kept);
  enum ddb_status st = strip_line_end(&line, e);
  if (!st) st = use_line(h, line, e);
  h->head.len = h->kept;
  return st;
}

/* ---- body ---- */

static enum ddb_status read_body(struct ddb_http1 *h, struct ddb_slice *in, struct ddb_error *e) {
  bool counted = h->step != DDB_HTTP1_CLOSE_BODY;
  size_t n = counted ? smaller(in->n, h->left) : in->n;
  if (n > h->limits.body_bytes - h->body.len) return body_too_big(h, e);
  ddb_buf_add(&h->body, in->p, n);
  if (h->body.status) return out_of_memory(e);
  skip(in, n);
  if (!counted) return DDB_OK;
  h->left -= n;
  if (h->left > 0) return DDB_OK;
  if (h->step == DDB_HTTP1_CHUNK_DATA) {
    h->step = DDB_HTTP1_CHUNK_CR;
  } else {
    h->done = true;
  }
  return DDB_OK;
}

/* The CRLF after the data of a chunk is checked byte by byte, since no line is collected here. */
static enum ddb_status chunk_end(struct ddb_http1 *h, struct ddb_slice *in, struct ddb_error *e) {
  bool cr = h->step == DDB_HTTP1_CHUNK_CR;
  if (*in->p != (cr ? '\r' : '\n'))
    return ddb_fail(e, DDB_INVALID, "response has a chunk longer than its size");
  h->step = cr ? DDB_HTTP1_CHUNK_LF : DDB_HTTP1_CHUNK_SIZE;
  skip(in, 1);
  return DDB_OK;
}

/* ---- the whole ---- */

bool ddb_http1_header(const struct ddb_http1 *h, const char *lower_name, struct ddb_slice *value) {
  return h->step >= DDB_HTTP1_LENGTH_BODY && ddb_http1_find(h, lower_name, value);
}

static enum ddb_status take_surplus(struct ddb_http1 *h, struct ddb_slice *in) {
  h->surplus += in->n;
  h->keep_alive = false;
  in->n = 0;
  return DDB_OK;
}

static enum ddb_status advance(struct ddb_http1 *h, struct ddb_slice *in, struct ddb_error *e) {
  if (h->done) return take_surplus(h, in);
  switch (h->step) {
  case DDB_HTTP1_LENGTH_BODY:
  case DDB_HTTP1_CLOSE_BODY:
  case DDB_HTTP1_CHUNK_DATA:
    return read_body(h, in, e);
  case DDB_HTTP1_CHUNK_CR:
  case DDB_HTTP1_CHUNK_LF:
    return chunk_end(h, in, e);
  default:
    return read_line(h, in, e);
  }
}

static enum ddb_status failed_before(const struct ddb_http1 *h, struct ddb_error *e) {
  return ddb_fail(e, h->failure, "response has failed before");
}

enum ddb_status ddb_http1_feed(struct ddb_http1 *h, const char *p, size_t n, struct ddb_error *e) {
  struct ddb_slice in = ddb_slice(p, n);
  if (h->failure) return failed_before(h, e);
  while (!h->failure && in.n > 0) {
    h->started = true;
    h->failure = advance(h, &in, e);
  }
  if (h->failure) h->done = h->keep_alive = false;
  return h->failure;
}

char *ddb_http1_room(struct ddb_http1 *h, size_t *n) {
  if (h->failure || h->done || h->step != DDB_HTTP1_LENGTH_BODY) return NULL;
  struct ddb_buf *b = &h->body;
  if (b->cap == b->len && !ddb_buf_reserve(b, smaller(h->left, TRUSTED_LENGTH))) {
    b->status = DDB_OK; /* feeding the bytes tells it */
    return NULL;
  }
  *n = smaller(b->cap - b->len, h->left + 1);
  return b->p + b->len;
}

void ddb_http1_received(struct ddb_http1 *h, size_t n) {
  size_t own = smaller(n, h->left);
  h->body.len += own;
  h->left -= own;
  h->done = h->left == 0;
  h->surplus += n - own;
  if (n > own) h->keep_alive = false;
}

static enum ddb_status cut_short(const struct ddb_http1 *h, struct ddb_error *e) {
  if (!h->started)
    return ddb_fail(e, DDB_INVALID, "connection closed before the first byte of the response");
  if (h->step < DDB_HTTP1_LENGTH_BODY)
    return ddb_fail(e, DDB_INVALID, "connection closed inside the response head");
  if (h->step == DDB_HTTP1_LENGTH_BODY)
    return ddb_fail(e, DDB_INVALID, "connection closed %zu bytes before the end of the response",
                    h->left);
  return ddb_fail(e, DDB_INVALID, "connection closed inside a chunked response");
}

enum ddb_status ddb_http1_end(struct ddb_http1 *h, struct ddb_error *e) {
  h->keep_alive = false;
  if (h->failure) return failed_before(h, e);
  if (h->step == DDB_HTTP1_CLOSE_BODY) h->done = true;
  if (!h->done) h->failure = cut_short(h, e);
  return h->failure;
}
