/* dynamodb.curl: DNS, TCP and TLS by libcurl, and nothing of its HTTP. Sockets, pollers, a clock.
 */
#include "poller.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

/* Counted by the system's own hook, so that looking costs nothing. */
static unsigned forks;

static void count_fork(void) {
  forks++;
}

static void watch_forks(void) {
  (void)pthread_atfork(NULL, NULL, count_fork);
}

unsigned process_forks(void) {
  return forks;
}

/* curl.forks() -> how many forks lie between the loading of this module and this process. */
static int count_forks(lua_State *L) {
  lua_pushnumber(L, (lua_Number)forks);
  return 1;
}

double clock_seconds(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* curl.now() -> seconds of a clock that nobody sets. */
static int clock_now(lua_State *L) {
  lua_pushnumber(L, clock_seconds());
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

__attribute__((visibility("default"))) int luaopen_dynamodb_curl(lua_State *L);

int luaopen_dynamodb_curl(lua_State *L) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static const luaL_Reg functions[] = {{"connect", socket_connect}, {"forks", count_forks},
                                       {"now", clock_now},
#ifdef __linux__
                                       {"poller", poller_create},
#endif
                                       {"sleep", clock_sleep},      {NULL, NULL}};
  if (curl_global_init(CURL_GLOBAL_DEFAULT)) return luaL_error(L, "libcurl does not start");
  (void)pthread_once(&once, watch_forks);
  socket_register(L);
  poller_register(L);
  lua_newtable(L);
  object_setfuncs(L, functions);
  return 1;
}
