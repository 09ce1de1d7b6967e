/*
 * Makes system calls fail. As a preloaded library it stands before the C library's functions, also
 * in those that libcurl calls; as the Lua module "faults" it is told which of them fail:
 *   faults.arm(name, n, errno): the n-th call of that name and all later ones fail with this error
 *   faults.disarm() -> how many calls of that name there were
 */
#include <dlfcn.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static char armed[32]; /* the name of the function that fails, or "" */
static long nth, calls;
static int code;

/* Returns true when this call must fail, and sets errno. */
static bool fails(const char *name) {
  if (!armed[0] || strcmp(name, armed) != 0) return false;
  if (++calls < nth) return false;
  errno = code;
  return true;
}

/* Defines a function of the C library that can fail. */
#define WRAP(result, failed, name, parameters, arguments)                                          \
  result name parameters;                                                                          \
  result name parameters {                                                                         \
    static result(*real) parameters;                                                               \
    if (fails(#name)) return failed;                                                               \
    if (!real) *(void **)(&real) = dlsym(RTLD_NEXT, #name);                                        \
    return real arguments;                                                                         \
  }

WRAP(int, -1, socket, (int a, int b, int c), (a, b, c))
WRAP(int, -1, connect, (int a, const struct sockaddr *b, socklen_t c), (a, b, c))
WRAP(int, -1, getsockopt, (int a, int b, int c, void *restrict d, socklen_t *restrict e),
     (a, b, c, d, e))
WRAP(int, -1, setsockopt, (int a, int b, int c, const void *d, socklen_t e), (a, b, c, d, e))
WRAP(ssize_t, -1, send, (int a, const void *b, size_t c, int d), (a, b, c, d))
WRAP(ssize_t, -1, recv, (int a, void *b, size_t c, int d), (a, b, c, d))
WRAP(int, -1, poll, (struct pollfd * a, nfds_t b, int c), (a, b, c))
WRAP(int, -1, epoll_create1, (int a), (a))
WRAP(int, -1, epoll_ctl, (int a, int b, int c, struct epoll_event *d), (a, b, c, d))
WRAP(int, -1, epoll_wait, (int a, struct epoll_event *b, int c, int d), (a, b, c, d))
WRAP(int, -1, timerfd_create, (clockid_t a, int b), (a, b))
WRAP(FILE *, NULL, fopen, (const char *restrict a, const char *restrict b), (a, b))
WRAP(FILE *, NULL, fopen64, (const char *restrict a, const char *restrict b), (a, b))
WRAP(FILE *, NULL, popen, (const char *a, const char *b), (a, b))
WRAP(int, EAI_SYSTEM, getaddrinfo,
     (const char *restrict a, const char *restrict b, const struct addrinfo *restrict c,
      struct addrinfo **restrict d),
     (a, b, c, d))

int fcntl(int fd, int command, ...) {
  static int (*real)(int, int, ...);
  va_list list;
  va_start(list, command);
  long argument = va_arg(list, long);
  va_end(list);
  if (fails("fcntl")) return -1;
  if (!real) *(void **)(&real) = dlsym(RTLD_NEXT, "fcntl");
  return real(fd, command, argument);
}

static int faults_arm(lua_State *L) {
  nth = (long)luaL_checkinteger(L, 2);
  code = (int)luaL_checkinteger(L, 3);
  calls = 0;
  (void)snprintf(armed, sizeof armed, "%s", luaL_checkstring(L, 1));
  return 0;
}

static int faults_disarm(lua_State *L) {
  armed[0] = '\0';
  lua_pushinteger(L, calls);
  return 1;
}

int luaopen_faults(lua_State *L);

int luaopen_faults(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, faults_arm);
  lua_setfield(L, -2, "arm");
  lua_pushcfunction(L, faults_disarm);
  lua_setfield(L, -2, "disarm");
  return 1;
}
