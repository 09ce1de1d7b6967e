/*
 * Target base64: encoding and strict decoding of the input give Python's results, and what was
 * encoded decodes to the same bytes.
 */
#include "../fuzz.h"

#include "../../../csrc/core/crypto.h"

#include <stdlib.h>

/* Decodes into memory of its own and in place, with the same result. */
static struct ddb_slice decode(struct ddb_slice text, enum ddb_status *status) {
  size_t n = 7, again = 7;
  char *bytes = fuzz_allocate(ddb_base64_decoded_size(text.n)), *place = fuzz_allocate(text.n);
  *status = ddb_base64_decode(text.p, text.n, (unsigned char *)bytes, &n);
  if (text.n > 0) memcpy(place, text.p, text.n);
  fuzz_require(ddb_base64_decode(place, text.n, (unsigned char *)place, &again) == *status,
               "in place: another status");
  fuzz_require(n == again && memcmp(bytes, place, n) == 0, "in place: other bytes");
  fuzz_require(!*status || n == 0, "bytes after a failure");
  free(place);
  return ddb_slice(bytes, n);
}

int LLVMFuzzerInitialize(const int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  oracle_start("base64");
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct ddb_slice input = ddb_slice((const char *)data, size);
  enum ddb_status status, back;
  size_t n = ddb_base64_encoded_size(size);
  char *text = fuzz_allocate(n), *url = fuzz_allocate(n);
  ddb_base64_encode(data, size, text);
  size_t url_size = ddb_base64url_encode(data, size, url);
  struct ddb_slice bytes = decode(input, &status), again = decode(ddb_slice(text, n), &back);
  fuzz_require(!back && again.n == size && memcmp(again.p, data, size) == 0, "not decoded");
  const struct ddb_slice fields[] = {ddb_slice(text, n), ddb_slice(url, url_size),
                                     ddb_text(status ? "refused" : "decoded"), bytes};
  oracle_ask(input, fields, 4);
  free(text);
  free(url);
  free((void *)(uintptr_t)bytes.p);
  free((void *)(uintptr_t)again.p);
  return 0;
}
