/*
 * dynamodb.socket: one of libcurl's connections. It answers at once or says that it would block;
 * waiting is a call of its own, to the socket, which blocks, or to a poller.
 */
#ifndef DDB_SOCKET_H
#define DDB_SOCKET_H

#include "../lua/object.h"

#include <curl/curl.h>

#define RECEIVE_BYTES 65536 /* at most, by one call */

struct socket {
  CURL *easy;   /* owned; NULL when closed */
  void *hub;    /* the poller's; the multi handle that connected it, where it stays | NULL */
  void *poller; /* that watches it | NULL */
  int watched;  /* its descriptors that the poller watches */
  /* Set by the poller: stop watching the socket; take it out of its hub when its handle is gone. */
  void (*unwatch)(struct socket *s);
  void (*leave)(struct socket *s);
  bool connecting;
  CURLcode code;  /* how connecting went */
  int64_t key;    /* by which its poller names it */
  unsigned birth; /* process_forks() when it was made */
  curl_socket_t fd;
  char error[CURL_ERROR_SIZE];
};

enum { SOCKET_OPTIONS = 1 }; /* the table of options keeps the texts in struct options */

/* Options of a connection; NULL for those not given. */
struct options {
  const char *ca_bundle;
  const char *certificate; /* the client's own, and its key: files in PEM */
  const char *key;
  const char *proxy;
  const char *unix_socket;
  bool keepalive;
};

/* The options in the table at 'index', if there is one. */
struct options options_take(lua_State *L, int index);

/* Sets a handle up to connect to 'url' within so many seconds. 'error' gets libcurl's texts. */
CURLcode options_set(CURL *easy, const char *url, double seconds, const struct options *o,
                     char *error);

/*
 * Pushes a socket that is set up by the arguments url, seconds and options, of which the first one
 * is at 'first' and the last one at the top; 'code' tells whether that went well.
 */
struct socket *socket_new(lua_State *L, int first);

/* The open socket at 'index'; raises for other values and for a closed one. */
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
