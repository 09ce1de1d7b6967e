/*
 * DynamoDB numbers: up to 38 significant digits, magnitude 1E-130 to 9.9...E+125, exact.
 * Source: "Supported data types and naming rules in Amazon DynamoDB", section Number.
 * Nothing here depends on the locale, allocates or keeps a pointer.
 */
#ifndef DDB_DECIMAL_H
#define DDB_DECIMAL_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DDB_DECIMAL_DIGITS 38
#define DDB_DECIMAL_MAX_MAGNITUDE 125    /* of the first digit, as a power of ten */
#define DDB_DECIMAL_MIN_MAGNITUDE (-130) /* likewise */
#define DDB_DECIMAL_TEXT 64              /* room for any canonical text and a NUL */

/* digits x 10^exponent; no leading and no trailing zero; zero has no digits and no sign. */
struct ddb_decimal {
  char digits[DDB_DECIMAL_DIGITS]; /* '0'..'9' */
  unsigned char count;
  bool negative;
  short exponent;
};

/* What a number becomes in Lua. */
enum ddb_number_kind { DDB_NUMBER_INTEGER, DDB_NUMBER_FLOAT, DDB_NUMBER_DECIMAL };

struct ddb_number {
  enum ddb_number_kind kind;
  int64_t integer;
  double real;
  struct ddb_decimal decimal; /* set for DDB_NUMBER_DECIMAL only */
};

/*
 * Reads [+-]digits.digits[e[+-]digits], digits on one side of the point at least. DDB_INVALID with
 * a text when it is no number, has more than 38 significant digits or is out of range.
 */
enum ddb_status ddb_decimal_parse(struct ddb_decimal *out, const char *p, size_t n,
                                  struct ddb_error *e) DDB_CHECKED;

/*
 * Sets the exponent of digits without leading and trailing zeros. DDB_INVALID when the number is
 * out of range. Without digits the number becomes zero.
 */
enum ddb_status ddb_decimal_set_exponent(struct ddb_decimal *d, long exponent,
                                         struct ddb_error *e) DDB_CHECKED;

/*
 * Finds the shortest decimal that reads back as 'd'. DDB_INVALID for NaN, infinity, out of range.
 */
enum ddb_status ddb_decimal_from_double(struct ddb_decimal *out, double d,
                                        struct ddb_error *e) DDB_CHECKED;
void ddb_decimal_from_integer(struct ddb_decimal *out, int64_t i);

/* Returns the nearest double. */
double ddb_decimal_to_double(const struct ddb_decimal *d);

/* Returns true, and the value, when the number is whole and fits. */
bool ddb_decimal_to_integer(const struct ddb_decimal *d, int64_t *out);

/* Returns a number below, equal to or above zero as 'a' is below, equal to or above 'b'. */
int ddb_decimal_compare(const struct ddb_decimal *a, const struct ddb_decimal *b);

/*
 * Writes the canonical text (equal numbers have equal texts) and a NUL; returns the length.
 * Plain digits between 1E-7 and 1E+38, else d.dddE+x.
 */
size_t ddb_decimal_text(const struct ddb_decimal *d, char out[DDB_DECIMAL_TEXT]);

/* Writes the canonical text of an integer, faster than ddb_decimal_text. */
size_t ddb_integer_text(int64_t i, char out[DDB_DECIMAL_TEXT]);

/*
 * Writes the canonical text of the shortest decimal that reads back as 'd', and its length to '*n'.
 * DDB_INVALID for NaN, infinity, out of range.
 */
enum ddb_status ddb_double_text(double d, char out[DDB_DECIMAL_TEXT], size_t *n,
                                struct ddb_error *e) DDB_CHECKED;

/*
 * Reads number text and chooses its Lua form: an integer when whole and within min..max, else a
 * double when writing that double gives the same number again, else an exact decimal.
 */
enum ddb_status ddb_number_read(struct ddb_number *out, const char *p, size_t n, int64_t min,
                                int64_t max, struct ddb_error *e) DDB_CHECKED;

#endif
