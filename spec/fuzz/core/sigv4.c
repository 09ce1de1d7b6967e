/*
 * Target sigv4: lines of the input become a request; its signature is that of a plain
 * implementation in Python, and its bytes contain no more lines than it has headers.
 */
#include "../fuzz.h"

#include "../../../csrc/core/http1.h"
#include "../../../csrc/core/sigv4.h"
#include "../../../csrc/core/sigv4_canonical.h"

#include <stdlib.h>

#define HEADERS 40 /* more than the signer takes */
#define FIXED 9    /* lines before those of the headers */

/* Key id, secret, token, region, service, time, method, path and query, each on its own line. */
struct lines {
  struct ddb_slice list[FIXED];
  struct ddb_header headers[HEADERS];
  size_t count;
  struct ddb_slice body;
};

static struct ddb_sigv4 signer; /* is used again, so that what it keeps is tested as well */
static struct ddb_buf fields_text, names_text;

static struct ddb_slice take_line(struct ddb_slice *rest) {
  const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
  struct ddb_slice line = ddb_slice(rest->p, end ? (size_t)(end - rest->p) : rest->n);
  size_t taken = line.n + (end ? 1 : 0);
  *rest = ddb_slice(rest->p + taken, rest->n - taken);
  return line;
}

static void split(struct lines *l, struct ddb_slice text) {
  memset(l, 0, sizeof *l);
  for (int i = 0; i < FIXED; i++) l->list[i] = take_line(&text);
  while (l->count < HEADERS && text.n > 0) {
    struct ddb_slice line = take_line(&text);
    if (line.n == 0) break;
    const char *colon = memchr(line.p, ':', line.n);
    size_t n = colon ? (size_t)(colon - line.p) : line.n;
    l->headers[l->count].name = ddb_slice(line.p, n);
    l->headers[l->count++].value =
        ddb_slice(line.p + n + (colon != NULL), line.n - n - (colon != NULL));
  }
  l->body = text;
}

static int64_t time_of(struct ddb_slice text) {
  uint64_t v = 0;
  for (size_t i = 0; i < text.n && i < 13; i++) v = v * 10 + (unsigned char)text.p[i] % 16 % 10;
  return text.n > 0 && text.p[0] == '-' ? -(int64_t)v : (int64_t)v;
}

static enum ddb_status sign(const struct lines *l, struct ddb_error *e) {
  const struct ddb_slice *f = l->list;
  const struct ddb_sigv4_request request = {f[6], f[7], f[8], l->headers, l->count, l->body, 0};
  enum ddb_status status = ddb_sigv4_credentials(&signer, f[0], f[1], f[2], e);
  if (!status) status = ddb_sigv4_scope(&signer, f[3], f[4], e);
  if (!status) status = ddb_sigv4_sign(&signer, &request, time_of(f[5]), e);
  fuzz_require(status || signer.authorization.len > 0, "no signature");
  return status;
}

/* Writes the canonical form of all headers, signed ones or not, as far as it takes so many. */
static void write_canonical(const struct lines *l) {
  struct ddb_canonical c;
  ddb_canonical_init(&c);
  for (size_t i = 0; i < l->count && i < DDB_CANONICAL_MAX; i++)
    fuzz_require(ddb_canonical_insert(&c, &l->headers[i]) == DDB_OK, "not inserted");
  fuzz_require(l->count <= DDB_CANONICAL_MAX ||
                   ddb_canonical_insert(&c, &l->headers[0]) == DDB_TOOBIG,
               "one too many is inserted");
  ddb_buf_clear(&fields_text, SIZE_MAX);
  ddb_buf_clear(&names_text, SIZE_MAX);
  ddb_canonical_fields(&c, &fields_text);
  ddb_canonical_names(&c, &names_text);
  fuzz_require(fields_text.len <= c.bytes + 1 && names_text.len <= c.bytes,
               "longer than announced");
}

/* A request that is written has exactly its own lines before the body. */
static void check_request(const struct lines *l) {
  struct ddb_buf out;
  struct ddb_error e;
  size_t ends = 0;
  ddb_buf_init(&out, SIZE_MAX / 8);
  enum ddb_status status =
      ddb_http1_request(&out, l->list[6], l->list[7], l->headers, l->count, l->body, &e);
  fuzz_require(!status || out.len == 0, "half a request");
  for (size_t i = 0; !status && i < out.len - l->body.n; i++) {
    bool cr = i > 0 && out.p[i - 1] == '\r';
    fuzz_require(cr == (out.p[i] == '\n'), "a CR or LF alone");
    fuzz_require(out.p[i] != '\0', "a NUL in the head");
    if (out.p[i] == '\n') ends++;
  }
  fuzz_require(status || ends == l->count + 3, "%zu lines for %zu headers", ends, l->count);
  ddb_buf_free(&out);
}

static void ask(struct ddb_slice input, const struct lines *l, enum ddb_status status) {
  struct ddb_slice fields[FIXED + 6 + 2 * HEADERS];
  struct ddb_slice none = {NULL, 0};
  size_t n = 0;
  fields[n++] = ddb_text(status ? "refused" : "signed");
  fields[n++] = status ? none : ddb_text(signer.date);
  fields[n++] = status ? none : ddb_slice(signer.authorization.p, signer.authorization.len);
  fields[n++] = ddb_slice(fields_text.p, fields_text.len);
  fields[n++] = ddb_slice(names_text.p, names_text.len);
  int64_t time = time_of(l->list[5]);
  for (int i = 0; i < FIXED; i++)
    fields[n++] = i == 5 ? ddb_slice((const char *)&time, sizeof time) : l->list[i];
  fields[n++] = l->body;
  for (size_t i = 0; i < l->count; i++) {
    fields[n++] = l->headers[i].name;
    fields[n++] = l->headers[i].value;
  }
  oracle_ask(input, fields, n);
}

static void free_all(void) {
  ddb_buf_free(&fields_text);
  ddb_buf_free(&names_text);
  ddb_sigv4_free(&signer);
}

int LLVMFuzzerInitialize(const int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  ddb_sigv4_init(&signer);
  ddb_buf_init(&fields_text, SIZE_MAX / 8);
  ddb_buf_init(&names_text, SIZE_MAX / 8);
  (void)atexit(free_all);
  oracle_start("sigv4");
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct ddb_slice input = ddb_slice((const char *)data, size);
  struct lines lines;
  struct ddb_error e;
  split(&lines, input);
  write_canonical(&lines);
  check_request(&lines);
  ask(input, &lines, sign(&lines, &e));
  return 0;
}
