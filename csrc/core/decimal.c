#include "decimal.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_POWER 22 /* 10^22 is the largest power of ten that a double holds exactly */
#define PLAIN_MIN (-7) /* numbers below it are written with an exponent */
#define PLAIN_MAX 37
#define SHORT_FRACTION 6 /* digits after the point that need no exponent */

static const double power_of_ten[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/*
 * A text that is being parsed. Zeros are held back until a later digit shows that they are not
 * trailing.
 */
struct reader {
  const char *p;
  const char *end;
  struct ddb_decimal *out;
  long zeros; /* zeros held back */
  long scale; /* digits after the point */
  bool seen;  /* any digit at all */
  bool overflow;
};

static void add_digit(struct reader *r, char c) {
  struct ddb_decimal *d = r->out;
  r->seen = true;
  if (c == '0') {
    if (d->count) r->zeros++;
    return;
  }
  if (r->zeros >= DDB_DECIMAL_DIGITS - d->count) {
    r->overflow = true;
    return;
  }
  memset(d->digits + d->count, '0', (size_t)r->zeros);
  d->count = (unsigned char)(d->count + r->zeros);
  d->digits[d->count++] = c;
  r->zeros = 0;
}

static long take_digits(struct reader *r) {
  const char *start = r->p;
  for (; r->p < r->end && is_digit(*r->p); r->p++) add_digit(r, *r->p);
  return (long)(r->p - start);
}

static bool take_exponent(struct reader *r, long *exponent) {
  bool negative = false;
  long value = 0;
  if (r->p < r->end && (*r->p == '+' || *r->p == '-')) negative = *r->p++ == '-';
  const char *start = r->p;
  for (; r->p < r->end && is_digit(*r->p); r->p++) {
    if (value < 1000000) value = value * 10 + (*r->p - '0');
  }
  *exponent = negative ? -value : value;
  return r->p > start;
}

/* Parses the form of a number; returns false for other texts. */
static bool take_number(struct reader *r, long *exponent) {
  if (r->p < r->end && (*r->p == '+' || *r->p == '-')) r->out->negative = *r->p++ == '-';
  (void)take_digits(r);
  if (r->p < r->end && *r->p == '.') {
    r->p++;
    r->scale = take_digits(r);
  }
  if (!r->seen) return false;
  if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
    r->p++;
    if (!take_exponent(r, exponent)) return false;
  }
  return r->p == r->end;
}

enum ddb_status ddb_decimal_set_exponent(struct ddb_decimal *d, long exponent,
                                         struct ddb_error *e) {
  long magnitude = exponent + d->count - 1;
  if (d->count == 0) {
    memset(d, 0, sizeof *d);
    return DDB_OK;
  }
  if (magnitude > DDB_DECIMAL_MAX_MAGNITUDE)
    return ddb_fail(e, DDB_INVALID, "number is beyond 9.9...E+125");
  if (magnitude < DDB_DECIMAL_MIN_MAGNITUDE)
    return ddb_fail(e, DDB_INVALID, "number is closer to zero than 1E-130");
  d->exponent = (short)exponent;
  return DDB_OK;
}

enum ddb_status ddb_decimal_parse(struct ddb_decimal *out, const char *p, size_t n,
                                  struct ddb_error *e) {
  if (n == 0) p = ""; /* nothing may be added to NULL, not even 0 */
  struct reader r = {p, p + n, out, 0, 0, false, false};
  long exponent = 0;
  memset(out, 0, sizeof *out);
  if (n > INT16_MAX || !take_number(&r, &exponent))
    return ddb_fail(e, DDB_INVALID, "not a number: '%.*s'", n > 60 ? 60 : (int)n, p);
  if (r.overflow)
    return ddb_fail(e, DDB_INVALID, "number has more than %d significant digits",
                    DDB_DECIMAL_DIGITS);
  return ddb_decimal_set_exponent(out, exponent - r.scale + r.zeros, e);
}

void ddb_decimal_from_integer(struct ddb_decimal *out, int64_t i) {
  uint64_t rest = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  char reversed[20];
  int n = 0;
  memset(out, 0, sizeof *out);
  while (rest && rest % 10 == 0) {
    rest /= 10;
    out->exponent++;
  }
  for (; rest; rest /= 10) reversed[n++] = (char)('0' + rest % 10);
  for (int k = 0; k < n; k++) out->digits[k] = reversed[n - 1 - k];
  out->count = (unsigned char)n;
  out->negative = i < 0;
}

/*
 * A double that is a decimal of up to 15 digits with a short fraction: m / 10^k is rounded once, so
 * if it equals 'd', the digits of m are the only ones of that length that do.
 */
static bool from_short_fraction(struct ddb_decimal *out, double d) {
  for (int k = 0; k <= EXACT_POWER; k++) {
    double m = d * power_of_ten[k];
    if (fabs(m) >= 1e15) return false;
    double whole = nearbyint(m);
    if (whole != 0 && whole / power_of_ten[k] == d) {
      ddb_decimal_from_integer(out, (int64_t)whole);
      out->exponent = (short)(out->exponent - k);
      return true;
    }
  }
  return false;
}

/*
 * Finds the decimal of that many digits that is nearest to 'd': its digits as an integer, and its
 * exponent.
 */
static int64_t nearest_decimal(double d, int digits, int *exponent) {
  char text[40];
  int64_t m = 0;
  (void)snprintf(text, sizeof text, "%.*e", digits - 1, fabs(d));
  const char *p = text;
  /* The locale's decimal point follows the first digit; it may be any bytes. */
  for (; *p != 'e'; p++) {
    if (is_digit(*p)) m = m * 10 + (*p - '0');
  }
  *exponent = (int)strtol(p + 1, NULL, 10) - (digits - 1);
  return d < 0 ? -m : m;
}

/* Returns true when m x 10^exponent reads back as 'd'. The range is not checked. */
static bool reads_back(struct ddb_decimal *out, int64_t m, int exponent, double d) {
  ddb_decimal_from_integer(out, m);
  out->exponent = (short)(out->exponent + exponent);
  return ddb_decimal_to_double(out) == d;
}

/*
 * Converts any double: the first of 15, 16, 17 digits that reads back as the same double. At a
 * power of two, where the doubles below are closer than those above, it may be a neighbour of the
 * nearest 16 digits.
 */
static enum ddb_status from_any_double(struct ddb_decimal *out, double d, struct ddb_error *e) {
  for (int digits = DBL_DIG; digits <= DBL_DIG + 2; digits++) {
    int exponent;
    int64_t m = nearest_decimal(d, digits, &exponent);
    if (reads_back(out, m, exponent, d)) break;
    if (digits == DBL_DIG + 1 &&
        (reads_back(out, m - 1, exponent, d) || reads_back(out, m + 1, exponent, d)))
      break;
  }
  return ddb_decimal_set_exponent(out, out->exponent, e);
}

enum ddb_status ddb_decimal_from_double(struct ddb_decimal *out, double d, struct ddb_error *e) {
  memset(out, 0, sizeof *out);
  if (isnan(d)) return ddb_fail(e, DDB_INVALID, "NaN is not a DynamoDB number");
  if (isinf(d)) return ddb_fail(e, DDB_INVALID, "infinity is not a DynamoDB number");
  if (d == 0 || from_short_fraction(out, d)) return DDB_OK;
  return from_any_double(out, d, e);
}

double ddb_decimal_to_double(const struct ddb_decimal *d) {
  if (d->count <= DBL_DIG && abs(d->exponent) <= EXACT_POWER) {
    double m = 0; /* both operands are exact, so the one operation rounds correctly */
    for (int i = 0; i < d->count; i++) m = m * 10 + (d->digits[i] - '0');
    double v = d->exponent < 0 ? m / power_of_ten[-d->exponent] : m * power_of_ten[d->exponent];
    return d->negative ? -v : v;
  }
  char text[DDB_DECIMAL_TEXT]; /* without a decimal point, so that the locale does not matter */
  (void)snprintf(text, sizeof text, "%s%.*se%d", d->negative ? "-" : "", (int)d->count, d->digits,
                 d->exponent);
  return strtod(text, NULL);
}

bool ddb_decimal_to_integer(const struct ddb_decimal *d, int64_t *out) {
  uint64_t limit = d->negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, v = 0;
  if (d->exponent < 0 || d->count + d->exponent > 19) return false;
  for (int i = 0; i < d->count + d->exponent; i++) {
    uint64_t digit = i < d->count ? (uint64_t)(d->digits[i] - '0') : 0;
    if (v > (limit - digit) / 10) return false;
    v = v * 10 + digit;
  }
  *out = d->negative ? (int64_t)(0 - v) : (int64_t)v;
  return true;
}

static int compare_magnitude(const struct ddb_decimal *a, const struct ddb_decimal *b) {
  int high = (a->exponent + a->count) - (b->exponent + b->count);
  int shared = a->count < b->count ? a->count : b->count;
  if (high) return high;
  int differ = memcmp(a->digits, b->digits, (size_t)shared);
  return differ ? differ : a->count - b->count;
}

static int sign(const struct ddb_decimal *d) {
  if (d->count == 0) return 0;
  return d->negative ? -1 : 1;
}

int ddb_decimal_compare(const struct ddb_decimal *a, const struct ddb_decimal *b) {
  int a_sign = sign(a), b_sign = sign(b);
  if (a_sign != b_sign) return a_sign - b_sign;
  return a_sign == 0 ? 0 : a_sign * compare_magnitude(a, b);
}

static char *put(char *out, const char *p, int n) {
  memcpy(out, p, (size_t)n);
  return out + n;
}

static char *put_zeros(char *out, int n) {
  memset(out, '0', (size_t)n);
  return out + n;
}

static char *put_plain(char *out, const struct ddb_decimal *d, int magnitude) {
  int whole = magnitude + 1; /* digits before the point */
  if (whole <= 0) {
    out = put(out, "0.", 2);
    out = put_zeros(out, -whole);
    return put(out, d->digits, d->count);
  }
  if (whole >= d->count) return put_zeros(put(out, d->digits, d->count), whole - d->count);
  out = put(out, d->digits, whole);
  *out++ = '.';
  return put(out, d->digits + whole, d->count - whole);
}

static char *put_scientific(char *out, const struct ddb_decimal *d, int magnitude) {
  *out++ = d->digits[0];
  if (d->count > 1) *out++ = '.';
  out = put(out, d->digits + 1, d->count - 1);
  out = put(out, magnitude < 0 ? "E-" : "E+", 2);
  char text[DDB_DECIMAL_TEXT];
  int n = (int)ddb_integer_text(abs(magnitude), text);
  return put(out, text, n);
}

size_t ddb_decimal_text(const struct ddb_decimal *d, char out[DDB_DECIMAL_TEXT]) {
  char *p = out;
  int magnitude = d->exponent + d->count - 1;
  if (d->count == 0) {
    p = put(p, "0", 1);
  } else {
    if (d->negative) *p++ = '-';
    p = magnitude >= PLAIN_MIN && magnitude <= PLAIN_MAX ? put_plain(p, d, magnitude)
                                                         : put_scientific(p, d, magnitude);
  }
  *p = '\0';
  return (size_t)(p - out);
}

/* Writes digits / 10^scale, all digits of the fraction included, and a NUL; returns the length. */
static size_t fixed_text(bool negative, uint64_t digits, int scale, char out[DDB_DECIMAL_TEXT]) {
  char text[24], *p = text + sizeof text;
  *--p = '\0';
  for (int left = scale; left > 0; left--, digits /= 10) *--p = (char)('0' + digits % 10);
  if (scale > 0) *--p = '.';
  do {
    *--p = (char)('0' + digits % 10);
    digits /= 10;
  } while (digits);
  if (negative) *--p = '-';
  size_t n = (size_t)(text + sizeof text - p);
  memcpy(out, p, n);
  return n - 1;
}

size_t ddb_integer_text(int64_t i, char out[DDB_DECIMAL_TEXT]) {
  return fixed_text(i < 0, i < 0 ? 0 - (uint64_t)i : (uint64_t)i, 0, out);
}

/*
 * Writes a double of up to 15 digits, SHORT_FRACTION of them after the point, as
 * from_short_fraction finds them. Returns 0 for others.
 */
static size_t short_fraction_text(double d, char out[DDB_DECIMAL_TEXT]) {
  double size = fabs(d);
  for (int scale = 0; scale <= SHORT_FRACTION; scale++) {
    double m = size * power_of_ten[scale];
    if (!(m < 1e15)) return 0;
    uint64_t whole = (uint64_t)(m + 0.5);
    if (whole != 0 && (double)whole / power_of_ten[scale] == size)
      return fixed_text(d < 0, whole, scale, out);
  }
  return 0;
}

enum ddb_status ddb_double_text(double d, char out[DDB_DECIMAL_TEXT], size_t *n,
                                struct ddb_error *e) {
  struct ddb_decimal decimal;
  *n = short_fraction_text(d, out);
  if (*n > 0) return DDB_OK;
  enum ddb_status status = ddb_decimal_from_double(&decimal, d, e);
  if (!status) *n = ddb_decimal_text(&decimal, out);
  return status;
}

/* Up to 18 plain digits without a leading zero need no further check. */
static bool read_short_integer(const char *p, size_t n, int64_t *out) {
  bool negative = n > 1 && *p == '-';
  int64_t v = 0;
  p += negative;
  n -= negative;
  if (n == 0 || n > 18 || (*p == '0' && n > 1)) return false;
  for (; n; n--, p++) {
    if (!is_digit(*p)) return false;
    v = v * 10 + (*p - '0');
  }
  *out = negative ? -v : v;
  return true;
}

/*
 * Reads up to 15 plain digits with a point between two of them: digits / 10^scale is rounded once,
 * so it is the nearest double, and its digits are the ones that were read.
 */
static bool read_short_fraction(struct ddb_number *out, const char *p, size_t n) {
  bool negative = n > 0 && *p == '-';
  const char *first = p + negative, *end = p + n, *point = NULL;
  int64_t digits = 0;
  if (end - first > DBL_DIG + 1) return false;
  for (p = first; p < end; p++) {
    if (is_digit(*p)) {
      digits = digits * 10 + (*p - '0');
    } else {
      if (*p != '.' || point) return false;
      point = p;
    }
  }
  if (!point || point == first || point == end - 1) return false;
  double value = (double)digits / power_of_ten[end - 1 - point];
  if (value == (double)(int64_t)value) return false; /* an integer */
  out->kind = DDB_NUMBER_FLOAT;
  out->real = negative ? -value : value;
  return true;
}

/* Returns true when the double 'd' would be written as this decimal again. */
static bool survives_as_double(const struct ddb_decimal *decimal, double d) {
  struct ddb_decimal again;
  struct ddb_error ignored; /* 'd' came from a number in range */
  if (decimal->count <= DBL_DIG) return true;
  if (decimal->count > DBL_DIG + 2 || ddb_decimal_from_double(&again, d, &ignored)) return false;
  return ddb_decimal_compare(decimal, &again) == 0;
}

enum ddb_status ddb_number_read(struct ddb_number *out, const char *p, size_t n, int64_t min,
                                int64_t max, struct ddb_error *e) {
  out->kind = DDB_NUMBER_INTEGER;
  if (read_short_integer(p, n, &out->integer) && out->integer >= min && out->integer <= max)
    return DDB_OK;
  if (read_short_fraction(out, p, n)) return DDB_OK;
  enum ddb_status status = ddb_decimal_parse(&out->decimal, p, n, e);
  if (status) return status;
  if (ddb_decimal_to_integer(&out->decimal, &out->integer) && out->integer >= min &&
      out->integer <= max)
    return DDB_OK;
  out->real = ddb_decimal_to_double(&out->decimal);
  bool survives = survives_as_double(&out->decimal, out->real);
  out->kind = survives ? DDB_NUMBER_FLOAT : DDB_NUMBER_DECIMAL;
  return DDB_OK;
}
