#include "sigv4.h"

#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TERMINATOR "aws4_request"
#define DAY_DIGITS 8u            /* of the date: "20150830" */
#define LAST_SECOND 253402300799 /* 9999-12-31T23:59:59Z */

/* A ceiling that no head within the limits reaches. */
#define MAX_LINES (DDB_SIGV4_MAX_HEADERS + (size_t)10)
#define MAX_AUTHORIZATION (DDB_SIGV4_MAX_SECRET + MAX_LINES * (DDB_SIGV4_MAX_NAME + 4))

void ddb_sigv4_init(struct ddb_sigv4 *s) {
  memset(s, 0, sizeof *s);
  ddb_buf_init_secret(&s->authorization, MAX_AUTHORIZATION);
  ddb_buf_init(&s->region, DDB_SIGV4_MAX_NAME);
  ddb_buf_init(&s->service, DDB_SIGV4_MAX_NAME);
  ddb_buf_init_secret(&s->key_id, DDB_SIGV4_MAX_SECRET);
  ddb_buf_init_secret(&s->secret, DDB_SIGV4_MAX_SECRET + 4);
  ddb_buf_init_secret(&s->session, DDB_SIGV4_MAX_TOKEN);
  ddb_sigv4_kind_init(&s->single);
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
  ddb_sigv4_kind_free(&s->single);
  ddb_crypto_free(&s->crypto);
  ddb_hmac_free(&s->hmac);
  ddb_digest_free(&s->start);
  ddb_sigv4_init(s);
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
  const struct ddb_sigv4_field fields[] = {{"region", region, DDB_SIGV4_MAX_NAME, true},
                                           {"service", service, DDB_SIGV4_MAX_NAME, true}};
  struct ddb_buf fresh[2] = {{0}, {0}};
  enum ddb_status st = ddb_sigv4_check(fields, 2, e);
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
  const struct ddb_sigv4_field fields[] = {{"key id", key_id, DDB_SIGV4_MAX_SECRET, true},
                                           {"secret", secret, DDB_SIGV4_MAX_SECRET, true},
                                           {"token", token, DDB_SIGV4_MAX_TOKEN, false}};
  struct ddb_buf fresh[3] = {{0}, {0}, {0}};
  enum ddb_status st = ddb_sigv4_check(fields, 3, e);
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
    s->credentials++;
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
  s->start.ready = false;
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
  s->derived = s->start.ready = false;
  enum ddb_status st = ddb_hmac_set_key(&s->hmac, &s->crypto, s->secret.p, s->secret.len);
  if (!st) st = chain(s, s->date, DAY_DIGITS);
  if (!st) st = chain(s, s->region.p, s->region.len);
  if (!st) st = chain(s, s->service.p, s->service.len);
  if (!st) st = chain(s, TERMINATOR, sizeof TERMINATOR - 1);
  s->derived = !st;
  s->day = day;
  return st;
}

/* -- the string to sign ---------------------------------------------------------------------- */

/* "20150830/us-east-1/iam/aws4_request" */
static void add_scope(struct ddb_buf *b, const struct ddb_sigv4 *s) {
  ddb_buf_add(b, s->date, DAY_DIGITS);
  ddb_buf_add_char(b, '/');
  ddb_buf_add(b, s->region.p, s->region.len);
  ddb_buf_add_char(b, '/');
  ddb_buf_add(b, s->service.p, s->service.len);
  ddb_buf_add_text(b, "/" TERMINATOR);
}

/* Lets 'start' absorb the string to sign up to the digest of the canonical request. */
static enum ddb_status absorb_start(struct ddb_sigv4 *s) {
  struct ddb_buf *b = &s->authorization; /* free until the signature is there */
  if (s->start.ready) return DDB_OK;
  ddb_buf_add_text(b, ALGORITHM "\n");
  ddb_buf_add(b, s->date, DDB_SIGV4_DATE);
  ddb_buf_add_char(b, '\n');
  add_scope(b, s);
  ddb_buf_add_char(b, '\n');
  enum ddb_status st = b->status;
  if (!st) st = ddb_hmac_absorb(&s->start, &s->hmac, &s->crypto, b->p, b->len);
  b->len = 0;
  return st;
}

static enum ddb_status add_authorization(struct ddb_sigv4 *s, struct ddb_slice names,
                                         const char signature[DDB_SHA256_HEX]) {
  struct ddb_buf *b = &s->authorization;
  ddb_buf_add_text(b, ALGORITHM " Credential=");
  ddb_buf_add(b, s->key_id.p, s->key_id.len);
  ddb_buf_add_char(b, '/');
  add_scope(b, s);
  ddb_buf_add_text(b, ", SignedHeaders=");
  ddb_buf_add(b, names.p, names.n);
  ddb_buf_add_text(b, ", Signature=");
  ddb_buf_add(b, signature, DDB_SHA256_HEX);
  return b->status;
}

/* Signs input that was checked: memory and OpenSSL may still fail. */
static enum ddb_status sign(struct ddb_sigv4 *s, struct ddb_sigv4_kind *k, struct ddb_slice body) {
  unsigned char digest[DDB_SHA256_SIZE];
  char hex[DDB_SHA256_HEX];
  enum ddb_status st = derive(s);
  if (!st) st = absorb_start(s);
  if (!st) st = ddb_sigv4_kind_digest(k, &s->crypto, s->second, s->date, body, digest);
  if (st) return st;
  ddb_hex(digest, sizeof digest, hex);
  st = ddb_hmac_finish(&s->start, &s->hmac, &s->crypto, hex, sizeof hex, digest);
  if (st) return st;
  ddb_hex(digest, sizeof digest, hex);
  return add_authorization(s, ddb_sigv4_kind_names(k), hex);
}

static enum ddb_status check_ready(struct ddb_sigv4 *s, struct ddb_error *e) {
  ddb_buf_clear(&s->authorization, s->authorization.cap);
  if (s->region.len == 0) return ddb_fail(e, DDB_INVALID, "no region and service to sign for");
  if (s->secret.len == 0) return ddb_fail(e, DDB_INVALID, "no credentials to sign with");
  return DDB_OK;
}

enum ddb_status ddb_sigv4_prepare(struct ddb_sigv4 *s, struct ddb_sigv4_kind *k,
                                  const struct ddb_sigv4_request *r, struct ddb_error *e) {
  enum ddb_status st = check_ready(s, e);
  if (!st) st = ddb_sigv4_kind_prepare(k, r, s->token, e);
  k->credentials = s->credentials;
  return st;
}

bool ddb_sigv4_is_prepared(const struct ddb_sigv4 *s, const struct ddb_sigv4_kind *k) {
  return k->names_length > 0 && k->credentials == s->credentials && s->secret.len > 0;
}

enum ddb_status ddb_sigv4_sign_kind(struct ddb_sigv4 *s, struct ddb_sigv4_kind *k,
                                    struct ddb_slice body, int64_t unix_seconds,
                                    struct ddb_error *e) {
  enum ddb_status st = check_ready(s, e);
  if (!st) st = set_time(s, unix_seconds, e);
  if (st) return st;
  st = sign(s, k, body);
  if (st) s->authorization.len = 0;
  return st ? ddb_fail(e, st, "signing: %s", ddb_status_text(st)) : DDB_OK;
}

enum ddb_status ddb_sigv4_sign(struct ddb_sigv4 *s, const struct ddb_sigv4_request *r,
                               int64_t unix_seconds, struct ddb_error *e) {
  enum ddb_status st = ddb_sigv4_prepare(s, &s->single, r, e);
  return st ? st : ddb_sigv4_sign_kind(s, &s->single, r->body, unix_seconds, e);
}
