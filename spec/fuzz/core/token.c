/*
 * Target token: an input is no token, as bytes and as base64url; what is made of it is opened
 * again, with the same body; and every changed copy is refused. The first byte chooses what is
 * changed.
 */
#include "../fuzz.h"

#include "../../../csrc/core/crypto.h"
#include "../../../csrc/core/token.h"

#include <stdlib.h>

#define NOW 1000u

static const struct ddb_token token = {{"0123456789abcdef", 16}, {"context", 7}};

/* Opens a copy, of which no byte beyond the end may be read. */
static enum ddb_status open_copy(const struct ddb_token *t, const unsigned char *p, size_t n,
                                 struct ddb_slice body) {
  unsigned char *copy = fuzz_allocate(n);
  struct ddb_slice found;
  enum ddb_token_fault fault;
  if (n > 0) memcpy(copy, p, n);
  enum ddb_status st = ddb_token_open(t, copy, n, NOW, &found, &fault);
  fuzz_require(st == DDB_OK || st == DDB_INVALID, "status %d", (int)st);
  fuzz_require(!st || found.n == 0, "a body after a refusal");
  if (!st)
    fuzz_require(found.n == body.n && (body.n == 0 || memcmp(found.p, body.p, body.n) == 0),
                 "another body");
  free(copy);
  return st;
}

/* Nobody can make a token without the secret; an input that is one would be a finding. */
static void refuse_input(struct ddb_slice input) {
  unsigned char *bytes = fuzz_allocate(input.n + 3);
  size_t n;
  fuzz_require(open_copy(&token, (const unsigned char *)input.p, input.n, input), "accepted");
  if (!ddb_base64url_decode(input.p, input.n, bytes, &n)) {
    char *text = fuzz_allocate(ddb_base64_encoded_size(n));
    size_t again = ddb_base64url_encode(bytes, n, text);
    fuzz_require(again == input.n && (again == 0 || memcmp(text, input.p, again) == 0),
                 "base64url: another text");
    fuzz_require(open_copy(&token, bytes, n, input), "accepted");
    free(text);
  }
  free(bytes);
}

static void change_token(struct ddb_slice body, uint8_t choice, bool encrypt) {
  const struct ddb_token other = {token.secret, {"contexu", 7}};
  unsigned char *made = fuzz_allocate(body.n + DDB_TOKEN_MORE);
  size_t n;
  fuzz_require(!ddb_token_seal(&token, body, NOW + 1, encrypt, made, &n), "not made");
  fuzz_require(n <= body.n + DDB_TOKEN_MORE, "longer than its room");
  fuzz_require(!open_copy(&token, made, n, body), "refused");
  fuzz_require(open_copy(&other, made, n, body), "accepted for another context");
  fuzz_require(open_copy(&token, made, n - 1 - choice % n, body), "accepted when it is shorter");
  made[(size_t)choice * 31 % n] ^= (unsigned char)(1u << choice % 8);
  fuzz_require(open_copy(&token, made, n, body), "accepted when it is changed");
  fuzz_require(!ddb_token_seal(&token, body, NOW, encrypt, made, &n), "not made");
  fuzz_require(open_copy(&token, made, n, body), "accepted when it has expired");
  free(made);
}

int LLVMFuzzerInitialize(const int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct ddb_slice input = ddb_slice((const char *)data, size);
  uint8_t choice = size > 0 ? *data : 0;
  refuse_input(input);
  change_token(input, choice, false);
  change_token(input, choice, true);
  return 0;
}
