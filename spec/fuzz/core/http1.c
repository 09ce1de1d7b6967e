/*
 * Target http1: an HTTP response gives the same result whole, byte by byte, and in pieces of random
 * length. The first byte of the input chooses limits and the end of the connection.
 */
#include "../fuzz.h"

#include "../../../csrc/core/http1.h"

#include <stdlib.h>

struct outcome {
  struct ddb_http1 http;
  enum ddb_status status;
  struct ddb_error error;
};

static uint32_t next_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 16;
}

/* Feeds a copy of the piece that ends where the memory ends, so that a read beyond it is found. */
static void feed(struct outcome *o, const char *p, size_t n) {
  char *copy = fuzz_allocate(n);
  if (n > 0) memcpy(copy, p, n);
  if (!o->status) o->status = ddb_http1_feed(&o->http, copy, n, &o->error);
  free(copy);
}

/* Feeds the text in pieces of 1 to 'most' bytes. */
static void run(struct outcome *o, uint8_t choice, struct ddb_slice text, size_t most) {
  const struct ddb_http1_limits wide = {65536, 100, 8, 1 << 20, false},
                                narrow = {64, 3, 1, 40, true};
  uint32_t state = (uint32_t)text.n + choice;
  memset(o, 0, sizeof *o);
  ddb_http1_init(&o->http, choice & 1 ? &narrow : &wide);
  for (size_t at = 0, n; at < text.n; at += n) {
    n = 1 + next_random(&state) % most;
    if (n > text.n - at || most > text.n) n = text.n - at;
    feed(o, text.p + at, n);
  }
  if (!o->status && choice & 2) o->status = ddb_http1_end(&o->http, &o->error);
}

static bool same_text(struct ddb_slice a, struct ddb_slice b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void compare_headers(const struct ddb_http1 *a, const struct ddb_http1 *b) {
  static const char *const names[] = {"content-length", "content-type", "x-amz-crc32", "date", "a"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct ddb_slice x = {NULL, 0}, y = {NULL, 0};
    bool found = ddb_http1_header(a, names[i], &x);
    fuzz_require(found == ddb_http1_header(b, names[i], &y), "header %s: only in one", names[i]);
    fuzz_require(same_text(x, y), "header %s: different values", names[i]);
  }
}

static void compare(const struct outcome *a, const struct outcome *b) {
  const struct ddb_http1 *x = &a->http, *y = &b->http;
  fuzz_require(a->status == b->status, "status %d and %d", (int)a->status, (int)b->status);
  fuzz_require(strcmp(a->error.text, b->error.text) == 0, "errors '%s' and '%s'", a->error.text,
               b->error.text);
  fuzz_require(x->done == y->done && x->started == y->started, "different ends");
  fuzz_require(x->keep_alive == y->keep_alive, "different keep_alive");
  if (a->status) return; /* the whole text fails before the piece with the error is copied */
  fuzz_require(x->status == y->status && x->step == y->step, "different states");
  fuzz_require(x->surplus == y->surplus, "surplus %zu and %zu", x->surplus, y->surplus);
  fuzz_require(same_text(ddb_slice(x->body.p, x->body.len), ddb_slice(y->body.p, y->body.len)),
               "different bodies");
  compare_headers(x, y);
}

/* A parser that was reset gives the same result as a new one. */
static void check_reset(struct outcome *whole, uint8_t choice, struct ddb_slice text) {
  struct outcome again;
  memset(&again, 0, sizeof again);
  run(&again, choice, ddb_slice(text.p, text.n / 2), SIZE_MAX);
  ddb_http1_reset(&again.http);
  again.status = DDB_OK;
  memset(&again.error, 0, sizeof again.error);
  if (text.n > 0) feed(&again, text.p, text.n);
  if (!again.status && choice & 2) again.status = ddb_http1_end(&again.http, &again.error);
  compare(whole, &again);
  ddb_http1_free(&again.http);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  struct outcome whole, pieces, bytes;
  struct ddb_slice text = ddb_slice((const char *)data + 1, size - 1);
  run(&whole, data[0], text, SIZE_MAX);
  run(&pieces, data[0], text, 40);
  run(&bytes, data[0], text, 1);
  compare(&whole, &pieces);
  compare(&whole, &bytes);
  check_reset(&whole, data[0], text);
  ddb_http1_free(&whole.http);
  ddb_http1_free(&pieces.http);
  ddb_http1_free(&bytes.http);
  return 0;
}
