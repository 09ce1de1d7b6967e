/* CRC32 and gunzip. The only file that includes zlib. */
#ifndef DDB_INFLATE_H
#define DDB_INFLATE_H

#include "buf.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Computes the CRC32 of RFC 1952, section 8, which DynamoDB sends in x-amz-crc32 for the bytes as
 * they travel. Start with 'crc' 0; for bytes in pieces pass the previous result.
 */
uint32_t ddb_crc32(uint32_t crc, const void *p, size_t n);

/*
 * Appends the decompressed bytes of a whole gzip file (RFC 1952: one or more members) to 'out',
 * whose ceiling limits them: DDB_TOOBIG for a decompression bomb. DDB_INVALID, with the reason in
 * 'e', when the data are cut short or followed by anything else, or a header, checksum or length is
 * wrong; DDB_NOMEM. After a failure 'out' has its previous content; its status keeps DDB_TOOBIG and
 * DDB_NOMEM.
 */
DDB_CHECKED enum ddb_status ddb_gunzip(const void *p, size_t n, struct ddb_buf *out,
                                       struct ddb_error *e);

#endif
