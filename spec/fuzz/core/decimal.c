/*
 * Target decimal: two number texts, separated by a blank, are parsed, written, compared and
 * calculated with, and the first eight bytes are taken for a double, all with Python's results.
 * After a "#" each byte stands for a character of numbers, so that most inputs are numbers.
 */
#include "../fuzz.h"

#include "../../../csrc/core/buf.h"
#include "../../../csrc/core/decimal_arith.h"

#include <inttypes.h>
#include <stdio.h>

typedef enum ddb_status operation(struct ddb_decimal *out, const struct ddb_decimal *a,
                                  const struct ddb_decimal *b, struct ddb_error *e);

static struct ddb_buf out, spelt;

/* Names the reason of a refusal as oracle.py does. */
static const char *reason(const struct ddb_error *e) {
  static const char *const reasons[][2] = {{"not a number", "form"}, {"more than", "digits"},
                                           {"not exact", "digits"},  {"beyond", "range"},
                                           {"closer", "range"},      {"by zero", "zero"},
                                           {"NaN", "special"},       {"infinity", "special"}};
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
    if (strstr(e->text, reasons[i][0])) return reasons[i][1];
  }
  return e->text;
}

/* Adds a line: the number's text, or why there is none. Checks that the text reads back. */
static void add(enum ddb_status status, const struct ddb_decimal *d, const struct ddb_error *e) {
  char text[DDB_DECIMAL_TEXT];
  struct ddb_decimal again;
  struct ddb_error ignored;
  if (!status) {
    size_t n = ddb_decimal_text(d, text);
    fuzz_require(n == strlen(text), "length %zu of '%s'", n, text);
    fuzz_require(!ddb_decimal_parse(&again, text, n, &ignored), "not read back: '%s'", text);
    fuzz_require(ddb_decimal_compare(&again, d) == 0, "read back as another: '%s'", text);
  }
  ddb_buf_add_text(&out, status ? reason(e) : text);
  ddb_buf_add_char(&out, '\n');
}

static void add_results(const struct ddb_decimal *a, const struct ddb_decimal *b) {
  static operation *const operations[] = {ddb_decimal_add, ddb_decimal_subtract,
                                          ddb_decimal_multiply, ddb_decimal_divide,
                                          ddb_decimal_modulo};
  for (size_t i = 0; i < 5; i++) {
    struct ddb_decimal result, in_place = *a;
    struct ddb_error e;
    enum ddb_status status = operations[i](&result, a, b, &e);
    add(status, &result, &e);
    fuzz_require(operations[i](&in_place, &in_place, b, &e) == status, "in place: another status");
    if (!status) fuzz_require(ddb_decimal_compare(&result, &in_place) == 0, "in place: another");
  }
  int order = ddb_decimal_compare(a, b);
  fuzz_require(((order < 0) - (order > 0)) ==
                   ((ddb_decimal_compare(b, a) > 0) - (ddb_decimal_compare(b, a) < 0)),
               "the order depends on the direction");
  ddb_buf_add_text(&out, order < 0 ? "<\n" : order > 0 ? ">\n" : "=\n");
}

/* Adds the bits of the nearest double, the integer if it is one, and the form in Lua. */
static void add_conversions(const struct ddb_decimal *d, struct ddb_slice text) {
  static const char *const kinds[] = {"integer", "float", "decimal"};
  double real = ddb_decimal_to_double(d);
  struct ddb_number number;
  struct ddb_error e;
  uint64_t bits;
  int64_t whole = 0;
  char line[128];
  memcpy(&bits, &real, sizeof bits);
  bool is_whole = ddb_decimal_to_integer(d, &whole);
  fuzz_require(!ddb_number_read(&number, text.p, text.n, INT64_MIN, INT64_MAX, &e), "%s", e.text);
  fuzz_require((number.kind == DDB_NUMBER_INTEGER) == is_whole, "two opinions of an integer");
  fuzz_require(!is_whole || number.integer == whole, "two integers");
  (void)snprintf(line, sizeof line, "%016" PRIx64 "\n%" PRId64 "\n%s\n", bits, whole,
                 kinds[number.kind]);
  ddb_buf_add_text(&out, line);
}

/* Adds the shortest text of the double that the first eight bytes are. */
static void add_double(const uint8_t *data, size_t size) {
  struct ddb_decimal d;
  struct ddb_error e;
  double real = 0;
  memcpy(&real, data, size < sizeof real ? size : sizeof real);
  enum ddb_status status = ddb_decimal_from_double(&d, real, &e);
  add(status, &d, &e);
  if (!status) fuzz_require(ddb_decimal_to_double(&d) == real, "the double does not come back");
}

int LLVMFuzzerInitialize(const int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  ddb_buf_init(&out, SIZE_MAX / 8);
  ddb_buf_init(&spelt, SIZE_MAX / 8);
  oracle_start("decimal");
  return 0;
}

/* Returns the input, or the text that it stands for, which holds until the next call. */
static struct ddb_slice spell(const uint8_t *data, size_t size) {
  static const char characters[] = "0123456789012345678901599000.-e ";
  if (size == 0) return ddb_slice(NULL, 0);
  if (data[0] != '#') return ddb_slice((const char *)data, size);
  ddb_buf_clear(&spelt, SIZE_MAX);
  for (size_t i = 1; i < size; i++) ddb_buf_add_char(&spelt, characters[data[i] % 32]);
  return ddb_slice(spelt.p, spelt.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct ddb_decimal a, b;
  struct ddb_error ea, eb;
  struct ddb_slice text = spell(data, size);
  const char *p = text.p;
  const char *blank = text.n > 0 ? memchr(p, ' ', text.n) : NULL;
  struct ddb_slice one = ddb_slice(p, blank ? (size_t)(blank - p) : text.n);
  struct ddb_slice two = blank ? ddb_slice(blank + 1, text.n - one.n - 1) : ddb_slice(NULL, 0);
  ddb_buf_clear(&out, SIZE_MAX);
  enum ddb_status sa = ddb_decimal_parse(&a, one.p, one.n, &ea);
  enum ddb_status sb = ddb_decimal_parse(&b, two.p, two.n, &eb);
  add(sa, &a, &ea);
  add(sb, &b, &eb);
  add_double(data, size);
  if (!sa) add_conversions(&a, one);
  if (!sa && !sb) add_results(&a, &b);
  const struct ddb_slice fields[] = {one, two, ddb_slice(out.p, out.len)};
  oracle_ask(ddb_slice((const char *)data, size), fields, 3);
  return 0;
}
