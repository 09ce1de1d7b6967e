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
  if (code == CURLE_OUT_OF_MEMORY) return luaL_error(L, "not enough memory");
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

/* What the caller may choose; NULL where he does not. The table of options keeps the texts. */
struct options {
  const char *ca_bundle;
  const char *certificate; /* the client's own, and its key: files in PEM */
  const char *key;
  const char *proxy;
  const char *unix_socket;
  bool keepalive;
};

static const char *text_option(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  lua_pop(L, 1);
  return text;
}

static struct options take_options(lua_State *L, int index) {
  struct options o;
  memset(&o, 0, sizeof o);
  if (lua_isnoneornil(L, index)) return o;
  luaL_checktype(L, index, LUA_TTABLE);
  o.ca_bundle = text_option(L, index, "ca_bundle");
  o.certificate = text_option(L, index, "client_certificate");
  o.key = text_option(L, index, "client_key");
  o.unix_socket = text_option(L, index, "unix_socket");
  o.proxy = o.unix_socket ? NULL : text_option(L, index, "proxy");
  lua_getfield(L, index, "tcp_keepalive");
  o.keepalive = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return o;
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
    {CURLOPT_TCP_KEEPIDLE, 30}, /* before a service forgets the connection, and we do */
    {CURLOPT_TCP_KEEPINTVL, 10},
    {CURLOPT_HTTPPROXYTUNNEL, 1}, /* the request line is ours */
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2}, /* or later */
    {CURLOPT_SSL_ENABLE_ALPN, 0},                  /* we speak HTTP/1.1 */
    {CURLOPT_SSL_SESSIONID_CACHE, 0}, /* 7.88 frees a session twice when memory runs out */
#if LIBCURL_VERSION_NUM >= 0x075700
    {CURLOPT_QUICK_EXIT, 1}, /* or it waits for a resolver that it has given up */
#endif
  };
  CURLcode code = CURLE_OK;
  for (size_t i = 0; !code && i < sizeof settings / sizeof settings[0]; i++)
    code = curl_easy_setopt(easy, settings[i].option, settings[i].value);
  return code;
}

/* Names, TCP, proxy and TLS together take no longer than this. */
static CURLcode set_timeout(CURL *easy, double seconds) {
  double ms = ceil(seconds * 1000);
  long limit = ms >= 1 ? ms < 2147483647 ? (long)ms : 2147483647 : 1; /* 0 would be libcurl's own */
  CURLcode code = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, limit);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, limit);
  return code;
}

static bool is_tls(const char *url) {
  return url && strncmp(url, "https:", 6) == 0;
}

/* An empty text keeps libcurl from the environment's proxies; whom they are for is our decision. */
static CURLcode set_route(CURL *easy, const struct options *o) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_PROXY, o->proxy ? o->proxy : "");
  if (!code) code = curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  if (!code && is_tls(o->proxy))
    code = curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  if (!code && o->unix_socket)
    code = curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, (long)o->keepalive);
  return code;
}

/* Whom to trust, these authorities and no others, and who we are. */
static CURLcode set_certificates(CURL *easy, const struct options *o) {
  const bool ca = o->ca_bundle != NULL, certificate = o->certificate != NULL;
  const struct {
    const char *path;
    CURLoption option;
    bool given;
  } files[] = {{o->ca_bundle, CURLOPT_CAINFO, ca},
               {NULL, CURLOPT_CAPATH, ca},
               {o->ca_bundle, CURLOPT_PROXY_CAINFO, ca && is_tls(o->proxy)},
               {NULL, CURLOPT_PROXY_CAPATH, ca && is_tls(o->proxy)},
               {o->certificate, CURLOPT_SSLCERT, certificate},
               {o->key, CURLOPT_SSLKEY, certificate && o->key},
               {"", CURLOPT_KEYPASSWD, certificate}}; /* or OpenSSL asks the terminal for one */
  CURLcode code = CURLE_OK;
  for (size_t i = 0; !code && i < sizeof files / sizeof files[0]; i++) {
    if (files[i].given) code = curl_easy_setopt(easy, files[i].option, files[i].path);
  }
  return code;
}

static CURLcode set_connection(struct socket *s, const char *url, double timeout,
                               const struct options *o) {
  bool tls = is_tls(url) || is_tls(o->proxy);
  CURLcode code = set_fixed(s->easy);
  if (!code) code = curl_easy_setopt(s->easy, CURLOPT_URL, url);
  if (!code) code = curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->error);
  /* libcurl sends with MSG_NOSIGNAL, OpenSSL does not: only then must SIGPIPE be held off. */
  if (!code) code = curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, tls ? 0L : 1L);
  if (!code) code = set_timeout(s->easy, timeout);
  if (!code) code = set_route(s->easy, o);
  if (!code) code = set_certificates(s->easy, o);
  return code;
}

/* Would trying again be of no use? Names, certificates, settings, and a proxy that says no. */
static bool is_permanent(const struct socket *s, CURLcode code) {
  static const CURLcode permanent[] = {
      CURLE_UNSUPPORTED_PROTOCOL,  CURLE_URL_MALFORMAT,    CURLE_NOT_BUILT_IN,
      CURLE_COULDNT_RESOLVE_PROXY, CURLE_UNKNOWN_OPTION,   CURLE_BAD_FUNCTION_ARGUMENT,
      CURLE_COULDNT_RESOLVE_HOST,  CURLE_SSL_CERTPROBLEM,  CURLE_PEER_FAILED_VERIFICATION,
      CURLE_SSL_CACERT_BADFILE,    CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER};
  for (size_t i = 0; i < sizeof permanent / sizeof permanent[0]; i++)
    if (code == permanent[i]) return true;
  long refusal = 0;
  (void)curl_easy_getinfo(s->easy, CURLINFO_HTTP_CONNECTCODE, &refusal);
  return refusal >= 400 && refusal < 500 && refusal != 408 && refusal != 429;
}

/*
 * Pushes nil, kind, text and whether it is permanent, and closes: what failed holds descriptors,
 * too. Where libcurl quotes a proxy that it cannot read, there may be a password in it.
 */
static int fail_connect(lua_State *L, struct socket *s, CURLcode code, const struct options *o) {
  if (o->proxy && strchr(o->proxy, '@') && strstr(s->error, o->proxy)) s->error[0] = '\0';
  bool permanent = is_permanent(s, code);
  curl_easy_cleanup(s->easy);
  s->easy = NULL;
  (void)fail(L, s, code == CURLE_OPERATION_TIMEDOUT ? "timeout" : "network", code);
  lua_pushboolean(L, permanent);
  return 4;
}

/*
 * curl.connect(url, seconds [, options]) -> socket | nil, kind, why, permanent. Resolves, connects
 * and shakes hands; blocks for at most 'seconds'. Kind: "timeout" or "network".
 */
static int socket_connect(lua_State *L) {
  const char *url = luaL_checkstring(L, 1);
  double timeout = luaL_checknumber(L, 2);
  struct options o = take_options(L, 3);
  struct socket *s = object_new(L, &socket_class, sizeof *s);
  s->easy = curl_easy_init();
  if (!s->easy) return luaL_error(L, "not enough memory");
  CURLcode code = set_connection(s, url, timeout, &o);
  if (!code) code = curl_easy_perform(s->easy);
  if (!code) code = curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &s->fd);
  return code ? fail_connect(L, s, code, &o) : 1;
}

/*
 * socket:timings() -> the seconds that it took to find the address, to connect, and to shake hands
 * by TLS (0 without; after a proxy has connected, too).
 */
static int socket_timings(lua_State *L) {
  struct socket *s = check(L);
  double name = 0, connected = 0, secured = 0;
  (void)curl_easy_getinfo(s->easy, CURLINFO_NAMELOOKUP_TIME, &name);
  (void)curl_easy_getinfo(s->easy, CURLINFO_CONNECT_TIME, &connected);
  (void)curl_easy_getinfo(s->easy, CURLINFO_APPCONNECT_TIME, &secured);
  lua_pushnumber(L, name);
  lua_pushnumber(L, connected - name);
  lua_pushnumber(L, secured > connected ? secured - connected : 0);
  return 3;
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

static const luaL_Reg methods[] = {
    {"send", socket_send}, {"receive", socket_receive}, {"idle", socket_idle},
    {"wait", socket_wait}, {"timings", socket_timings}, {"close", socket_close},
    {NULL, NULL}};
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
