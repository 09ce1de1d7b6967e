#include "status.h"

#include <stdarg.h>
#include <stdio.h>

enum ddb_status ddb_fail(struct ddb_error *e, enum ddb_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(e->text, sizeof e->text, format, arguments);
  va_end(arguments);
  return status;
}

const char *ddb_status_text(enum ddb_status status) {
  switch (status) {
  case DDB_OK:
    return "no error";
  case DDB_NOMEM:
    return "out of memory";
  case DDB_TOOBIG:
    return "too large";
  case DDB_INVALID:
    return "invalid input";
  case DDB_CRYPTO:
    return "OpenSSL failed";
  }
  return "unknown status";
}
