/*
 * Exact arithmetic on DynamoDB numbers. A result is either exact or refused: DDB_INVALID when it
 * has more than 38 significant digits or is out of range; 'out' is then undefined. It may be one of
 * the operands.
 */
#ifndef DDB_DECIMAL_ARITH_H
#define DDB_DECIMAL_ARITH_H

#include "decimal.h"

enum ddb_status ddb_decimal_add(struct ddb_decimal *out, const struct ddb_decimal *a,
                                const struct ddb_decimal *b, struct ddb_error *e) DDB_CHECKED;
enum ddb_status ddb_decimal_subtract(struct ddb_decimal *out, const struct ddb_decimal *a,
                                     const struct ddb_decimal *b, struct ddb_error *e) DDB_CHECKED;
enum ddb_status ddb_decimal_multiply(struct ddb_decimal *out, const struct ddb_decimal *a,
                                     const struct ddb_decimal *b, struct ddb_error *e) DDB_CHECKED;

/* Also DDB_INVALID when 'b' is zero. */
enum ddb_status ddb_decimal_divide(struct ddb_decimal *out, const struct ddb_decimal *a,
                                   const struct ddb_decimal *b, struct ddb_error *e) DDB_CHECKED;

/*
 * Computes a - floor(a / b) * b, which has the sign of 'b', as Lua's %. DDB_INVALID also when 'b'
 * is zero.
 */
enum ddb_status ddb_decimal_modulo(struct ddb_decimal *out, const struct ddb_decimal *a,
                                   const struct ddb_decimal *b, struct ddb_error *e) DDB_CHECKED;

/* Returns -d. */
struct ddb_decimal ddb_decimal_negate(const struct ddb_decimal *d);

#endif
