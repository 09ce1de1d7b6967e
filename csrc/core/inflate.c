#include "inflate.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#define STEP 16384u                /* bytes reserved at a time */
#define GZIP_ONLY (16 + MAX_WBITS) /* zlib's value for: a gzip header and nothing else */

uint32_t ddb_crc32(uint32_t crc, const void *p, size_t n) {
  return n > 0 ? (uint32_t)crc32_z(crc, p, n) : crc;
}

/* Lets zlib write after the present content. */
static enum ddb_status fill(z_stream *z, struct ddb_buf *out, int *code) {
  size_t left = out->max - out->len;
  if (!ddb_buf_reserve(out, left < STEP ? left : STEP)) return out->status;
  size_t room = out->cap - out->len;
  z->next_out = (unsigned char *)out->p + out->len;
  z->avail_out = room < UINT_MAX ? (uInt)room : UINT_MAX;
  *code = inflate(z, Z_NO_FLUSH);
  out->len = (size_t)((char *)z->next_out - out->p);
  return DDB_OK;
}

/* At the ceiling: lets zlib look for the end of the data; a single further byte is too many. */
static enum ddb_status finish(z_stream *z, struct ddb_buf *out, int *code) {
  unsigned char spare;
  z->next_out = &spare;
  z->avail_out = 1;
  *code = inflate(z, Z_NO_FLUSH);
  z->next_out = NULL;
  if (z->avail_out == 0)
    (void)ddb_buf_reserve(out, 1); /* the reservation failed, and the buffer's status says why */
  return out->status;
}

/* Converts zlib's result. */
static enum ddb_status judge(const z_stream *z, int code, bool first, struct ddb_error *e) {
  if (code == Z_STREAM_END) return DDB_OK;
  if (code == Z_MEM_ERROR) return DDB_NOMEM;
  if (!first && z->total_out == 0)
    return ddb_fail(e, DDB_INVALID, "gzip: other bytes follow the data");
  if (code == Z_BUF_ERROR) return ddb_fail(e, DDB_INVALID, "gzip: the data end too early");
  return ddb_fail(e, DDB_INVALID, "gzip: %s", z->msg ? z->msg : "malformed data");
}

/* Decompresses one member. */
static enum ddb_status member(z_stream *z, struct ddb_buf *out, bool first, struct ddb_error *e) {
  int code = Z_OK;
  enum ddb_status st = DDB_OK;
  while (!st && code == Z_OK)
    st = out->len < out->max ? fill(z, out, &code) : finish(z, out, &code);
  return st ? st : judge(z, code, first, e);
}

static enum ddb_status members(z_stream *z, struct ddb_buf *out, struct ddb_error *e) {
  enum ddb_status st = member(z, out, true, e);
  while (!st && z->avail_in > 0) {
    st = inflateReset(z) == Z_OK ? DDB_OK : ddb_fail(e, DDB_INVALID, "gzip: cannot go on");
    if (!st) st = member(z, out, false, e);
  }
  return st;
}

enum ddb_status ddb_gunzip(const void *p, size_t n, struct ddb_buf *out, struct ddb_error *e) {
  z_stream z;
  size_t before = out->len;
  memset(&z, 0, sizeof z);
  if (n > UINT_MAX) return ddb_fail(e, DDB_TOOBIG, "gzip: more input than %u bytes", UINT_MAX);
  if (out->status) return ddb_fail(e, out->status, "gzip: %s", ddb_status_text(out->status));
  z.next_in = p;
  z.avail_in = (uInt)n;
  enum ddb_status st = inflateInit2(&z, GZIP_ONLY) == Z_OK ? DDB_OK : DDB_NOMEM;
  if (!st) st = members(&z, out, e);
  if (st) out->len = before;
  if (st == DDB_TOOBIG) (void)ddb_fail(e, st, "gzip: unpacks to more than %zu bytes", out->max);
  if (st == DDB_NOMEM) (void)ddb_fail(e, st, "gzip: out of memory");
  (void)inflateEnd(&z);
  return st;
}
