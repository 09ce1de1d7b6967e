#include "sigv4_kind.h"

#include "sigv4_canonical.h"

#include <string.h>

#define DATE "x-amz-date"
#define TOKEN "x-amz-security-token"
#define NO_DATE "00000000T000000Z" /* in place of the time, until it is known */
#define FIXED_PARTS 64u            /* a limit for separators */

/* A ceiling that no head within the limits reaches: ten parts besides the headers suffice. */
#define MAX_LINES (DDB_SIGV4_MAX_HEADERS + (size_t)10)
#define MAX_TEXT (MAX_LINES * (DDB_SIGV4_MAX_VALUE + 4 * DDB_SIGV4_MAX_NAME))

void ddb_sigv4_kind_init(struct ddb_sigv4_kind *k) {
  memset(k, 0, sizeof *k);
  ddb_buf_init_secret(&k->text, MAX_TEXT);
}

void ddb_sigv4_kind_free(struct ddb_sigv4_kind *k) {
  ddb_buf_free(&k->text);
  ddb_digest_free(&k->absorbed);
  ddb_sigv4_kind_init(k);
}

/* -- checking what comes in ------------------------------------------------------------------ */

/*
 * CR, LF and NUL would let a value end its header, or the head, and start another one. One
 * comparison passes almost every byte: all three are small.
 */
static bool breaks_lines(struct ddb_slice text) {
  for (size_t i = 0; i < text.n; i++) {
    char c = text.p[i];
    if ((unsigned char)c <= '\r' && (c == '\r' || c == '\n' || c == '\0')) return true;
  }
  return false;
}

static enum ddb_status check_field(const struct ddb_sigv4_field *f, struct ddb_error *e) {
  if (f->required && f->value.n == 0) return ddb_fail(e, DDB_INVALID, "%s is empty", f->name);
  if (f->value.n > f->max)
    return ddb_fail(e, DDB_TOOBIG, "%s is longer than %zu bytes", f->name, f->max);
  if (breaks_lines(f->value)) return ddb_fail(e, DDB_INVALID, "%s holds CR, LF or NUL", f->name);
  return DDB_OK;
}

enum ddb_status ddb_sigv4_check(const struct ddb_sigv4_field *f, size_t n, struct ddb_error *e) {
  enum ddb_status st = DDB_OK;
  for (size_t i = 0; !st && i < n; i++) st = check_field(&f[i], e);
  return st;
}

static enum ddb_status check_header(const struct ddb_header *h, size_t position,
                                    struct ddb_error *e) {
  struct ddb_slice name = h->name;
  if (name.n == 0 || name.n > DDB_SIGV4_MAX_NAME || breaks_lines(name))
    return ddb_fail(e, DDB_INVALID,
                    "header %zu: its name is empty, longer than %u bytes, or holds CR, LF or NUL",
                    position, DDB_SIGV4_MAX_NAME);
  if (h->value.n > DDB_SIGV4_MAX_VALUE)
    return ddb_fail(e, DDB_TOOBIG, "header '%.*s' is longer than %u bytes", (int)name.n, name.p,
                    DDB_SIGV4_MAX_VALUE);
  if (breaks_lines(h->value))
    return ddb_fail(e, DDB_INVALID, "header '%.*s' holds CR, LF or NUL", (int)name.n, name.p);
  return DDB_OK;
}

static enum ddb_status check_request(const struct ddb_sigv4_request *r, struct ddb_error *e) {
  const struct ddb_sigv4_field fields[] = {{"method", r->method, DDB_SIGV4_MAX_NAME, true},
                                           {"path", r->path, DDB_SIGV4_MAX_VALUE, true},
                                           {"query", r->query, DDB_SIGV4_MAX_VALUE, false}};
  enum ddb_status st = ddb_sigv4_check(fields, 3, e);
  if (!st && r->header_count > DDB_SIGV4_MAX_HEADERS)
    st = ddb_fail(e, DDB_TOOBIG, "more than %u headers", DDB_SIGV4_MAX_HEADERS);
  for (size_t i = 0; !st && i < r->header_count; i++) st = check_header(&r->headers[i], i + 1, e);
  return st;
}

/* -- the headers to sign --------------------------------------------------------------------- */

/* AWS requires these; proxies may add or change the others. */
static bool is_signed(struct ddb_slice name) {
  if (name.n >= 6 && ddb_canonical_is(ddb_slice(name.p, 6), "x-amz-")) return true;
  return ddb_canonical_is(name, "host") || ddb_canonical_is(name, "content-type");
}

static enum ddb_status collect(const struct ddb_sigv4_request *r, struct ddb_canonical *c,
                               struct ddb_error *e) {
  bool host = false;
  enum ddb_status st = DDB_OK;
  for (size_t i = 0; !st && i < r->header_count; i++) {
    struct ddb_slice name = r->headers[i].name;
    if (ddb_canonical_is(name, DATE) || ddb_canonical_is(name, TOKEN))
      return ddb_fail(e, DDB_INVALID, "header '%.*s' is the signer's to add", (int)name.n, name.p);
    if (i + r->signed_count >= r->header_count || is_signed(name))
      st = ddb_canonical_insert(c, &r->headers[i]);
    host = host || ddb_canonical_is(name, "host");
  }
  return host ? st : ddb_fail(e, DDB_INVALID, "header 'host' is missing");
}

/* -- the canonical request ------------------------------------------------------------------- */

static void add_line(struct ddb_buf *b, struct ddb_slice text) {
  ddb_buf_add(b, text.p, text.n);
  ddb_buf_add_char(b, '\n');
}

/*
 * Returns the position of the time in the header fields, which begin at 'fields': after the first
 * line that begins with its name. A value cannot begin a line.
 */
static size_t find_date(const struct ddb_buf *b, size_t fields) {
  static const char start[] = "\n" DATE ":";
  const char *line = memmem(b->p + fields - 1, b->len - fields + 1, start, sizeof start - 1);
  return (size_t)(line - b->p) + sizeof start - 1;
}

/* Reserves everything at once, which saves growing and cleansing. */
static enum ddb_status add_request(struct ddb_sigv4_kind *k, const struct ddb_sigv4_request *r,
                                   const struct ddb_canonical *c) {
  struct ddb_buf *b = &k->text;
  size_t need = r->method.n + r->path.n + r->query.n + c->bytes + FIXED_PARTS;
  if (b->cap < need) ddb_buf_free(b);
  ddb_buf_clear(b, b->cap);
  (void)ddb_buf_reserve(b, need);
  add_line(b, r->method);
  add_line(b, r->path);
  add_line(b, r->query);
  size_t fields = b->len;
  ddb_canonical_fields(c, b);
  ddb_buf_add_char(b, '\n');
  k->names = b->len;
  ddb_canonical_names(c, b);
  size_t end = b->len;
  ddb_buf_add_char(b, '\n');
  if (b->status) return b->status;
  k->date = find_date(b, fields);
  k->names_length = end - k->names;
  return DDB_OK;
}

enum ddb_status ddb_sigv4_kind_prepare(struct ddb_sigv4_kind *k, const struct ddb_sigv4_request *r,
                                       struct ddb_slice token, struct ddb_error *e) {
  const struct ddb_header date = {ddb_text(DATE), ddb_text(NO_DATE)};
  const struct ddb_header session = {ddb_text(TOKEN), token};
  struct ddb_canonical c;
  k->names_length = 0;
  k->absorbed.ready = false;
  enum ddb_status st = check_request(r, e);
  ddb_canonical_init(&c);
  if (!st) st = collect(r, &c, e);
  if (st) return st;
  st = ddb_canonical_insert(&c, &date);
  if (!st && token.n > 0) st = ddb_canonical_insert(&c, &session);
  if (!st) st = add_request(k, r, &c);
  return st ? ddb_fail(e, st, "signing: %s", ddb_status_text(st)) : DDB_OK;
}

enum ddb_status ddb_sigv4_kind_digest(struct ddb_sigv4_kind *k, struct ddb_crypto *c,
                                      int64_t second, const char *date, struct ddb_slice body,
                                      unsigned char out[DDB_SHA256_SIZE]) {
  char hex[DDB_SHA256_HEX];
  enum ddb_status st = DDB_OK;
  if (!k->absorbed.ready || k->second != second) {
    memcpy(k->text.p + k->date, date, DDB_SIGV4_DATE);
    k->second = second;
    st = ddb_sha256_absorb(&k->absorbed, c, k->text.p, k->text.len);
  }
  if (!st) st = ddb_sha256(c, body.p, body.n, out);
  if (st) return st;
  ddb_hex(out, DDB_SHA256_SIZE, hex);
  return ddb_sha256_finish(&k->absorbed, c, hex, sizeof hex, out);
}
