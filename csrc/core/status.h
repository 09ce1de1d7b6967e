/* Results of fallible core functions, and the text that goes with them. */
#ifndef DDB_STATUS_H
#define DDB_STATUS_H

enum ddb_status {
  DDB_OK = 0,
  DDB_NOMEM,   /* an allocation failed; the object stays usable and freeable */
  DDB_TOOBIG,  /* a named limit would be exceeded */
  DDB_INVALID, /* the input breaks a rule; the error text says which */
  DDB_CRYPTO   /* OpenSSL refused (no SHA-256 provider, for one) */
};

#define DDB_ERROR_TEXT 256

/* Owned by the caller; 'text' is always NUL-terminated and never holds a secret. */
struct ddb_error {
  char text[DDB_ERROR_TEXT];
};

#define DDB_CHECKED __attribute__((warn_unused_result))

/* For functions on paths that run for every string or value. */
#define DDB_INLINE static inline __attribute__((always_inline))

/* Formats the text, cut at the limit, and returns 'status': `return ddb_fail(e, ...);`. */
enum ddb_status ddb_fail(struct ddb_error *e, enum ddb_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns the plain meaning of a status ("out of memory"); a static string. */
const char *ddb_status_text(enum ddb_status status);

#endif
