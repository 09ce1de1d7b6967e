#include "decimal_arith.h"

#include <string.h>

/*
 * Room for the digits of any intermediate result: a product has 76, and a quotient's digits are
 * computed until more than 38 of them are significant, after at most 38 zeros.
 */
#define WIDE 120

/*
 * Digits of an intermediate result x 10^exponent, the last one first, each 0..9. Those from 'count'
 * up are zero.
 */
struct wide {
  unsigned char digits[WIDE];
  int count;
  int exponent;
};

static void wide_clear(struct wide *w, int count, int exponent) {
  memset(w, 0, sizeof *w);
  w->count = count;
  w->exponent = exponent;
}

static int digit(const struct ddb_decimal *d, int place) {
  int i = d->exponent + d->count - 1 - place; /* of the digit that counts 10^place */
  return i >= 0 && i < d->count ? d->digits[i] - '0' : 0;
}

/* Converts to a decimal when the digits suffice. The range is not checked. */
static enum ddb_status wide_trim(const struct wide *w, bool negative, struct ddb_decimal *out,
                                 struct ddb_error *e) {
  int low = 0, high = w->count;
  while (high > 0 && w->digits[high - 1] == 0) high--;
  while (low < high && w->digits[low] == 0) low++;
  if (high - low > DDB_DECIMAL_DIGITS)
    return ddb_fail(e, DDB_INVALID, "the exact result has more than %d significant digits",
                    DDB_DECIMAL_DIGITS);
  memset(out, 0, sizeof *out);
  out->count = (unsigned char)(high - low);
  out->negative = negative && high > low;
  out->exponent = (short)(w->exponent + low);
  for (int i = 0; i < high - low; i++) out->digits[i] = (char)('0' + w->digits[high - 1 - i]);
  return DDB_OK;
}

static enum ddb_status check_range(struct ddb_decimal *d, struct ddb_error *e) {
  return ddb_decimal_set_exponent(d, d->exponent, e);
}

/* Converts to a decimal when the digits suffice and the range allows. */
static enum ddb_status wide_finish(const struct wide *w, bool negative, struct ddb_decimal *out,
                                   struct ddb_error *e) {
  enum ddb_status status = wide_trim(w, negative, out, e);
  return status ? status : check_range(out, e);
}

/*
 * Adds the magnitudes, or subtracts the smaller one of 'b' from that of 'a'. Both are within the
 * digits of 'w', which has its place set.
 */
static void combine(struct wide *w, const struct ddb_decimal *a, const struct ddb_decimal *b,
                    bool subtract) {
  int carry = 0;
  for (int i = 0; i < w->count; i++) {
    int other = digit(b, w->exponent + i);
    int sum = digit(a, w->exponent + i) + (subtract ? -other : other) + carry;
    carry = sum < 0 ? -1 : sum / 10;
    w->digits[i] = (unsigned char)(sum - carry * 10);
  }
}

static struct ddb_decimal magnitude_of(const struct ddb_decimal *d) {
  struct ddb_decimal positive = *d;
  positive.negative = false;
  return positive;
}

struct ddb_decimal ddb_decimal_negate(const struct ddb_decimal *d) {
  struct ddb_decimal negated = *d;
  negated.negative = d->count && !d->negative;
  return negated;
}

enum ddb_status ddb_decimal_add(struct ddb_decimal *out, const struct ddb_decimal *a,
                                const struct ddb_decimal *b, struct ddb_error *e) {
  struct ddb_decimal x = magnitude_of(a), y = magnitude_of(b);
  bool subtract = a->negative != b->negative, negative = a->negative;
  struct wide w;
  if (b->count == 0 || a->count == 0) {
    *out = b->count ? *b : *a;
    return DDB_OK;
  }
  if (subtract && ddb_decimal_compare(&x, &y) < 0) {
    struct ddb_decimal larger = y;
    y = x;
    x = larger;
    negative = b->negative;
  }
  int low = x.exponent < y.exponent ? x.exponent : y.exponent;
  int x_end = x.exponent + x.count, y_end = y.exponent + y.count;
  int count = (x_end > y_end ? x_end : y_end) - low + 1;
  /*
   * The lowest digit is not zero where so many are needed, since only one operand has it; and a
   * difference of operands so far apart loses one digit at most.
   */
  if (count > DDB_DECIMAL_DIGITS + 2) count = WIDE;
  wide_clear(&w, count, low);
  if (count == WIDE)
    w.digits[0] = w.digits[WIDE - 1] = 1; /* stands for a result that is too long */
  else
    combine(&w, &x, &y, subtract);
  return wide_finish(&w, negative, out, e);
}

enum ddb_status ddb_decimal_subtract(struct ddb_decimal *out, const struct ddb_decimal *a,
                                     const struct ddb_decimal *b, struct ddb_error *e) {
  struct ddb_decimal negated = ddb_decimal_negate(b);
  return ddb_decimal_add(out, a, &negated, e);
}

enum ddb_status ddb_decimal_multiply(struct ddb_decimal *out, const struct ddb_decimal *a,
                                     const struct ddb_decimal *b, struct ddb_error *e) {
  struct wide w;
  wide_clear(&w, a->count + b->count, a->exponent + b->exponent);
  for (int i = 0; i < a->count; i++) {
    int carry = 0;
    for (int k = 0; k < b->count; k++) {
      int sum = w.digits[i + k] + carry + digit(a, a->exponent + i) * digit(b, b->exponent + k);
      w.digits[i + k] = (unsigned char)(sum % 10);
      carry = sum / 10;
    }
    w.digits[i + b->count] = (unsigned char)carry;
  }
  return wide_finish(&w, a->negative != b->negative, out, e);
}

/*
 * The remainder of a long division: a whole number below the divisor's digits, the last digit
 * first, with room for one digit more.
 */
struct remainder {
  unsigned char digits[DDB_DECIMAL_DIGITS + 1];
};

static bool is_zero(const struct remainder *r) {
  for (int i = 0; i <= DDB_DECIMAL_DIGITS; i++) {
    if (r->digits[i]) return false;
  }
  return true;
}

/* Returns the digit of the whole number that a decimal's digits are, its last one at 0. */
static int whole_digit(const struct ddb_decimal *d, int i) {
  return digit(d, d->exponent + i);
}

static bool is_below(const struct remainder *r, const struct ddb_decimal *divisor) {
  for (int i = DDB_DECIMAL_DIGITS; i >= 0; i--) {
    int difference = r->digits[i] - whole_digit(divisor, i);
    if (difference) return difference < 0;
  }
  return false;
}

static void subtract_once(struct remainder *r, const struct ddb_decimal *divisor) {
  int borrow = 0;
  for (int i = 0; i <= DDB_DECIMAL_DIGITS; i++) {
    int left = r->digits[i] - whole_digit(divisor, i) - borrow;
    borrow = left < 0;
    r->digits[i] = (unsigned char)(left + borrow * 10);
  }
}

/* One step of long division: appends a digit to the remainder and returns the quotient's digit. */
static int divide_step(struct remainder *r, int next, const struct ddb_decimal *divisor) {
  int quotient = 0;
  memmove(r->digits + 1, r->digits, DDB_DECIMAL_DIGITS);
  r->digits[0] = (unsigned char)next;
  for (; !is_below(r, divisor); quotient++) subtract_once(r, divisor);
  return quotient;
}

static enum ddb_status check_divisor(const struct ddb_decimal *b, struct ddb_error *e) {
  return b->count ? DDB_OK : ddb_fail(e, DDB_INVALID, "division by zero");
}

enum ddb_status ddb_decimal_divide(struct ddb_decimal *out, const struct ddb_decimal *a,
                                   const struct ddb_decimal *b, struct ddb_error *e) {
  unsigned char quotient[WIDE]; /* the first digit first */
  struct remainder r = {{0}};
  struct wide w;
  int n = 0, zeros = 0;
  enum ddb_status status = check_divisor(b, e);
  if (status) return status;
  while (n < a->count || (!is_zero(&r) && n - zeros < DDB_DECIMAL_DIGITS)) {
    quotient[n] = (unsigned char)divide_step(&r, n < a->count ? a->digits[n] - '0' : 0, b);
    if (zeros == n && quotient[n] == 0) zeros++;
    n++;
  }
  if (!is_zero(&r))
    return ddb_fail(e, DDB_INVALID, "the quotient is not exact within %d significant digits",
                    DDB_DECIMAL_DIGITS);
  wide_clear(&w, n, a->exponent - b->exponent + a->count - n);
  for (int i = 0; i < n; i++) w.digits[i] = quotient[n - 1 - i];
  return wide_finish(&w, a->negative != b->negative, out, e);
}

/*
 * Computes the remainder of the magnitudes, both not zero and |a| >= |b|. It may be closer to zero
 * than the range allows.
 */
static enum ddb_status remainder_of(struct ddb_decimal *out, const struct ddb_decimal *a,
                                    const struct ddb_decimal *b, struct ddb_error *e) {
  struct ddb_decimal divisor = *b;
  struct remainder r = {{0}};
  struct wide w;
  /* The common exponent; where it is that of 'a', the divisor's digits end above it. */
  int exponent = a->exponent < b->exponent ? a->exponent : b->exponent;
  int end = a->exponent + a->count;
  while (divisor.exponent > exponent) { /* fits: |b| <= |a|, whose digits begin at 'exponent' */
    divisor.digits[divisor.count++] = '0';
    divisor.exponent--;
  }
  for (int place = end - 1; place >= exponent; place--)
    (void)divide_step(&r, digit(a, place), &divisor);
  wide_clear(&w, DDB_DECIMAL_DIGITS + 1, exponent);
  memcpy(w.digits, r.digits, sizeof r.digits);
  return wide_trim(&w, false, out, e);
}

enum ddb_status ddb_decimal_modulo(struct ddb_decimal *out, const struct ddb_decimal *a,
                                   const struct ddb_decimal *b, struct ddb_error *e) {
  struct ddb_decimal x = magnitude_of(a), y = magnitude_of(b), left = x;
  bool differ = a->negative != b->negative;
  enum ddb_status status = check_divisor(b, e);
  if (!status && ddb_decimal_compare(&x, &y) >= 0) status = remainder_of(&left, &x, &y, e);
  if (status) return status;
  if (a->negative) left = ddb_decimal_negate(&left);
  if (differ && left.count) return ddb_decimal_add(out, &left, b, e);
  *out = left;
  return check_range(out, e);
}
