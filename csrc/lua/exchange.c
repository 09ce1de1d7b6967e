#include "exchange.h"

#include "../core/stream.h"
#include "request.h"
#include "response.h"

#define RECEIVE_BYTES 65536u /* at most by one call, where the bytes cannot go into the body */

struct exchange {
  lua_State *L;
  struct response *r;
  struct ddb_slice request;
  const struct ddb_stream *class;
  void *stream;
  double deadline;
  bool blocks;
};

/* Takes the arguments of core.exchange and core.resume. */
static struct exchange check(lua_State *L) {
  struct exchange x = {.L = L, .r = response_check(L, 2), .request = request_bytes(L, 1)};
  lua_settop(L, 4);
  luaL_argcheck(L, luaL_getmetafield(L, 3, DDB_STREAM_FIELD), 3, "stream expected");
  x.class = lua_touserdata(L, -1);
  x.stream = lua_touserdata(L, 3);
  x.blocks = !lua_isnil(L, 4);
  if (x.blocks) x.deadline = luaL_checknumber(L, 4);
  lua_settop(L, 4);
  return x;
}

static int push_failure(const struct exchange *x, const char *kind, const char *why) {
  lua_pushnil(x->L);
  lua_pushstring(x->L, kind);
  lua_pushstring(x->L, why);
  lua_pushboolean(x->L, x->r->sent == x->request.n);
  return 4;
}

static int push_done(const struct exchange *x, double now) {
  const struct ddb_http1 *h = &x->r->http;
  lua_pushinteger(x->L, h->status);
  lua_pushnumber(x->L, now);
  lua_pushnumber(x->L, (lua_Number)x->r->received);
  lua_pushnumber(x->L, x->r->first_byte);
  lua_pushboolean(x->L, h->keep_alive);
  return 5;
}

static int push_io_failure(const struct exchange *x, enum ddb_io io) {
  if (io == DDB_IO_NOMEM) return luaL_error(x->L, "not enough memory");
  return push_failure(x, "network", x->class->why(x->stream));
}

static int push_response_failure(const struct exchange *x, const char *kind, enum ddb_status status,
                                 const struct ddb_error *e) {
  if (status == DDB_NOMEM) return luaL_error(x->L, "not enough memory");
  return push_failure(x, kind, e->text);
}

/* The server closed the connection, which may complete the response. */
static int finish(const struct exchange *x) {
  struct ddb_error e;
  if (!x->r->http.started) return push_failure(x, "network", "connection closed before a response");
  enum ddb_status status = ddb_http1_end(&x->r->http, &e);
  if (status) return push_response_failure(x, "network", status, &e);
  return push_done(x, x->class->now());
}

/*
 * Waits until the stream is ready -> 0, or the number of results that end this call: a failure, or
 * what the caller has to wait for.
 */
static int wait(const struct exchange *x, bool to_send) {
  while (x->blocks) {
    double left = x->deadline - x->class->now();
    if (!(left > 0)) return push_failure(x, "timeout", "no response in time");
    enum ddb_io io = x->class->wait(x->stream, to_send, left);
    if (!io) return 0;
    if (io != DDB_IO_BLOCKED) return push_io_failure(x, io);
  }
  lua_pushboolean(x->L, 0);
  lua_pushstring(x->L, to_send ? "write" : "read");
  return 2;
}

/* Sends what is left of the request -> 0, or the number of results. */
static int send(const struct exchange *x) {
  struct response *r = x->r;
  while (r->sent < x->request.n) {
    size_t n = x->request.n - r->sent;
    enum ddb_io io = x->class->send(x->stream, x->request.p + r->sent, &n);
    if (io && io != DDB_IO_BLOCKED) return push_io_failure(x, io);
    r->sent += n;
    int results = r->sent < x->request.n ? wait(x, true) : 0;
    if (results) return results;
  }
  return 0;
}

/* Receives into the body where that is possible, else into memory of its own. */
static enum ddb_io receive_some(const struct exchange *x, size_t *n, enum ddb_status *status,
                                struct ddb_error *e) {
  char bytes[RECEIVE_BYTES];
  char *room = ddb_http1_room(&x->r->http, n);
  if (!room) *n = sizeof bytes;
  enum ddb_io io = x->class->receive(x->stream, room ? room : bytes, n);
  if (io) return io;
  if (room)
    ddb_http1_received(&x->r->http, *n);
  else
    *status = response_take(x->r, bytes, *n, e);
  return DDB_IO_OK;
}

/* Receives until the response is complete -> number of results. */
static int receive(const struct exchange *x) {
  struct response *r = x->r;
  struct ddb_error e;
  for (;;) {
    size_t n = 0;
    enum ddb_status status = DDB_OK;
    enum ddb_io io = receive_some(x, &n, &status, &e);
    if (io == DDB_IO_CLOSED) return finish(x);
    if (io == DDB_IO_BLOCKED) {
      int results = wait(x, false);
      if (results) return results;
      continue;
    }
    if (io) return push_io_failure(x, io);
    double now = x->class->now();
    if (r->received == 0) r->first_byte = now;
    r->received += n;
    if (status) return push_response_failure(x, "response", status, &e);
    if (r->http.done) return push_done(x, now);
    if (x->blocks && now >= x->deadline)
      return push_failure(x, "timeout", "the response did not end in time");
  }
}

/*
 * core.exchange(request, response, stream [, deadline]) -> status, now, received, first_byte,
 * keep_alive | nil, kind, why, sent | false, "read" or "write".
 * Sends the whole request and receives until the response is complete. Status is that of HTTP;
 * 'now' and 'first_byte' are times of the stream's clock, 'received' counts bytes, 'keep_alive'
 * tells that the connection can carry another request. Kind is "network", "timeout" or "response";
 * 'sent' is true when the whole request was sent. Blocks until the deadline, by the stream's clock;
 * without one it does not block: then false tells what the caller has to wait for before it
 * resumes.
 */
static int core_exchange(lua_State *L) {
  const struct exchange x = check(L);
  response_clear(x.r);
  int results = send(&x);
  if (!results) results = wait(&x, false); /* the response cannot be there yet */
  return results ? results : receive(&x);
}

/* core.resume(request, response, stream [, deadline]): goes on after false; as core.exchange. */
static int core_resume(lua_State *L) {
  const struct exchange x = check(L);
  int results = send(&x);
  return results ? results : receive(&x);
}

void exchange_open(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"exchange", core_exchange}, {"resume", core_resume}, {NULL, NULL}};
  object_setfuncs(L, functions);
}
