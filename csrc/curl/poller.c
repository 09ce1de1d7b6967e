/*
 * A hub is a multi handle of libcurl. A socket is connected in a hub, and must stay in it
 * afterwards. libcurl searches all connections of a hub whenever bytes are sent or received, so a
 * hub has few sockets. It reads the trusted authorities once for each hub, so a hub has more than
 * one.
 */
#include "poller.h"

#include "process.h"
#include "watch.h"

#ifdef __linux__
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define HUB_SOCKETS 32 /* at most in one hub */
#define MOST_READY 256 /* sockets that one step reports */
/* Keys begin beyond the integers that LuaJIT keeps in the array part of a table, whose growth may
 * lose elements when memory runs out. */
#define FIRST_KEY 0x100000000

struct hub {
  CURLM *multi;          /* owned */
  struct poller *poller; /* NULL when that is closed; the last socket then ends the hub */
  struct hub *next;
  int sockets;
  double due; /* when libcurl wants to be called without an event */
};

struct poller {
  struct watch watch;     /* its epoll is -1 when the poller is closed */
  unsigned birth;         /* process_forks() when it was made */
  int64_t last_key;       /* keys are not used again */
  struct hub *hubs;       /* owned */
  struct socket *sockets; /* those that it has adopted */
  bool has_refused;       /* epoll refused a descriptor of one of them */
};

struct ready {
  int count;
  int64_t keys[MOST_READY];
};

static const struct object_class poller_class;

static bool is_foreign(const struct poller *p) {
  return p->birth != process_forks();
}

/* Watches a descriptor of the socket for these events. Returns 0 or an error number. */
static int watch(struct poller *p, int fd, struct socket *s, uint32_t events) {
  return is_foreign(p) ? EPERM : watch_set(&p->watch, fd, s, events);
}

/* Stops watching a socket. */
static void forget(struct socket *s) {
  struct poller *p = s->poller;
  watch_forget(&p->watch, s, is_foreign(p));
  if (s->before)
    s->before->after = s->after;
  else
    p->sockets = s->after;
  if (s->after) s->after->before = s->before;
  s->before = s->after = NULL;
  s->poller = NULL;
}

/* The poller watches the socket from now on, under a new key. */
static void adopt(struct poller *p, struct socket *s) {
  s->poller = p;
  s->unwatch = forget;
  s->key = ++p->last_key;
  s->after = p->sockets;
  if (s->after) s->after->before = s;
  p->sockets = s;
}

static struct socket *owner_of(CURL *easy) {
  char *owner = NULL;
  (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
  return (struct socket *)(void *)owner;
}

/*
 * Called by libcurl with the events that it waits for. It always succeeds, because libcurl gives up
 * all sockets of the hub after a failure.
 */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *poller, void *unused) {
  struct poller *p = poller;
  (void)unused;
  if (what == CURL_POLL_REMOVE) {
    watch_unset(&p->watch, fd, is_foreign(p));
    return 0;
  }
  uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
  struct socket *s = owner_of(easy);
  int error = watch(p, fd, s, events);
  if (error) {
    s->refused = error;
    p->has_refused = true;
  }
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *hub) {
  (void)multi;
  ((struct hub *)hub)->due = ms < 0 ? HUGE_VAL : process_seconds() + (double)ms / 1000;
  return 0;
}

/* Returns a hub that has room, or NULL when memory runs out. */
static struct hub *hub_with_room(struct poller *p) {
  struct hub *h = p->hubs;
  while (h && h->sockets >= HUB_SOCKETS) h = h->next;
  if (h) return h;
  h = calloc(1, sizeof *h);
  if (!h) return NULL;
  h->multi = curl_multi_init();
  if (!h->multi) {
    free(h);
    return NULL;
  }
  (void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  (void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, p);
  (void)curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  (void)curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
  h->poller = p;
  h->due = HUGE_VAL;
  h->next = p->hubs;
  p->hubs = h;
  return h;
}

/*
 * Takes a socket, whose handle is gone, out of its hub. The last one ends the hub: libcurl keeps
 * the descriptor of a connection that was given up while it was being made.
 */
static void leave(struct socket *s) {
  struct hub *h = s->hub;
  s->hub = NULL;
  if (--h->sockets > 0) return;
  if (h->poller) {
    struct hub **link = &h->poller->hubs;
    while (*link != h) link = &(*link)->next;
    *link = h->next;
  }
  (void)curl_multi_cleanup(h->multi);
  free(h);
}

/* Lets libcurl handle a descriptor, or its timeouts: then asks when the next one is due. */
static void act(struct hub *h, curl_socket_t fd, int events) {
  int running;
  long ms = -1;
  (void)curl_multi_socket_action(h->multi, fd, events, &running);
  if (fd != CURL_SOCKET_TIMEOUT) return;
  (void)curl_multi_timeout(h->multi, &ms);
  (void)on_timer(h->multi, ms, h);
}

/* Collects the connecting sockets that epoll refuses to watch: nothing would report them. */
static void collect_refused(struct poller *p, struct ready *r) {
  if (!p->has_refused) return;
  struct socket *s = p->sockets;
  for (; s && r->count < MOST_READY; s = s->after) {
    if (!s->refused || !s->connecting) continue;
    s->connecting = false;
    s->code = CURLE_COULDNT_CONNECT;
    (void)snprintf(s->error, sizeof s->error, "epoll_ctl: errno %d", s->refused);
    r->keys[r->count++] = s->key;
  }
  p->has_refused = s != NULL;
}

/* Collects the sockets whose connecting has ended. */
static void collect(struct poller *p, struct ready *r) {
  int left;
  for (struct hub *h = p->hubs; h; h = h->next) {
    while (r->count < MOST_READY) {
      const CURLMsg *m = curl_multi_info_read(h->multi, &left);
      if (!m) break;
      struct socket *s = owner_of(m->easy_handle);
      if (!s->connecting) continue; /* epoll has refused it */
      s->connecting = false;
      s->code = m->data.result;
      if (!s->code) s->code = socket_take_descriptor(s);
      r->keys[r->count++] = s->key;
    }
  }
}

static struct poller *check(lua_State *L) {
  struct poller *p = object_check(L, 1, &poller_class);
  if (p->watch.epoll < 0) luaL_error(L, "attempt to use a closed poller");
  if (is_foreign(p)) luaL_error(L, "attempt to use a poller that was made before a fork");
  return p;
}

static void shut(struct poller *p) {
  for (struct socket *s = p->sockets, *after; s; s = after) {
    after = s->after;
    s->before = s->after = NULL;
    s->poller = NULL;
    s->watched = 0;
  }
  for (struct hub *h = p->hubs; h; h = h->next) {
    h->poller = NULL;
    (void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, NULL);
  }
  watch_close(&p->watch);
  memset(p, 0, sizeof *p);
  p->watch.epoll = -1;
}

static int poller_close(lua_State *L) {
  struct poller *p = object_check(L, 1, &poller_class);
  if (p->watch.epoll >= 0) shut(p);
  return 0;
}

/* Pushes nil and the text of a failed system call. */
static int fail(lua_State *L, const char *what, int error) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: errno %d", what, error);
  return 2;
}

int poller_create(lua_State *L) {
  struct poller *p = object_new(L, &poller_class, sizeof *p);
  p->birth = process_forks();
  p->last_key = FIRST_KEY;
  const char *failed = watch_open(&p->watch);
  if (!failed) return 1;
  int error = errno;
  shut(p);
  return fail(L, failed, error);
}

/*
 * poller:connect(url, seconds [, options]) -> socket, key | nil, kind, why, code, proxy_status.
 * Starts connecting; after a step has reported the key, socket:connected() returns the result.
 */
static int poller_connect(lua_State *L) {
  struct poller *p = check(L);
  lua_settop(L, 4);
  struct socket *s = socket_new(L, 2);
  if (s->code) return socket_fail(L, 5, s);
  struct hub *h = hub_with_room(p);
  if (!h) return luaL_error(L, "not enough memory");
  (void)curl_easy_setopt(s->easy, CURLOPT_PRIVATE, (void *)s);
  adopt(p, s);
  s->hub = h;
  s->leave = leave;
  h->sockets++;
  s->connecting = true;
  if (curl_multi_add_handle(h->multi, s->easy)) return luaL_error(L, "not enough memory");
  act(h, CURL_SOCKET_TIMEOUT, 0);
  compat_pushinteger(L, s->key);
  return 2;
}

/*
 * poller:watch(socket, "read" | "write") -> key, which a step reports once when that is possible |
 * nil, why.
 */
static int poller_watch(lua_State *L) {
  struct poller *p = check(L);
  struct socket *s = socket_check(L, 2);
  uint32_t events = *luaL_checkstring(L, 3) == 'w' ? EPOLLOUT : EPOLLIN;
  if (s->poller != p) {
    if (s->poller) forget(s);
    adopt(p, s);
  }
  int error = watch(p, s->fd, s, events | EPOLLONESHOT);
  if (error) return fail(L, "epoll_ctl", error);
  compat_pushinteger(L, s->key);
  return 1;
}

/* Returns the time at which libcurl wants to be called. */
static double first_due(const struct poller *p) {
  double due = HUGE_VAL;
  for (const struct hub *h = p->hubs; h; h = h->next)
    if (h->due < due) due = h->due;
  return due;
}

static int milliseconds(const struct poller *p, double seconds) {
  double left = first_due(p) - process_seconds();
  double ms = ceil((left < seconds ? left : seconds) * 1000);
  if (!(ms > 0)) return 0;
  return ms < 1e9 ? (int)ms : seconds < HUGE_VAL ? 1000000000 : -1;
}

static void take_event(struct poller *p, const struct epoll_event *e, struct ready *r) {
  int fd = e->data.fd;
  if (watch_take_alarm(&p->watch, fd)) return;
  struct socket *s = watch_owner(&p->watch, fd);
  if (!s) return;
  if (!s->connecting) {
    r->keys[r->count++] = s->key;
    return;
  }
  int events = (e->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (e->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (e->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
  act(s->hub, fd, events);
}

/* Waits for events, at most that many seconds. Returns 0 or an error number. */
static int wait_for_events(struct poller *p, double seconds, struct ready *r) {
  struct epoll_event events[MOST_READY];
  collect_refused(p, r);
  collect(p, r);
  if (r->count == MOST_READY) return 0;
  int wait = r->count > 0 ? 0 : milliseconds(p, seconds);
  int count = epoll_wait(p->watch.epoll, events, MOST_READY - r->count, wait);
  if (count < 0) return errno == EINTR ? 0 : errno;
  for (int i = 0; i < count; i++) take_event(p, &events[i], r);
  double now = process_seconds();
  for (struct hub *h = p->hubs; h; h = h->next)
    if (h->due <= now) act(h, CURL_SOCKET_TIMEOUT, 0);
  collect_refused(p, r);
  collect(p, r);
  return 0;
}

/* Makes the list long enough beforehand, so that no key is lost when memory runs out. */
static void lengthen(lua_State *L, int list) {
  lua_rawgeti(L, list, MOST_READY);
  bool is_long = !lua_isnil(L, -1);
  lua_pop(L, 1);
  for (int i = 1; !is_long && i <= MOST_READY; i++) {
    compat_pushinteger(L, 0);
    lua_rawseti(L, list, i);
  }
}

/*
 * poller:step(seconds, list) -> count | nil, why: waits until something is ready, at most that many
 * seconds; list[1] to list[count] are the keys of what is ready.
 */
static int poller_step(lua_State *L) {
  struct poller *p = check(L);
  double seconds = luaL_checknumber(L, 2);
  struct ready r;
  luaL_checktype(L, 3, LUA_TTABLE);
  r.count = 0;
  lengthen(L, 3);
  int error = wait_for_events(p, seconds, &r);
  if (error) return fail(L, "epoll_wait", error);
  for (int i = 0; i < r.count; i++) {
    compat_pushinteger(L, r.keys[i]);
    lua_rawseti(L, 3, i + 1);
  }
  lua_pushinteger(L, r.count);
  return 1;
}

/*
 * poller:descriptor() -> the number of the descriptor that is readable when a step has something to
 * do.
 */
static int poller_descriptor(lua_State *L) {
  lua_pushinteger(L, check(L)->watch.epoll);
  return 1;
}

/*
 * poller:alarm(time): the descriptor becomes readable at that time of curl.now, or when libcurl is
 * due.
 */
static int poller_alarm(lua_State *L) {
  struct poller *p = check(L);
  double at = luaL_checknumber(L, 2), due = first_due(p);
  if (due < at) at = due;
  watch_alarm(&p->watch, at);
  return 0;
}

static const luaL_Reg methods[] = {{"connect", poller_connect},
                                   {"watch", poller_watch},
                                   {"step", poller_step},
                                   {"descriptor", poller_descriptor},
                                   {"alarm", poller_alarm},
                                   {"close", poller_close},
                                   {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", poller_close}, {"__close", poller_close}, {NULL, NULL}};
static const struct object_class poller_class = {"dynamodb.poller", 0, methods, meta};

void poller_register(lua_State *L) {
  object_register(L, &poller_class);
  lua_pop(L, 1);
}

#endif
