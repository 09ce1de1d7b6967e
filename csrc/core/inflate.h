/* CRC32 and gunzip: the one room that knows zlib. */
#ifndef DDB_INFLATE_H
#define DDB_INFLATE_H

#include "buf.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The CRC32 of RFC 1952, section 8, which DynamoDB sends in x-amz-crc32 for the bytes as they
 * travel. Starts with 'crc' 0; bytes that come in pieces are passed on with the previous result.
 */
uint32_t ddb_crc32(uint32_t crc, const void *p, size_t n);

/*
 * Adds the unpacked bytes of a whole gzip file (RFC 1952: one member or several in a row) to 'out',
 * whose ceiling bounds them: DDB_TOOBIG ends a bomb. DDB_INVALID, with the reason in 'e', when the
 * data are cut short, are followed by anything else, or a header, checksum or length is wrong;
 * DDB_NOMEM. After a failure 'out' holds what it held before; a lack of room sticks to it, as
 * always.
 */
DDB_CHECKED enum ddb_status ddb_gunzip(const void *p, size_t n, struct ddb_buf *out,
                                       struct ddb_error *e);

#endif
