/*
 * dynamodb.curl: DNS, TCP and TLS by libcurl, and nothing of its HTTP. A socket answers at once or
 * says that it would block; waiting is a call of its own, which Lua makes.
 */
#include "../lua/object.h"

#include <curl/curl.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#define RECEIVE_BYTES 65536 /* at most, by one call */

struct socket {
  CURL *easy; /* owned; NULL when closed */
  curl_socket_t fd;
  char error[CURL_ERROR_SIZE];
};

static const struct object_class socket_class;

static struct socket *check(lua_State *L) {
  struct socket *s = object_check(L, 1, &socket_class);
  if (!s->easy) luaL_error(L, "attempt to use a closed socket");
  return s;
}

/* Pushes nil, the kind of failure and libcurl's text for it. */
static int fail(lua_State *L, const struct socket *s, const char *kind, CURLcode code) {
  lua_pushnil(L);
  lua_pushstring(L, kind);
  lua_pushstring(L, s->error[0] ? s->error : curl_easy_strerror(code));
  return 3;
}

static int socket_close(lua_State *L) {
  struct socket *s = object_check(L, 1, &socket_class);
  curl_easy_cleanup(s->easy);
  s->easy = NULL;
  return 0;
}

struct setting {
  CURLoption option;
  long value;
};

/* Everything that is the same for each connection. */
static CURLcode set_fixed(CURL *easy) {
  static const struct setting settings[] = {
      {CURLOPT_CONNECT_ONLY, 1},
      {CURLOPT_BUFFERSIZE, RECEIVE_BYTES}, /* or it receives less at a time */
      {CURLOPT_TCP_NODELAY, 1},
      {CURLOPT_TCP_KEEPALIVE, 1},
      {CURLOPT_SSL_VERIFYPEER, 1},
      {CURLOPT_SSL_VERIFYHOST, 2},
      {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2}, /* or later */
      {CURLOPT_SSL_ENABLE_ALPN, 0},                  /* we speak HTTP/1.1 */
      {CURLOPT_SSL_SESSIONID_CACHE, 0}, /* 7.88 frees a session twice when memory runs out */
  };
  CURLcode code = CURLE_OK;
  for (size_t i = 0; !code && i < sizeof settings / sizeof settings[0]; i++)
    code = curl_easy_setopt(easy, settings[i].option, settings[i].value);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_PROXY, "");
  return code;
}

static CURLcode set_connection(struct socket *s, const char *url, double timeout, const char *ca) {
  bool tls = strncmp(url, "https:", 6) == 0;
  CURLcode code = set_fixed(s->easy);
  if (!code) code = curl_easy_setopt(s->easy, CURLOPT_URL, url);
  if (!code) code = curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->error);
  /* libcurl sends with MSG_NOSIGNAL, OpenSSL does not: only then must SIGPIPE be held off. */
  if (!code) code = curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, tls ? 0L : 1L);
  if (!code)
    code = curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ceil(timeout * 1000));
  if (!code && ca) code = curl_easy_setopt(s->easy, CURLOPT_CAINFO, ca);
  if (!code && ca) code = curl_easy_setopt(s->easy, CURLOPT_CAPATH, NULL); /* these and no others */
  return code;
}

/*
 * curl.connect(url, seconds [, ca_bundle]) -> socket | nil, kind, why. Resolves, connects and
 * shakes hands; blocks for at most 'seconds'. Kind: "timeout" or "network".
 */
static int socket_connect(lua_State *L) {
  const char *url = luaL_checkstring(L, 1), *ca = luaL_optstring(L, 3, NULL);
  double timeout = luaL_checknumber(L, 2);
  struct socket *s = object_new(L, &socket_class, sizeof *s);
  s->easy = curl_easy_init();
  if (!s->easy) return luaL_error(L, "not enough memory");
  CURLcode code = set_connection(s, url, timeout, ca);
  if (!code) code = curl_easy_perform(s->easy);
  if (!code) code = curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &s->fd);
  if (!code) return 1;
  int answers = fail(L, s, code == CURLE_OPERATION_TIMEDOUT ? "timeout" : "network", code);
  curl_easy_cleanup(s->easy); /* it holds descriptors even so; not until the collector comes */
  s->easy = NULL;
  return answers;
}

/* socket:send(bytes, first) -> count sent, 0 when it would block | nil, kind, why. */
static int socket_send(lua_State *L) {
  struct socket *s = check(L);
  size_t n, first = (size_t)luaL_checknumber(L, 3) - 1, sent = 0;
  const char *p = luaL_checklstring(L, 2, &n);
  luaL_argcheck(L, first < n, 3, "position within the bytes expected");
  CURLcode code = curl_easy_send(s->easy, p + first, n - first, &sent);
  if (code && code != CURLE_AGAIN) return fail(L, s, "network", code);
  lua_pushnumber(L, (lua_Number)sent);
  return 1;
}

/* socket:receive() -> bytes, "" when it would block | nil, "closed" or kind, why. */
static int socket_receive(lua_State *L) {
  struct socket *s = check(L);
  char bytes[RECEIVE_BYTES];
  size_t n = 0;
  CURLcode code = curl_easy_recv(s->easy, bytes, sizeof bytes, &n);
  if (code && code != CURLE_AGAIN) return fail(L, s, "network", code);
  if (!code && n == 0) return fail(L, s, "closed", CURLE_GOT_NOTHING);
  lua_pushlstring(L, bytes, n);
  return 1;
}

/* socket:idle() -> is it still open, with nothing to read? */
static int socket_idle(lua_State *L) {
  struct socket *s = check(L);
  char byte;
  size_t n;
  lua_pushboolean(L, curl_easy_recv(s->easy, &byte, 1, &n) == CURLE_AGAIN);
  return 1;
}

/* socket:wait("read" | "write", seconds) -> true, or false when nothing happened in time. */
static int socket_wait(lua_State *L) {
  struct socket *s = check(L);
  struct pollfd p = {.fd = s->fd, .events = *luaL_checkstring(L, 2) == 'w' ? POLLOUT : POLLIN};
  double ms = ceil(luaL_checknumber(L, 3) * 1000);
  int ready = poll(&p, 1, ms < 0 ? 0 : ms > 1e9 ? 1000000000 : (int)ms);
  if (ready < 0 && errno != EINTR) return luaL_error(L, "poll: %s", strerror(errno));
  lua_pushboolean(L, ready != 0); /* interrupted: the caller looks again */
  return 1;
}

/* curl.now() -> seconds of a clock that nobody sets. */
static int clock_now(lua_State *L) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
  return 1;
}

/* curl.sleep(seconds): blocks. */
static int clock_sleep(lua_State *L) {
  double seconds = luaL_checknumber(L, 1);
  if (!(seconds > 0)) return 0;
  struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
  while (nanosleep(&t, &t) && errno == EINTR) continue;
  return 0;
}

static const luaL_Reg methods[] = {{"send", socket_send},   {"receive", socket_receive},
                                   {"idle", socket_idle},   {"wait", socket_wait},
                                   {"close", socket_close}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", socket_close}, {"__close", socket_close}, {NULL, NULL}};
static const struct object_class socket_class = {"dynamodb.socket", 0, methods, meta};

__attribute__((visibility("default"))) int luaopen_dynamodb_curl(lua_State *L);

int luaopen_dynamodb_curl(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"connect", socket_connect}, {"now", clock_now}, {"sleep", clock_sleep}, {NULL, NULL}};
  if (curl_global_init(CURL_GLOBAL_DEFAULT)) return luaL_error(L, "libcurl does not start");
  object_register(L, &socket_class);
  lua_newtable(L);
  object_setfuncs(L, functions);
  return 1;
}
