#include "sigv4.h"

#include "sigv4_canonical.h"

#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TERMINATOR "aws4_request"
#define DATE "x-amz-date"
#define TOKEN "x-amz-security-token"
#define DAY_DIGITS 8u            /* of the date: "20150830" */
#define LAST_SECOND 253402300799 /* 9999-12-31T23:59:59Z */
#define FIXED_PARTS 512u         /* a limit for digests, date, scope and separators */

/* Ceilings that no head within the limits reaches: ten parts besides the headers suffice. */
#define MAX_LINES (DDB_SIGV4_MAX_HEADERS + (size_t)10)
#define MAX_SCRATCH (MAX_LINES * (DDB_SIGV4_MAX_VALUE + 4 * DDB_SIGV4_MAX_NAME))
#define MAX_AUTHORIZATION (DDB_SIGV4_MAX_SECRET + MAX_LINES * (DDB_SIGV4_MAX_NAME + 4))

/* A named input, so that one function checks them all. */
struct field {
  const char *name;
  struct ddb_slice value;
  size_t max;
  bool required;
};

void ddb_sigv4_init(struct ddb_sigv4 *s) {
  memset(s, 0, sizeof *s);
  ddb_buf_init_secret(&s->authorization, MAX_AUTHORIZATION);
  ddb_buf_init(&s->region, DDB_SIGV4_MAX_NAME);
  ddb_buf_init(&s->service, DDB_SIGV4_MAX_NAME);
  ddb_buf_init_secret(&s->key_id, DDB_SIGV4_MAX_SECRET);
  ddb_buf_init_secret(&s->secret, DDB_SIGV4_MAX_SECRET + 4);
  ddb_buf_init_secret(&s->session, DDB_SIGV4_MAX_TOKEN);
  ddb_buf_init_secret(&s->scratch, MAX_SCRATCH);
  ddb_crypto_init(&s->crypto);
  ddb_hmac_init(&s->hmac);
}

void ddb_sigv4_free(struct ddb_sigv4 *s) {
  ddb_buf_free(&s->authorization);
  ddb_buf_free(&s->region);
  ddb_buf_free(&s->service);
  ddb_buf_free(&s->key_id);
  ddb_buf_free(&s->secret);
  ddb_buf_free(&s->session);
  ddb_buf_free(&s->scratch);
  ddb_crypto_free(&s->crypto);
  ddb_hmac_free(&s->hmac);
  ddb_sigv4_init(s);
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

static enum ddb_status check_field(const struct field *f, struct ddb_error *e) {
  if (f->required && f->value.n == 0) return ddb_fail(e, DDB_INVALID, "%s is empty", f->name);
  if (f->value.n > f->max)
    return ddb_fail(e, DDB_TOOBIG, "%s is longer than %zu bytes", f->name, f->max);
  if (breaks_lines(f->value)) return ddb_fail(e, DDB_INVALID, "%s holds CR, LF or NUL", f->name);
  return DDB_OK;
}

static enum ddb_status check_fields(const struct field *f, size_t n, struct ddb_error *e) {
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
  const struct field fields[] = {{"method", r->method, DDB_SIGV4_MAX_NAME, true},
                                 {"path", r->path, DDB_SIGV4_MAX_VALUE, true},
                                 {"query", r->query, DDB_SIGV4_MAX_VALUE, false}};
  enum ddb_status st = check_fields(fields, 3, e);
  if (!st && r->header_count > DDB_SIGV4_MAX_HEADERS)
    st = ddb_fail(e, DDB_TOOBIG, "more than %u headers", DDB_SIGV4_MAX_HEADERS);
  for (size_t i = 0; !st && i < r->header_count; i++) st = check_header(&r->headers[i], i + 1, e);
  return st;
}

/* -- scope and credentials ------------------------------------------------------------------- */

static bool holds(const struct ddb_buf *b, const char *prefix, struct ddb_slice value) {
  size_t n = strlen(prefix);
  return b->len == n + value.n && memcmp(b->p, prefix, n) == 0 &&
         memcmp(b->p + n, value.p, value.n) == 0;
}

/* Fills a new buffer. */
static enum ddb_status copy(struct ddb_buf *b, size_t max, const char *prefix,
                            struct ddb_slice value) {
  ddb_buf_init_secret(b, max);
  ddb_buf_add_text(b, prefix);
  ddb_buf_add(b, value.p, value.n);
  return b->status;
}

/* Moves 'fresh' into 'kept' and frees the old bytes. */
static void replace(struct ddb_buf *kept, struct ddb_buf *fresh) {
  ddb_buf_free(kept);
  *kept = *fresh;
  ddb_buf_init(fresh, 0);
}

enum ddb_status ddb_sigv4_scope(struct ddb_sigv4 *s, struct ddb_slice region,
                                struct ddb_slice service, struct ddb_error *e) {
  const struct field fields[] = {{"region", region, DDB_SIGV4_MAX_NAME, true},
                                 {"service", service, DDB_SIGV4_MAX_NAME, true}};
  struct ddb_buf fresh[2] = {{0}, {0}};
  enum ddb_status st = check_fields(fields, 2, e);
  if (st) return st;
  if (holds(&s->region, "", region) && holds(&s->service, "", service)) return DDB_OK;
  st = copy(&fresh[0], s->region.max, "", region);
  if (!st) st = copy(&fresh[1], s->service.max, "", service);
  if (!st) {
    replace(&s->region, &fresh[0]);
    replace(&s->service, &fresh[1]);
    s->derived = false;
  } else {
    (void)ddb_fail(e, st, "scope: %s", ddb_status_text(st));
  }
  ddb_buf_free(&fresh[0]);
  ddb_buf_free(&fresh[1]);
  return st;
}

enum ddb_status ddb_sigv4_credentials(struct ddb_sigv4 *s, struct ddb_slice key_id,
                                      struct ddb_slice secret, struct ddb_slice token,
                                      struct ddb_error *e) {
  const struct field fields[] = {{"key id", key_id, DDB_SIGV4_MAX_SECRET, true},
                                 {"secret", secret, DDB_SIGV4_MAX_SECRET, true},
                                 {"token", token, DDB_SIGV4_MAX_TOKEN, false}};
  struct ddb_buf fresh[3] = {{0}, {0}, {0}};
  enum ddb_status st = check_fields(fields, 3, e);
  if (st) return st;
  st = copy(&fresh[0], s->key_id.max, "", key_id);
  if (!st) st = copy(&fresh[1], s->secret.max, "AWS4", secret);
  if (!st) st = copy(&fresh[2], s->session.max, "", token);
  if (!st) {
    s->derived = s->derived && holds(&s->secret, "AWS4", secret);
    if (!s->derived) ddb_hmac_free(&s->hmac); /* the signing key of the old secret */
    replace(&s->key_id, &fresh[0]);
    replace(&s->secret, &fresh[1]);
    replace(&s->session, &fresh[2]);
    s->token = ddb_slice(s->session.p, s->session.len);
  } else {
    (void)ddb_fail(e, st, "credentials: %s", ddb_status_text(st));
  }
  for (size_t i = 0; i < 3; i++) ddb_buf_free(&fresh[i]);
  return st;
}

/* -- the time -------------------------------------------------------------------------------- */

static void put_digits(char *p, unsigned value, size_t digits) {
  for (size_t i = digits; i-- > 0; value /= 10) p[i] = (char)('0' + value % 10);
}

/*
 * Converts a day number to year, month, day. Counted from 1 March of year 0, a leap day is the last
 * day of its year and of its four centuries, so that plain division suffices; 719468 days lie
 * between that March and 1970. Months from March on begin on day (153 m + 2) / 5 of the year.
 */
static void put_day(char *p, int64_t day) {
  unsigned since = (unsigned)(day + 719468);
  unsigned era = since / 146097, of_era = since % 146097; /* 400 years */
  unsigned of_year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  unsigned year = era * 400 + of_year;
  unsigned rest = of_era - (365 * of_year + of_year / 4 - of_year / 100);
  unsigned march = (5 * rest + 2) / 153;
  unsigned month = march < 10 ? march + 3 : march - 9;
  put_digits(p, year + (month <= 2), 4);
  put_digits(p + 4, month, 2);
  put_digits(p + 6, rest - (153 * march + 2) / 5 + 1, 2);
}

static enum ddb_status set_time(struct ddb_sigv4 *s, int64_t seconds, struct ddb_error *e) {
  if (seconds < 0 || seconds > LAST_SECOND)
    return ddb_fail(e, DDB_INVALID, "time: outside of the years 1970 to 9999");
  if (s->date[0] && s->second == seconds) return DDB_OK;
  unsigned clock = (unsigned)(seconds % 86400);
  put_day(s->date, seconds / 86400);
  s->date[8] = 'T';
  put_digits(s->date + 9, clock / 3600, 2);
  put_digits(s->date + 11, clock / 60 % 60, 2);
  put_digits(s->date + 13, clock % 60, 2);
  s->date[15] = 'Z';
  s->second = seconds;
  return DDB_OK;
}

/* -- the signing key ------------------------------------------------------------------------- */

/* Replaces the key by the MAC of 'text' under it. */
static enum ddb_status chain(struct ddb_sigv4 *s, const char *text, size_t n) {
  unsigned char key[DDB_SHA256_SIZE];
  enum ddb_status st = ddb_hmac_sha256(&s->hmac, &s->crypto, text, n, key);
  if (!st) st = ddb_hmac_set_key(&s->hmac, &s->crypto, key, sizeof key);
  ddb_crypto_cleanse(key, sizeof key);
  return st;
}

/* Derives the signing key, which is valid for one day, unless it is there. */
static enum ddb_status derive(struct ddb_sigv4 *s) {
  int64_t day = s->second / 86400;
  if (s->derived && s->day == day) return DDB_OK;
  s->derived = false;
  enum ddb_status st = ddb_hmac_set_key(&s->hmac, &s->crypto, s->secret.p, s->secret.len);
  if (!st) st = chain(s, s->date, DAY_DIGITS);
  if (!st) st = chain(s, s->region.p, s->region.len);
  if (!st) st = chain(s, s->service.p, s->service.len);
  if (!st) st = chain(s, TERMINATOR, sizeof TERMINATOR - 1);
  s->derived = !st;
  s->day = day;
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
    if (is_signed(name)) st = ddb_canonical_insert(c, &r->headers[i]);
    host = host || ddb_canonical_is(name, "host");
  }
  return host ? st : ddb_fail(e, DDB_INVALID, "header 'host' is missing");
}

/* -- the canonical request and the string to sign -------------------------------------------- */

static void add_line(struct ddb_buf *b, struct ddb_slice text) {
  ddb_buf_add(b, text.p, text.n);
  ddb_buf_add_char(b, '\n');
}

static void add_hex(struct ddb_buf *b, const unsigned char digest[DDB_SHA256_SIZE]) {
  if (!ddb_buf_reserve(b, DDB_SHA256_HEX)) return;
  ddb_hex(digest, DDB_SHA256_SIZE, b->p + b->len);
  b->len += DDB_SHA256_HEX;
}

/* "20150830/us-east-1/iam/aws4_request" */
static void add_scope(struct ddb_buf *b, const struct ddb_sigv4 *s) {
  ddb_buf_add(b, s->date, DAY_DIGITS);
  ddb_buf_add_char(b, '/');
  ddb_buf_add(b, s->region.p, s->region.len);
  ddb_buf_add_char(b, '/');
  ddb_buf_add(b, s->service.p, s->service.len);
  ddb_buf_add_text(b, "/" TERMINATOR);
}

/* Reserves everything at once, which saves growing. */
static void make_room(struct ddb_sigv4 *s, const struct ddb_sigv4_request *r,
                      const struct ddb_canonical *c) {
  size_t need = r->method.n + r->path.n + r->query.n + c->bytes + FIXED_PARTS;
  need += s->region.len + s->service.len;
  if (s->scratch.cap < need) ddb_buf_free(&s->scratch);
  ddb_buf_clear(&s->scratch, s->scratch.cap);
  (void)ddb_buf_reserve(&s->scratch, need);
}

/*
 * Fills the scratch buffer with the canonical request; '*names' is the position of SignedHeaders in
 * it.
 */
static enum ddb_status add_request(struct ddb_sigv4 *s, const struct ddb_sigv4_request *r,
                                   const struct ddb_canonical *c, struct ddb_slice *names) {
  struct ddb_buf *b = &s->scratch;
  unsigned char digest[DDB_SHA256_SIZE];
  enum ddb_status st = ddb_sha256(&s->crypto, r->body.p, r->body.n, digest);
  if (st) return st;
  make_room(s, r, c);
  add_line(b, r->method);
  add_line(b, r->path);
  add_line(b, r->query);
  ddb_canonical_fields(c, b);
  ddb_buf_add_char(b, '\n');
  size_t at = b->len;
  ddb_canonical_names(c, b);
  size_t end = b->len;
  ddb_buf_add_char(b, '\n');
  add_hex(b, digest);
  if (!b->status) *names = ddb_slice(b->p + at, end - at);
  return b->status;
}

/* Appends the string to sign after the canonical request, and signs it. */
static enum ddb_status sign_scratch(struct ddb_sigv4 *s, unsigned char signature[DDB_SHA256_SIZE]) {
  struct ddb_buf *b = &s->scratch;
  size_t at = b->len;
  enum ddb_status st = ddb_sha256(&s->crypto, b->p, b->len, signature);
  if (st) return st;
  ddb_buf_add_text(b, ALGORITHM "\n");
  ddb_buf_add(b, s->date, DDB_SIGV4_DATE);
  ddb_buf_add_char(b, '\n');
  add_scope(b, s);
  ddb_buf_add_char(b, '\n');
  add_hex(b, signature);
  if (b->status) return b->status;
  return ddb_hmac_sha256(&s->hmac, &s->crypto, b->p + at, b->len - at, signature);
}

static enum ddb_status add_authorization(struct ddb_sigv4 *s, struct ddb_slice names,
                                         const unsigned char signature[DDB_SHA256_SIZE]) {
  struct ddb_buf *b = &s->authorization;
  ddb_buf_add_text(b, ALGORITHM " Credential=");
  ddb_buf_add(b, s->key_id.p, s->key_id.len);
  ddb_buf_add_char(b, '/');
  add_scope(b, s);
  ddb_buf_add_text(b, ", SignedHeaders=");
  ddb_buf_add(b, names.p, names.n);
  ddb_buf_add_text(b, ", Signature=");
  add_hex(b, signature);
  return b->status;
}

/* Signs input that was checked: memory and OpenSSL may still fail. */
static enum ddb_status sign_headers(struct ddb_sigv4 *s, const struct ddb_sigv4_request *r,
                                    struct ddb_canonical *c) {
  const struct ddb_header date = {ddb_text(DATE), ddb_slice(s->date, DDB_SIGV4_DATE)};
  const struct ddb_header token = {ddb_text(TOKEN), s->token};
  unsigned char signature[DDB_SHA256_SIZE];
  struct ddb_slice names = {NULL, 0};
  enum ddb_status st = ddb_canonical_insert(c, &date);
  if (!st && token.value.n > 0) st = ddb_canonical_insert(c, &token);
  if (!st) st = derive(s);
  if (!st) st = add_request(s, r, c, &names);
  if (!st) st = sign_scratch(s, signature);
  if (!st) st = add_authorization(s, names, signature);
  if (st) s->authorization.len = 0;
  return st;
}

enum ddb_status ddb_sigv4_sign(struct ddb_sigv4 *s, const struct ddb_sigv4_request *r,
                               int64_t unix_seconds, struct ddb_error *e) {
  struct ddb_canonical c;
  ddb_canonical_init(&c);
  ddb_buf_clear(&s->authorization, s->authorization.cap);
  if (s->region.len == 0) return ddb_fail(e, DDB_INVALID, "no region and service to sign for");
  if (s->secret.len == 0) return ddb_fail(e, DDB_INVALID, "no credentials to sign with");
  enum ddb_status st = set_time(s, unix_seconds, e);
  if (!st) st = check_request(r, e);
  if (!st) st = collect(r, &c, e);
  if (st) return st;
  st = sign_headers(s, r, &c);
  return st ? ddb_fail(e, st, "signing: %s", ddb_status_text(st)) : DDB_OK;
}
