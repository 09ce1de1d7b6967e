/*
 * HTTP/1.1 for a client, without I/O: a request becomes bytes, and a response is parsed from bytes
 * as they arrive. The parser is strict and limits everything that the server decides.
 *
 * It is in one of these states (enum ddb_http1_step):
 * 1 STATUS_LINE -> 2 HEADER_LINE -> after the empty line, by RFC 9112 section 6.3:
 *   1xx -> 1; 204 and 304 -> done; content-length -> 3 LENGTH_BODY; chunked -> 5; else -> 4
 * 3 LENGTH_BODY -> done after the announced bytes
 * 4 CLOSE_BODY -> done when the connection ends
 * 5 CHUNK_SIZE -> 6 CHUNK_DATA -> 7 CHUNK_CR -> 8 CHUNK_LF -> 5; size 0 -> 9 TRAILER_LINE -> done
 */
#ifndef DDB_HTTP1_H
#define DDB_HTTP1_H

#include "buf.h"
#include "header.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Appends one whole request to 'out': request line, the given headers, a content-length, the empty
 * line and the body (RFC 9112 sections 3 to 6). The caller gives 'host'. All text is borrowed for
 * the call only. DDB_INVALID for a method or header name that is not a token, a target with
 * anything but visible ASCII, CR, LF or NUL in a value (RFC 9110 sections 5.5 and 5.6.2), and a
 * content-length or transfer-encoding among the headers: two statements of the length allow request
 * smuggling (RFC 9112 section 11.2). DDB_TOOBIG and DDB_NOMEM come from 'out'. The text names the
 * header, never its value. After a failure the bytes in 'out' are as before.
 */
enum ddb_status ddb_http1_request(struct ddb_buf *out, struct ddb_slice method,
                                  struct ddb_slice target, const struct ddb_header *headers,
                                  size_t n, struct ddb_slice body, struct ddb_error *e) DDB_CHECKED;

/*
 * The two halves of ddb_http1_request, for a caller that adds checked header lines in between:
 * request line and headers; then content-length, the empty line and the body.
 */
enum ddb_status ddb_http1_start(struct ddb_buf *out, struct ddb_slice method,
                                struct ddb_slice target, const struct ddb_header *headers, size_t n,
                                struct ddb_error *e) DDB_CHECKED;
enum ddb_status ddb_http1_body(struct ddb_buf *out, struct ddb_slice body,
                               struct ddb_error *e) DDB_CHECKED;

/* Limits of one response. */
struct ddb_http1_limits {
  size_t head_bytes;    /* of each head; and of a chunked body's extensions and trailers together */
  size_t header_count;  /* of each head, trailers included */
  size_t informational; /* 1xx responses before the real one */
  size_t body_bytes;    /* as received, before any gunzip */
  bool is_secret;       /* bodies hold credentials: they are overwritten before they are freed */
};

/* Where in the response the next byte is. */
enum ddb_http1_step {
  DDB_HTTP1_STATUS_LINE,
  DDB_HTTP1_HEADER_LINE,
  DDB_HTTP1_LENGTH_BODY, /* from here on the final head is complete */
  DDB_HTTP1_CLOSE_BODY,
  DDB_HTTP1_CHUNK_SIZE,
  DDB_HTTP1_CHUNK_DATA,
  DDB_HTTP1_CHUNK_CR,
  DDB_HTTP1_CHUNK_LF,
  DDB_HTTP1_TRAILER_LINE
};

/* One response, owned by the caller. It may read the first part and must not touch the second. */
struct ddb_http1 {
  bool done;           /* the response is complete */
  bool started;        /* any byte was received; until then another connection may be tried */
  bool keep_alive;     /* once done: the connection may carry another request */
  int status;          /* the status code; 0 until its line is complete */
  size_t surplus;      /* bytes after the end of the response, which no request asked for */
  struct ddb_buf body; /* owned */

  struct ddb_http1_limits limits;
  struct ddb_buf head;  /* owned; header lines with lower-case names, then the line being read */
  size_t kept;          /* length of those header lines */
  size_t budget;        /* bytes that the current line and those after it may still have */
  size_t fields;        /* headers counted so far */
  size_t informational; /* 1xx responses counted so far */
  size_t left;          /* bytes that this body or chunk still has to receive */
  enum ddb_http1_step step;
  enum ddb_status failure; /* sticky */
  bool old;                /* HTTP/1.0 */
  bool has_length;
  bool chunked;
  bool says_close;
  bool says_keep_alive;
};

/* Cannot fail and allocates nothing. The limits are copied. */
void ddb_http1_init(struct ddb_http1 *h, const struct ddb_http1_limits *limits);

/* Frees head and body; harmless on a zeroed struct and when called twice. */
void ddb_http1_free(struct ddb_http1 *h);

/* Prepares for the next response. Up to 64 KiB of head and 2 MiB of body stay allocated. */
void ddb_http1_reset(struct ddb_http1 *h);

/*
 * Takes the next bytes, any number of them; they are copied. The response to POST, GET or PUT is
 * parsed as RFC 9112 sections 2.2, 4, 5, 6.3 and 7.1 require; whatever they call invalid is
 * refused, even where a client may be lenient. A body without a length ends with the connection:
 * the caller has to find out whether it was cut short. DDB_INVALID: the bytes break a rule;
 * DDB_TOOBIG: a limit is exceeded; DDB_NOMEM. The text says which and quotes at most a header name.
 * A failure is final: every further call fails. Bytes after the end are not a failure: they are
 * counted in 'surplus' and end 'keep_alive'.
 */
enum ddb_status ddb_http1_feed(struct ddb_http1 *h, const char *p, size_t n,
                               struct ddb_error *e) DDB_CHECKED;

/*
 * Returns memory within the body for the next bytes, to receive them in place, and its size in
 * '*n', at least 1; NULL when the next bytes must be fed: outside of a body with a known length,
 * and when memory runs out. There may be room for one byte more than is left, so that surplus is
 * noticed.
 */
char *ddb_http1_room(struct ddb_http1 *h, size_t *n);

/* Takes 'n' bytes that were received into that memory. */
void ddb_http1_received(struct ddb_http1 *h, size_t n);

/*
 * Tells the parser that the server closed the connection: DDB_OK if the response is complete,
 * DDB_INVALID if it was cut short.
 */
enum ddb_status ddb_http1_end(struct ddb_http1 *h, struct ddb_error *e) DDB_CHECKED;

/*
 * Finds the first header of that name, given in lower case; returns false if there is none or the
 * final head is not complete. The value has no surrounding blanks (RFC 9110 section 5.5) and is
 * borrowed until the next feed, reset or free. x-amz-crc32, content-type and content-encoding
 * cannot occur twice with different values.
 */
bool ddb_http1_header(const struct ddb_http1 *h, const char *lower_name, struct ddb_slice *value);

#endif
