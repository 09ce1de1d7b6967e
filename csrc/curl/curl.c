/* dynamodb.curl: DNS, TCP and TLS by libcurl, without its HTTP: sockets, pollers and a clock. */
#include "poller.h"
#include "process.h"

#include <errno.h>
#include <math.h>
#include <time.h>

/* curl.forks() -> how many forks lie between the loading of this module and this process. */
static int count_forks(lua_State *L) {
  lua_pushnumber(L, (lua_Number)process_forks());
  return 1;
}

/* curl.is_started() -> true once libcurl was initialised, by the first connection. */
static int is_started(lua_State *L) {
  lua_pushboolean(L, process_has_libcurl());
  return 1;
}

/* curl.now() -> seconds of the monotonic clock. */
static int clock_now(lua_State *L) {
  lua_pushnumber(L, process_seconds());
  return 1;
}

/* curl.sleep(seconds): blocks the process. */
static int clock_sleep(lua_State *L) {
  double seconds = luaL_checknumber(L, 1);
  if (!(seconds > 0)) return 0;
  struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
  while (nanosleep(&t, &t) && errno == EINTR) continue;
  return 0;
}

/* Sets the field 'codes' of the table at the top: the CURLcodes that Lua distinguishes, by name. */
static void push_codes(lua_State *L) {
  static const struct {
    const char *name;
    CURLcode code;
  } codes[] = {{"UNSUPPORTED_PROTOCOL", CURLE_UNSUPPORTED_PROTOCOL},
               {"URL_MALFORMAT", CURLE_URL_MALFORMAT},
               {"NOT_BUILT_IN", CURLE_NOT_BUILT_IN},
               {"UNKNOWN_OPTION", CURLE_UNKNOWN_OPTION},
               {"BAD_FUNCTION_ARGUMENT", CURLE_BAD_FUNCTION_ARGUMENT},
               {"SSL_CERTPROBLEM", CURLE_SSL_CERTPROBLEM},
               {"PEER_FAILED_VERIFICATION", CURLE_PEER_FAILED_VERIFICATION},
               {"SSL_CACERT_BADFILE", CURLE_SSL_CACERT_BADFILE},
               {"SSL_ISSUER_ERROR", CURLE_SSL_ISSUER_ERROR},
               {"SSL_CIPHER", CURLE_SSL_CIPHER}};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    lua_pushinteger(L, (lua_Integer)codes[i].code);
    lua_setfield(L, -2, codes[i].name);
  }
  lua_setfield(L, -2, "codes");
}

__attribute__((visibility("default"))) int luaopen_dynamodb_curl(lua_State *L);

int luaopen_dynamodb_curl(lua_State *L) {
  static const luaL_Reg functions[] = {{"connect", socket_connect}, {"forks", count_forks},
                                       {"is_started", is_started},  {"now", clock_now},
#ifdef __linux__
                                       {"poller", poller_create},
#endif
                                       {"sleep", clock_sleep},      {NULL, NULL}};
  process_watch_forks();
  socket_register(L);
  poller_register(L);
  lua_newtable(L);
  object_setfuncs(L, functions);
  push_codes(L);
  return 1;
}
