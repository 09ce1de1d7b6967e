/*
 * dynamodb.socket: a connection made by libcurl. Its methods never block but for socket:wait; a
 * poller waits for many.
 */
#ifndef DDB_SOCKET_H
#define DDB_SOCKET_H

#include "../lua/object.h"

#include <curl/curl.h>

#define RECEIVE_BYTES 65536 /* at most, by one call */

struct socket {
  CURL *easy;                    /* owned; NULL when closed */
  void *hub;                     /* the poller's multi handle that connected it | NULL */
  void *poller;                  /* the poller that watches it | NULL */
  int watched;                   /* number of its descriptors that the poller watches */
  int refused;                   /* the error number by which epoll refused one of them, or 0 */
  struct socket *before, *after; /* in the poller's list */
  /*
   * Set by the poller: stops watching the socket; takes it out of its hub after its handle is gone.
   */
  void (*unwatch)(struct socket *s);
  void (*leave)(struct socket *s);
  bool connecting;
  CURLcode code;  /* result of connecting */
  int64_t key;    /* by which its poller reports it */
  unsigned birth; /* process_forks() when it was made */
  curl_socket_t fd;
  char error[CURL_ERROR_SIZE];
};

enum {
  SOCKET_OPTIONS = 1
}; /* slot: the table of options, which owns the texts in struct options */

/* Options of a connection; NULL for those not given. */
struct options {
  const char *ca_bundle;
  const char *certificate; /* of the client; files in PEM */
  const char *key;
  const char *proxy;
  const char *unix_socket;
  bool keepalive;
};

/* Returns the options in the table at 'index', if there is one. */
struct options options_take(lua_State *L, int index);

/*
 * Sets up a handle to connect to 'url' within that many seconds. libcurl writes its texts to
 * 'error'.
 */
CURLcode options_set(CURL *easy, const char *url, double seconds, const struct options *o,
                     char *error);

/*
 * Pushes a socket set up by the arguments url, seconds and options, from 'first' to the top; 'code'
 * has the result.
 */
struct socket *socket_new(lua_State *L, int first);

/*
 * Asks for the descriptor of a connected socket. Fails if it would block: libcurl goes on with a
 * socket that it could not make non-blocking, and a read from it might never return.
 */
CURLcode socket_take_descriptor(struct socket *s);

/* Returns the open socket at 'index'; raises for other values and for a closed one. */
struct socket *socket_check(lua_State *L, int index);

/*
 * Pushes the results of a failed connect: nil, kind, text, CURLcode, HTTP status of a proxy that
 * refused, or 0. Closes the socket at 'index'.
 */
int socket_fail(lua_State *L, int index, struct socket *s);

/* curl.connect(url, seconds [, options]) -> socket | nil, kind, why, code, proxy_status. */
int socket_connect(lua_State *L);

void socket_register(lua_State *L);

#endif
