/*
 * Target gunzip: the input as it is, and compressed into up to three members of which one byte may
 * be wrong, unpacks to what Python's zlib unpacks, whatever the buffer held before.
 */
#include "../fuzz.h"

#include "../../../csrc/core/inflate.h"

#include <stdlib.h>
#include <zlib.h>

#define LIMIT ((size_t)50000) /* bytes that may be unpacked */

static struct ddb_buf packed;

/* Unpacks after 'before' bytes in the buffer, which must stay. */
static enum ddb_status unpack(struct ddb_slice text, size_t before, struct ddb_buf *out) {
  struct ddb_error e;
  ddb_buf_init(out, before + LIMIT);
  for (size_t i = 0; i < before; i++) ddb_buf_add_char(out, 'b');
  enum ddb_status status = ddb_gunzip(text.p, text.n, out, &e);
  for (size_t i = 0; i < before; i++) fuzz_require(out->p[i] == 'b', "changes what was there");
  fuzz_require(out->len >= before && (!status || out->len == before), "bytes after a failure");
  return status;
}

static void ask(struct ddb_slice input, struct ddb_slice text) {
  static const char *const names[] = {"ok", "memory", "big", "invalid"};
  struct ddb_buf alone, after;
  enum ddb_status status = unpack(text, 0, &alone);
  fuzz_require(unpack(text, 1 + text.n % 5000, &after) == status, "the buffer decides");
  size_t before = 1 + text.n % 5000;
  fuzz_require(after.len - before == alone.len, "another length behind other bytes");
  if (alone.len > 0)
    fuzz_require(memcmp(alone.p, after.p + before, alone.len) == 0, "other bytes behind bytes");
  const struct ddb_slice fields[] = {text, ddb_text(names[status]), ddb_slice(alone.p, alone.len)};
  oracle_ask(input, fields, 3);
  ddb_buf_free(&alone);
  ddb_buf_free(&after);
}

/* Adds one member with these bytes. */
static void pack(struct ddb_slice text, int level) {
  z_stream z;
  memset(&z, 0, sizeof z);
  fuzz_require(deflateInit2(&z, level, Z_DEFLATED, 16 + 9, 1, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
  size_t most = deflateBound(&z, text.n) + 32;
  fuzz_require(ddb_buf_reserve(&packed, most), "out of memory");
  z.next_in = (unsigned char *)(uintptr_t)text.p;
  z.avail_in = (uInt)text.n;
  z.next_out = (unsigned char *)packed.p + packed.len;
  z.avail_out = (uInt)most;
  fuzz_require(deflate(&z, Z_FINISH) == Z_STREAM_END, "zlib does not end");
  packed.len += z.total_out;
  (void)deflateEnd(&z);
}

/* The bytes choose: level, number of members, repetitions, place and value of a wrong byte. */
static void pack_all(const uint8_t *choice, struct ddb_slice text) {
  int members = 1 + choice[1] % 3;
  ddb_buf_clear(&packed, SIZE_MAX);
  for (int i = 0; i < members; i++) pack(text, choice[0] % 10);
  size_t at = (size_t)choice[2] * 256 + choice[3];
  if (choice[4] != 0 && at < packed.len) packed.p[at] = (char)(packed.p[at] ^ choice[4]);
}

int LLVMFuzzerInitialize(const int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  ddb_buf_init(&packed, SIZE_MAX / 8);
  oracle_start("gunzip");
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct ddb_slice input = ddb_slice((const char *)data, size);
  ask(input, input);
  if (size < 5) return 0;
  pack_all(data, ddb_slice(input.p + 5, size - 5));
  ask(input, ddb_slice(packed.p, packed.len));
  return 0;
}
