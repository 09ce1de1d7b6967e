/*
 * Plain text: ASCII except quotes, backslashes and control characters, which JSON strings contain
 * as it is. It is looked at in blocks, by the vector extension of gcc and clang.
 */
#ifndef DDB_JSON_PLAIN_H
#define DDB_JSON_PLAIN_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef signed char ddb_block __attribute__((vector_size(16)));
typedef int64_t ddb_block_halves __attribute__((vector_size(16)));

static inline bool ddb_is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static inline ddb_block ddb_load_block(const char *p) {
  ddb_block bytes;
  memcpy(&bytes, p, sizeof bytes);
  return bytes;
}

/* Returns -1 for each plain byte, else 0; bytes from 0x80 on are negative. */
static inline ddb_block_halves ddb_plain_bytes(ddb_block bytes) {
  return (ddb_block_halves)((bytes > 0x1f) & ~((bytes == '"') | (bytes == '\\')));
}

static inline bool ddb_is_plain_block(ddb_block bytes) {
  ddb_block_halves plain = ddb_plain_bytes(bytes);
  return (plain[0] & plain[1]) == -1;
}

/* Returns the end of the plain text that begins at 'p'. */
static inline const char *ddb_plain_run(const char *p, const char *end) {
  for (; end - p >= (ptrdiff_t)sizeof(ddb_block); p += sizeof(ddb_block)) {
    ddb_block_halves plain = ddb_plain_bytes(ddb_load_block(p));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (plain[0] != -1) return p + __builtin_ctzll(~(uint64_t)plain[0]) / 8;
    if (plain[1] != -1) return p + 8 + __builtin_ctzll(~(uint64_t)plain[1]) / 8;
#else
    if ((plain[0] & plain[1]) != -1) break;
#endif
  }
  while (p < end && ddb_is_plain((unsigned char)*p)) p++;
  return p;
}

/* As ddb_copy_plain, for at least one block. */
static __attribute__((noinline)) bool ddb_copy_plain_blocks(char *out, const char *p, size_t n) {
  for (size_t i = 0;;) {
    ddb_block bytes = ddb_load_block(p + i);
    if (!ddb_is_plain_block(bytes)) return false;
    memcpy(out + i, &bytes, sizeof bytes);
    i += sizeof bytes;
    if (i == n) return true;
    if (n - i < sizeof bytes) i = n - sizeof bytes; /* the last block may overlap */
  }
}

/*
 * Copies a text to 'out', where there is room for all of it, and returns true, when it is plain.
 * Otherwise some of its bytes were copied. A short text is copied as two parts that may overlap.
 */
DDB_INLINE bool ddb_copy_plain(char *out, const char *p, size_t n) {
  if (n >= sizeof(ddb_block)) return ddb_copy_plain_blocks(out, p, n);
  if (n >= 8) {
    int64_t first, last;
    memcpy(&first, p, 8);
    memcpy(&last, p + n - 8, 8);
    memcpy(out, &first, 8);
    memcpy(out + n - 8, &last, 8);
    return ddb_is_plain_block((ddb_block)(ddb_block_halves){first, last});
  }
  if (n >= 4) {
    uint32_t first, last;
    memcpy(&first, p, 4);
    memcpy(&last, p + n - 4, 4);
    memcpy(out, &first, 4);
    memcpy(out + n - 4, &last, 4);
    ddb_block_halves both = {(int64_t)(first | (uint64_t)last << 32), 0};
    return ddb_plain_bytes((ddb_block)both)[0] == -1;
  }
  for (size_t i = 0; i < n; i++) {
    if (!ddb_is_plain((unsigned char)p[i])) return false;
    out[i] = p[i];
  }
  return true;
}

#endif
