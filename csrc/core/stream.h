/*
 * A connection as bytes. curl.so implements it, and core.so sends and receives by it: the two share
 * no other code at run time.
 */
#ifndef DDB_STREAM_H
#define DDB_STREAM_H

#include <stdbool.h>
#include <stddef.h>

/* The field of a metatable that holds the functions below, as light userdata. */
#define DDB_STREAM_FIELD "dynamodb.stream"

enum ddb_io {
  DDB_IO_OK = 0,
  DDB_IO_BLOCKED, /* nothing could be done yet */
  DDB_IO_CLOSED,  /* the other side closed the connection */
  DDB_IO_FAILED,  /* 'why' tells */
  DDB_IO_NOMEM
};

/* Functions on a stream, which is the userdata with that metatable. */
struct ddb_stream {
  /* Sends at most '*n' bytes and sets '*n' to how many were sent. */
  enum ddb_io (*send)(void *stream, const char *p, size_t *n);
  /* Receives at most '*n' bytes and sets '*n' to how many there were. */
  enum ddb_io (*receive)(void *stream, char *p, size_t *n);
  /* Waits until bytes can be sent or received; DDB_IO_BLOCKED when they cannot after 'seconds'. */
  enum ddb_io (*wait)(void *stream, bool to_send, double seconds);
  /* Returns the text of the last failure, which the stream owns. */
  const char *(*why)(const void *stream);
  /* Returns seconds of the monotonic clock. */
  double (*now)(void);
};

#endif
