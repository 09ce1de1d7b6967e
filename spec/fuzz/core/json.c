/*
 * Target json: a text is valid JSON for this parser exactly when it is for Python's json module
 * without its extensions, and both read the same values.
 */
#include "../fuzz.h"

#include "../../../csrc/core/json.h"

#include <stdio.h>

#define DEPTH (1 << 20) /* no limit here, since inputs are shorter */

static struct ddb_buf out, scratch, written, spare;

static enum ddb_status walk(struct ddb_json *j, struct ddb_error *e);

/* Writes the string again and reads it back. */
static void check_writer(struct ddb_slice s) {
  struct ddb_json j;
  struct ddb_slice again;
  struct ddb_error e;
  ddb_buf_clear(&written, SIZE_MAX);
  fuzz_require(ddb_json_write_string(&written, s.p, s.n, &e) == DDB_OK, "not written: %s", e.text);
  ddb_json_init(&j, written.p, written.len, &spare);
  fuzz_require(ddb_json_string(&j, &again, &e) == DDB_OK, "not read back: %s", e.text);
  fuzz_require(again.n == s.n && (s.n == 0 || memcmp(again.p, s.p, s.n) == 0), "another string");
  fuzz_require(ddb_json_end(&j, &e) == DDB_OK, "more than a string was written");
}

static void emit(char kind, struct ddb_slice text) {
  char head[32];
  int n = snprintf(head, sizeof head, "%c%zu:", kind, text.n);
  ddb_buf_add(&out, head, (size_t)n);
  if (text.n > 0) ddb_buf_add(&out, text.p, text.n);
}

static enum ddb_status walk_name(struct ddb_json *j, struct ddb_error *e) {
  struct ddb_slice name;
  enum ddb_status status = ddb_json_name(j, &name, e);
  if (!status) emit('s', name);
  return status;
}

static enum ddb_status walk_container(struct ddb_json *j, char open, char close,
                                      struct ddb_error *e) {
  enum ddb_status status = DDB_OK;
  bool more = true;
  fuzz_require(ddb_json_take(j, open), "the byte that was peeked at is not taken");
  ddb_buf_add_char(&out, open);
  for (bool first = true; !status && more; first = false) {
    status = ddb_json_next(j, first, close, &more, e);
    if (!status && more && close == '}') status = walk_name(j, e);
    if (!status && more) status = walk(j, e);
  }
  ddb_buf_add_char(&out, close);
  return status;
}

static enum ddb_status walk_scalar(struct ddb_json *j, int c, struct ddb_error *e) {
  struct ddb_slice s = {NULL, 0};
  enum ddb_status status = c == '"' ? ddb_json_string(j, &s, e) : ddb_json_number(j, &s, e);
  if (status) return status;
  emit(c == '"' ? 's' : 'n', s);
  if (c == '"') check_writer(s);
  return DDB_OK;
}

static enum ddb_status walk(struct ddb_json *j, struct ddb_error *e) {
  int c = ddb_json_peek(j);
  const char *literal = c == 't' ? "true" : c == 'f' ? "false" : c == 'n' ? "null" : NULL;
  if (c == '{') return walk_container(j, '{', '}', e);
  if (c == '[') return walk_container(j, '[', ']', e);
  if (!literal) return walk_scalar(j, c, e);
  ddb_buf_add_char(&out, (char)c);
  return ddb_json_literal(j, literal, e);
}

/* Skipping and walking accept the same texts and stop at the same byte. */
static enum ddb_status read_both(struct ddb_slice text, struct ddb_error *e) {
  struct ddb_json walker, skipper;
  ddb_json_init(&walker, text.p, text.n, &scratch);
  ddb_json_init(&skipper, text.p, text.n, &spare);
  enum ddb_status walked = walk(&walker, e);
  struct ddb_error skip_error = {""};
  enum ddb_status skipped = ddb_json_skip(&skipper, DEPTH, &skip_error);
  fuzz_require(walked == skipped, "walk: %s; skip: %s", e->text, skip_error.text);
  if (walked) fuzz_require(strcmp(e->text, skip_error.text) == 0, "other text: %s", e->text);
  fuzz_require(walker.p == skipper.p, "walk and skip end at different bytes");
  return walked ? walked : ddb_json_end(&walker, e);
}

/* Any bytes are written as a string that reads back, or refused because they are not UTF-8. */
static void write_any(struct ddb_slice text) {
  struct ddb_error e;
  ddb_buf_clear(&written, SIZE_MAX);
  if (ddb_json_write_string(&written, text.p, text.n, &e) == DDB_OK) check_writer(text);
  fuzz_require(!written.status, "out of memory");
}

int LLVMFuzzerInitialize(const int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  struct ddb_buf *all[] = {&out, &scratch, &written, &spare};
  for (size_t i = 0; i < 4; i++) ddb_buf_init(all[i], SIZE_MAX / 8);
  oracle_start("json");
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct ddb_error e = {""};
  struct ddb_slice text = ddb_slice(size > 0 ? (const char *)data : NULL, size);
  ddb_buf_clear(&out, SIZE_MAX);
  if (read_both(text, &e)) {
    ddb_buf_clear(&out, SIZE_MAX);
    ddb_buf_add_text(&out, "invalid");
  }
  fuzz_require(!out.status, "out of memory");
  write_any(text);
  const struct ddb_slice fields[] = {ddb_slice(out.p, out.len)};
  oracle_ask(text, fields, 1);
  return 0;
}
