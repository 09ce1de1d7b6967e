#include "socket.h"

#include "../core/stream.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct object_class socket_class;

struct socket *socket_check(lua_State *L, int index) {
  struct socket *s = object_check(L, index, &socket_class);
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

/* Returns true for a socket that was opened before a fork: it belongs to the parent process. */
static bool is_foreign(const struct socket *s) {
  return s->birth != process_forks();
}

/*
 * Replaces the descriptor by an unconnected one: closing must not send TLS close_notify on the
 * parent's connection. Returns false when that is not possible, or cleaning up is not: a thread
 * that resolves a name does not exist after a fork.
 */
static bool disown(struct socket *s) {
  if (s->connecting || s->fd == CURL_SOCKET_BAD) return false;
  int deaf = socket(AF_UNIX, SOCK_STREAM, 0);
  if (deaf < 0) return false;
  bool done = dup2(deaf, s->fd) >= 0;
  (void)close(deaf);
  return done;
}

/* Cleaning up the handle takes it out of its hub; libcurl ignores SIGPIPE meanwhile. */
static void shut(struct socket *s) {
  if (!s->easy) return;
  if (s->poller && !s->connecting)
    s->unwatch(s); /* else libcurl tells the poller of its descriptors */
  if (!is_foreign(s) || disown(s)) {
    curl_easy_cleanup(s->easy);
    if (s->hub) s->leave(s);
  }
  if (s->poller) s->unwatch(s);
  s->easy = NULL;
}

static int socket_close(lua_State *L) {
  shut(object_check(L, 1, &socket_class));
  return 0;
}

struct socket *socket_new(lua_State *L, int first) {
  const char *url = luaL_checkstring(L, first);
  double seconds = luaL_checknumber(L, first + 1);
  struct options o = options_take(L, first + 2);
  struct socket *s = object_new(L, &socket_class, sizeof *s);
  s->fd = CURL_SOCKET_BAD;
  s->birth = process_forks();
  lua_pushvalue(L, first + 2);
  compat_setslot(L, lua_gettop(L) - 1, SOCKET_OPTIONS);
  if (!process_start_libcurl()) luaL_error(L, "not enough memory to initialise libcurl");
  s->easy = curl_easy_init();
  if (!s->easy) luaL_error(L, "not enough memory");
  s->code = options_set(s->easy, url, seconds, &o, s->error);
  return s;
}

CURLcode socket_take_descriptor(struct socket *s) {
  CURLcode code = curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &s->fd);
  if (code) return code;
  int flags = fcntl(s->fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK)) return CURLE_OK;
  if (flags >= 0 && !fcntl(s->fd, F_SETFL, flags | O_NONBLOCK)) return CURLE_OK;
  (void)snprintf(s->error, sizeof s->error, "fcntl: errno %d", errno);
  return CURLE_COULDNT_CONNECT;
}

/* libcurl quotes a proxy URL that it cannot parse, and there may be a password in it. */
static void hide_password(lua_State *L, struct socket *s, int index) {
  compat_getslot(L, index, SOCKET_OPTIONS);
  struct options o = options_take(L, -1);
  if (o.proxy && strchr(o.proxy, '@') && strstr(s->error, o.proxy)) s->error[0] = '\0';
  lua_pop(L, 1);
}

int socket_fail(lua_State *L, int index, struct socket *s) {
  long refusal = 0;
  (void)curl_easy_getinfo(s->easy, CURLINFO_HTTP_CONNECTCODE, &refusal);
  shut(s); /* before anything allocates; a failed one may still have descriptors */
  hide_password(L, s, index);
  (void)fail(L, s, s->code == CURLE_OPERATION_TIMEDOUT ? "timeout" : "network", s->code);
  lua_pushinteger(L, (lua_Integer)s->code);
  lua_pushinteger(L, (lua_Integer)refusal);
  return 5;
}

/*
 * curl.connect(url, seconds [, options]) -> socket | nil, kind, why, code, proxy_status. Resolves
 * the name, connects, and does the TLS handshake; blocks for at most 'seconds'. Kind: "timeout" or
 * "network".
 */
int socket_connect(lua_State *L) {
  lua_settop(L, 3);
  struct socket *s = socket_new(L, 1);
  if (!s->code) s->code = curl_easy_perform(s->easy);
  if (!s->code) s->code = socket_take_descriptor(s);
  return s->code ? socket_fail(L, 4, s) : 1;
}

/*
 * socket:connected() -> true, or false while a poller still connects it | nil, kind, why, code,
 * proxy_status, as of curl.connect; the socket is then closed.
 */
static int socket_connected(lua_State *L) {
  struct socket *s = socket_check(L, 1);
  if (!s->connecting && s->code) return socket_fail(L, 1, s);
  lua_pushboolean(L, !s->connecting);
  return 1;
}

/*
 * socket:timings() -> seconds of the name look-up, of connecting, and of the TLS handshake (0
 * without TLS; through a proxy it starts after the tunnel).
 */
static int socket_timings(lua_State *L) {
  struct socket *s = socket_check(L, 1);
  double name = 0, connected = 0, secured = 0;
  (void)curl_easy_getinfo(s->easy, CURLINFO_NAMELOOKUP_TIME, &name);
  (void)curl_easy_getinfo(s->easy, CURLINFO_CONNECT_TIME, &connected);
  (void)curl_easy_getinfo(s->easy, CURLINFO_APPCONNECT_TIME, &secured);
  lua_pushnumber(L, name);
  lua_pushnumber(L, connected - name);
  lua_pushnumber(L, secured > connected ? secured - connected : 0);
  return 3;
}

/* -- the stream ------------------------------------------------------------------------------ */

static enum ddb_io stream_fail(struct socket *s, const char *why) {
  (void)snprintf(s->error, sizeof s->error, "%s", why);
  return DDB_IO_FAILED;
}

static enum ddb_io stream_result(struct socket *s, CURLcode code) {
  if (!code) return DDB_IO_OK;
  if (code == CURLE_AGAIN) return DDB_IO_BLOCKED;
  if (code == CURLE_OUT_OF_MEMORY) return DDB_IO_NOMEM;
  if (!s->error[0]) return stream_fail(s, curl_easy_strerror(code));
  return DDB_IO_FAILED;
}

/* Fails for a socket that cannot be used. */
static enum ddb_io stream_check(struct socket *s) {
  if (!s->easy) return stream_fail(s, "attempt to use a closed socket");
  return is_foreign(s) ? stream_fail(s, "the connection was opened before a fork") : DDB_IO_OK;
}

static enum ddb_io stream_send(void *stream, const char *p, size_t *n) {
  struct socket *s = stream;
  size_t sent = 0;
  enum ddb_io io = stream_check(s);
  if (!io) io = stream_result(s, curl_easy_send(s->easy, p, *n, &sent));
  *n = sent;
  return io;
}

static enum ddb_io stream_receive(void *stream, char *p, size_t *n) {
  struct socket *s = stream;
  size_t received = 0;
  enum ddb_io io = stream_check(s);
  if (!io) io = stream_result(s, curl_easy_recv(s->easy, p, *n, &received));
  *n = received;
  if (!io && received == 0) io = DDB_IO_CLOSED;
  return io;
}

static enum ddb_io stream_wait(void *stream, bool to_send, double seconds) {
  struct socket *s = stream;
  struct pollfd p = {.fd = s->fd, .events = to_send ? POLLOUT : POLLIN};
  double ms = ceil(seconds * 1000);
  int ready = poll(&p, 1, ms < 0 ? 0 : ms > 1e9 ? 1000000000 : (int)ms);
  if (ready > 0) return DDB_IO_OK;
  if (ready == 0 || errno == EINTR) return DDB_IO_BLOCKED;
  (void)snprintf(s->error, sizeof s->error, "poll: errno %d", errno);
  return DDB_IO_FAILED;
}

static const char *stream_why(const void *stream) {
  return ((const struct socket *)stream)->error;
}

static const struct ddb_stream stream = {stream_send, stream_receive, stream_wait, stream_why,
                                         process_seconds};

/* -- methods --------------------------------------------------------------------------------- */

/* Pushes the results of an operation on the stream that failed. */
static int fail_io(lua_State *L, const struct socket *s, enum ddb_io io) {
  if (io == DDB_IO_NOMEM) return luaL_error(L, "not enough memory");
  lua_pushnil(L);
  lua_pushstring(L, io == DDB_IO_CLOSED ? "closed" : "network");
  lua_pushstring(L, io == DDB_IO_CLOSED ? "the server closed the connection" : s->error);
  return 3;
}

/* socket:send(bytes, first) -> count sent, 0 when it would block | nil, kind, why. */
static int socket_send(lua_State *L) {
  struct socket *s = socket_check(L, 1);
  size_t first = (size_t)luaL_checknumber(L, 3) - 1;
  struct ddb_slice bytes = object_checkslice(L, 2);
  luaL_argcheck(L, first < bytes.n, 3, "position within the bytes expected");
  size_t n = bytes.n - first;
  enum ddb_io io = stream_send(s, bytes.p + first, &n);
  if (io && io != DDB_IO_BLOCKED) return fail_io(L, s, io);
  lua_pushnumber(L, (lua_Number)n);
  return 1;
}

/* socket:receive() -> bytes, "" when it would block | nil, "closed" or kind, why. */
static int socket_receive(lua_State *L) {
  struct socket *s = socket_check(L, 1);
  char bytes[RECEIVE_BYTES];
  size_t n = sizeof bytes;
  enum ddb_io io = stream_receive(s, bytes, &n);
  if (io && io != DDB_IO_BLOCKED) return fail_io(L, s, io);
  lua_pushlstring(L, bytes, n);
  return 1;
}

/*
 * socket:shutdown(): ends the connection, but keeps the descriptor. What waits for the socket wakes
 * up, and its send or receive fails.
 */
static int socket_shutdown(lua_State *L) {
  struct socket *s = socket_check(L, 1);
  if (!is_foreign(s) && s->fd != CURL_SOCKET_BAD) (void)shutdown(s->fd, SHUT_RDWR);
  return 0;
}

/*
 * socket:idle() -> true when it is open, has nothing to read, and belongs to this process. Bytes to
 * read may be of TLS alone, such as a new session ticket.
 */
static int socket_idle(lua_State *L) {
  struct socket *s = socket_check(L, 1);
  struct pollfd p = {.fd = s->fd, .events = POLLIN};
  char byte;
  size_t n;
  bool idle = !is_foreign(s) &&
              (poll(&p, 1, 0) == 0 || curl_easy_recv(s->easy, &byte, 1, &n) == CURLE_AGAIN);
  lua_pushboolean(L, idle);
  return 1;
}

/*
 * socket:wait("read" | "write", seconds) -> true, or false when nothing happened in time | nil,
 * why. Blocks.
 */
static int socket_wait(lua_State *L) {
  struct socket *s = socket_check(L, 1);
  enum ddb_io io = stream_wait(s, *luaL_checkstring(L, 2) == 'w', luaL_checknumber(L, 3));
  if (io == DDB_IO_FAILED) {
    lua_pushnil(L);
    lua_pushstring(L, s->error);
    return 2;
  }
  lua_pushboolean(L, io == DDB_IO_OK); /* interrupted: the caller tries again */
  return 1;
}

static const luaL_Reg methods[] = {
    {"send", socket_send},           {"receive", socket_receive},   {"idle", socket_idle},
    {"connected", socket_connected}, {"wait", socket_wait},         {"timings", socket_timings},
    {"close", socket_close},         {"shutdown", socket_shutdown}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", socket_close}, {"__close", socket_close}, {NULL, NULL}};
static const struct object_class socket_class = {"dynamodb.socket", SOCKET_OPTIONS, methods, meta};

void socket_register(lua_State *L) {
  object_register(L, &socket_class);
  lua_pushlightuserdata(L, (void *)(uintptr_t)&stream);
  lua_setfield(L, -2, DDB_STREAM_FIELD);
  lua_pop(L, 1);
}
