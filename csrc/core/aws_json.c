#include "aws_json.h"

#include "http1.h"

#include <string.h>

#define CONTENT_TYPE "application/x-amz-json-1.0"
#define METHOD "POST"
#define KEPT_REQUEST ((size_t)64 * 1024) /* bytes of 'out' that stay allocated */
#define MAX_TEXTS ((size_t)64 * 1024)    /* of the headers of all requests */
#define MAX_HEAD ((size_t)256 * 1024)    /* of the parts of a head that do not change */
#define MAX_KEY (3 * (size_t)DDB_SIGV4_MAX_VALUE)
#define ROOM_OF_HEAD 512u /* for the headers of one attempt, without a token */
#define DIGITS 12u        /* of an invocation's number */

void ddb_aws_json_init(struct ddb_aws_json *a) {
  memset(a, 0, sizeof *a);
  ddb_buf_init_secret(&a->texts, MAX_TEXTS);
  for (size_t i = 0; i <= DDB_AWS_JSON_KINDS; i++) {
    struct ddb_aws_json_kind *k = &a->kinds[i];
    ddb_buf_init(&k->key, MAX_KEY);
    ddb_buf_init_secret(&k->head, MAX_HEAD); /* a header that the caller adds may be a secret */
    ddb_sigv4_kind_init(&k->signing);
  }
}

static void forget_kinds(struct ddb_aws_json *a) {
  for (size_t i = 0; i <= DDB_AWS_JSON_KINDS; i++) {
    struct ddb_aws_json_kind *k = &a->kinds[i];
    ddb_buf_free(&k->key);
    ddb_buf_free(&k->head);
    ddb_sigv4_kind_free(&k->signing);
  }
}

void ddb_aws_json_free(struct ddb_aws_json *a) {
  forget_kinds(a);
  ddb_buf_free(&a->texts);
  ddb_aws_json_init(a);
}

/* -- headers of all requests ----------------------------------------------------------------- */

/* Copies the texts into a new buffer. */
static enum ddb_status copy_texts(struct ddb_buf *b, const struct ddb_header *headers, size_t n) {
  ddb_buf_init_secret(b, MAX_TEXTS);
  for (size_t i = 0; i < n; i++) {
    ddb_buf_add(b, headers[i].name.p, headers[i].name.n);
    ddb_buf_add(b, headers[i].value.p, headers[i].value.n);
  }
  return b->status;
}

enum ddb_status ddb_aws_json_headers(struct ddb_aws_json *a, const char *invocation,
                                     const struct ddb_header *headers, size_t n, size_t extra,
                                     struct ddb_error *e) {
  struct ddb_buf texts;
  if (extra > DDB_AWS_JSON_EXTRA)
    return ddb_fail(e, DDB_TOOBIG, "more than %u extra headers", DDB_AWS_JSON_EXTRA);
  if (n - extra > DDB_AWS_JSON_HEADERS)
    return ddb_fail(e, DDB_TOOBIG, "more than %u headers", DDB_AWS_JSON_HEADERS);
  enum ddb_status st = copy_texts(&texts, headers, n);
  if (st) {
    ddb_buf_free(&texts);
    return ddb_fail(e, st, "headers: %s", ddb_status_text(st));
  }
  forget_kinds(a);
  ddb_buf_free(&a->texts);
  a->texts = texts;
  const char *p = texts.p;
  for (size_t i = 0; i < n; i++) {
    a->headers[i].name = ddb_slice(p, headers[i].name.n);
    p += headers[i].name.n;
    a->headers[i].value = ddb_slice(p, headers[i].value.n);
    p += headers[i].value.n;
  }
  a->header_count = n;
  a->extra_count = extra;
  memcpy(a->invocation, invocation, DDB_AWS_JSON_INVOCATION);
  return DDB_OK;
}

/* -- kinds ----------------------------------------------------------------------------------- */

static bool is_of_kind(const struct ddb_aws_json_kind *k, const struct ddb_aws_json_attempt *t) {
  size_t host = t->host.n, path = t->path.n;
  if (k->key.len != host + path + t->target.n || k->host_length != host || k->path_length != path)
    return false;
  return memcmp(k->key.p, t->host.p, host) == 0 && memcmp(k->key.p + host, t->path.p, path) == 0 &&
         memcmp(k->key.p + host + path, t->target.p, t->target.n) == 0;
}

/*
 * Returns the kind of an attempt, or one that does not match any and is to be prepared. Attempts
 * with headers of their own share one, which is prepared for each of them.
 */
static struct ddb_aws_json_kind *find(struct ddb_aws_json *a,
                                      const struct ddb_aws_json_attempt *t) {
  if (t->extra) return &a->kinds[DDB_AWS_JSON_KINDS];
  for (size_t i = 0; i < DDB_AWS_JSON_KINDS; i++) {
    if (is_of_kind(&a->kinds[i], t)) return &a->kinds[i];
  }
  struct ddb_aws_json_kind *k = &a->kinds[a->next];
  a->next = (a->next + 1) % DDB_AWS_JSON_KINDS;
  return k;
}

static void add_slice(struct ddb_buf *b, struct ddb_slice s) {
  ddb_buf_add(b, s.p, s.n);
}

/* Adds the headers of all requests, and those of an attempt; returns how many of them are signed.
 */
static size_t add_headers(const struct ddb_aws_json *a, const struct ddb_aws_json_attempt *t,
                          struct ddb_header *list, size_t *n) {
  size_t own = t->extra ? a->header_count - a->extra_count : a->header_count;
  memcpy(list + *n, a->headers, own * sizeof *list);
  *n += own;
  if (!t->extra) return a->extra_count;
  memcpy(list + *n, t->extra, t->extra_count * sizeof *list);
  *n += t->extra_count;
  return t->extra_count;
}

/* Prepares a kind: its signature, and the head of its requests. */
static enum ddb_status prepare(const struct ddb_aws_json *a, struct ddb_sigv4 *s,
                               struct ddb_aws_json_kind *k, const struct ddb_aws_json_attempt *t,
                               struct ddb_error *e) {
  size_t n = 3;
  struct ddb_header list[3 + DDB_AWS_JSON_HEADERS + DDB_AWS_JSON_EXTRA] = {
      {ddb_text("host"), t->host},
      {ddb_text("content-type"), ddb_text(CONTENT_TYPE)},
      {ddb_text("x-amz-target"), t->target}};
  if (t->extra_count > DDB_AWS_JSON_EXTRA)
    return ddb_fail(e, DDB_TOOBIG, "more than %u extra headers", DDB_AWS_JSON_EXTRA);
  const size_t extra = add_headers(a, t, list, &n);
  const struct ddb_sigv4_request r = {ddb_text(METHOD), t->path, {NULL, 0}, list, n,
                                      {NULL, 0},        extra};
  ddb_buf_clear(&k->key, MAX_KEY);
  ddb_buf_clear(&k->head, MAX_HEAD);
  enum ddb_status st = ddb_sigv4_prepare(s, &k->signing, &r, e);
  if (!st) st = ddb_http1_start(&k->head, r.method, t->path, list, r.header_count, e);
  if (st) return st;
  add_slice(&k->key, t->host);
  add_slice(&k->key, t->path);
  add_slice(&k->key, t->target);
  k->host_length = t->host.n;
  k->path_length = t->path.n;
  st = k->key.status;
  if (st) k->key.len = 0;
  return st ? ddb_fail(e, st, "request: %s", ddb_status_text(st)) : DDB_OK;
}

/* -- one attempt ----------------------------------------------------------------------------- */

/* Writes the digits of a number, which has at least 'least'. */
static void add_digits(struct ddb_buf *b, uint64_t value, size_t least) {
  char digits[20];
  size_t at = sizeof digits;
  for (; at > 0 && (value > 0 || sizeof digits - at < least); value /= 10)
    digits[--at] = (char)('0' + value % 10);
  ddb_buf_add(b, digits + at, sizeof digits - at);
}

static void add_line(struct ddb_buf *b, const char *start, struct ddb_slice value) {
  ddb_buf_add_text(b, start);
  add_slice(b, value);
}

/* Adds the headers that differ between attempts. */
static enum ddb_status add_attempt(const struct ddb_aws_json *a, const struct ddb_sigv4 *s,
                                   const struct ddb_aws_json_attempt *t, struct ddb_buf *out,
                                   struct ddb_error *e) {
  const struct ddb_sigv4_field trace = {"trace", t->trace, DDB_SIGV4_MAX_VALUE, false};
  enum ddb_status st = ddb_sigv4_check(&trace, 1, e);
  if (st) return st;
  add_line(out, "amz-sdk-invocation-id: ", ddb_slice(a->invocation, sizeof a->invocation));
  add_digits(out, t->invocation, DIGITS);
  ddb_buf_add_text(out, "\r\namz-sdk-request: attempt=");
  add_digits(out, t->attempt, 1);
  ddb_buf_add_text(out, "; max=");
  add_digits(out, t->max_attempts, 1);
  if (t->trace.n > 0) add_line(out, "\r\nx-amzn-trace-id: ", t->trace);
  add_line(out, "\r\nx-amz-date: ", ddb_slice(s->date, DDB_SIGV4_DATE));
  add_line(out, "\r\nauthorization: ", ddb_slice(s->authorization.p, s->authorization.len));
  if (s->token.n > 0) add_line(out, "\r\nx-amz-security-token: ", s->token);
  ddb_buf_add(out, "\r\n", 2);
  return DDB_OK;
}

enum ddb_status ddb_aws_json_write(struct ddb_aws_json *a, struct ddb_sigv4 *s,
                                   const struct ddb_aws_json_attempt *t, struct ddb_buf *out,
                                   struct ddb_error *e) {
  struct ddb_aws_json_kind *k = find(a, t);
  enum ddb_status st = DDB_OK;
  ddb_buf_clear(out, KEPT_REQUEST);
  if (t->extra || !is_of_kind(k, t) || !ddb_sigv4_is_prepared(s, &k->signing))
    st = prepare(a, s, k, t, e);
  if (!st) st = ddb_sigv4_sign_kind(s, &k->signing, t->body, t->time, e);
  if (st) return st;
  (void)ddb_buf_reserve(out, k->head.len + s->authorization.len + s->token.n + t->trace.n +
                                 t->body.n + ROOM_OF_HEAD);
  ddb_buf_add(out, k->head.p, k->head.len);
  st = add_attempt(a, s, t, out, e);
  if (!st) st = ddb_http1_body(out, t->body, e);
  if (st) out->len = 0;
  return st;
}
