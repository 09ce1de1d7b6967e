/*
 * Makes system calls fail. As a preloaded library it stands before the C library's functions, also
 * in those that libcurl calls; as the Lua module "faults" it is told which of them fail:
 *   faults.arm(name, n, errno, only): the n-th call of that name, and unless 'only' all later
 *     ones, fail with this error
 *   faults.disarm() -> how many calls of that name there were
 *   faults.setenv(name, value): sets a variable of the environment, or removes it for nil
 * FAULTS, a variable of the environment such as "fork 1 11 0", arms a program as it starts; its
 * last word is 'only'. So the calls of programs that Lua starts fail.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static char armed[32]; /* the name of the function that fails, or "" */
static long nth, calls;
static int code;
static bool only_one;
static FILE *broken; /* the file of which a read failed */

/* Returns true when this call must fail, and sets errno. */
static bool fails(const char *name) {
  if (!armed[0] || strcmp(name, armed) != 0) return false;
  if (++calls < nth || (only_one && calls > nth)) return false;
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
WRAP(int, -1, timerfd_settime,
     (int a, int b, const struct itimerspec *c, struct itimerspec *d), (a, b, c, d))
WRAP(int, -1, getsockname, (int a, struct sockaddr *restrict b, socklen_t *restrict c), (a, b, c))
WRAP(int, -1, getpeername, (int a, struct sockaddr *restrict b, socklen_t *restrict c), (a, b, c))
WRAP(int, -1, socketpair, (int a, int b, int c, int d[2]), (a, b, c, d))
WRAP(ssize_t, -1, read, (int a, void *b, size_t c), (a, b, c))
WRAP(ssize_t, -1, write, (int a, const void *b, size_t c), (a, b, c))
WRAP(int, EAGAIN, pthread_create,
     (pthread_t *restrict a, const pthread_attr_t *restrict b, void *(*c)(void *),
      void *restrict d),
     (a, b, c, d))
WRAP(int, -1, pipe, (int a[2]), (a))
WRAP(int, -1, dup2, (int a, int b), (a, b))
WRAP(pid_t, -1, fork, (void), ())
WRAP(int, -1, execve, (const char *a, char *const b[], char *const c[]), (a, b, c))
WRAP(int, -1, execvp, (const char *a, char *const b[]), (a, b))
WRAP(pid_t, -1, wait3, (int *a, int b, struct rusage *c), (a, b, c))
WRAP(pid_t, -1, waitpid, (pid_t a, int *b, int c), (a, b, c))
WRAP(FILE *, NULL, fopen, (const char *restrict a, const char *restrict b), (a, b))
WRAP(FILE *, NULL, fopen64, (const char *restrict a, const char *restrict b), (a, b))
WRAP(FILE *, NULL, popen, (const char *a, const char *b), (a, b))
WRAP(int, EAI_SYSTEM, getaddrinfo,
     (const char *restrict a, const char *restrict b, const struct addrinfo *restrict c,
      struct addrinfo **restrict d),
     (a, b, c, d))

/* A child of vfork must not return from here; the one of fork may. */
pid_t vfork(void);
pid_t vfork(void) {
  return fails("vfork") ? -1 : fork();
}

/* The child has ended; only its status is lost, as where SIGCHLD is ignored. */
int pclose(FILE *file) {
  static int (*real)(FILE *);
  if (!real) *(void **)(&real) = dlsym(RTLD_NEXT, "pclose");
  int status = real(file);
  return fails("pclose") ? -1 : status;
}

size_t fread(void *restrict p, size_t size, size_t n, FILE *restrict file) {
  static size_t (*real)(void *restrict, size_t, size_t, FILE *restrict);
  if (!real) *(void **)(&real) = dlsym(RTLD_NEXT, "fread");
  if (!fails("fread")) return real(p, size, n, file);
  broken = file;
  return 0;
}

int ferror(FILE *file) {
  static int (*real)(FILE *);
  if (!real) *(void **)(&real) = dlsym(RTLD_NEXT, "ferror");
  return file == broken ? 1 : real(file);
}

/*
 * F_GETFL and F_SETFL do not fail for an open socket. libcurl does not look at their results; had
 * they failed, TLS would block.
 */
int fcntl(int fd, int command, ...) {
  static int (*real)(int, int, ...);
  va_list list;
  va_start(list, command);
  long argument = va_arg(list, long);
  va_end(list);
  if (command != F_GETFL && command != F_SETFL && fails("fcntl")) return -1;
  if (!real) *(void **)(&real) = dlsym(RTLD_NEXT, "fcntl");
  return real(fd, command, argument);
}

/* Reads what programs that Lua starts are told. */
__attribute__((constructor)) static void arm_program(void) {
  int only = 0;
  const char *text = getenv("FAULTS");
  if (text && sscanf(text, "%31s %ld %d %d", armed, &nth, &code, &only) < 4) abort();
  only_one = only != 0;
}

static int faults_arm(lua_State *L) {
  nth = (long)luaL_checkinteger(L, 2);
  code = (int)luaL_checkinteger(L, 3);
  only_one = lua_toboolean(L, 4);
  calls = 0;
  (void)snprintf(armed, sizeof armed, "%s", luaL_checkstring(L, 1));
  return 0;
}

static int faults_disarm(lua_State *L) {
  armed[0] = '\0';
  broken = NULL;
  lua_pushinteger(L, calls);
  return 1;
}

static int faults_setenv(lua_State *L) {
  const char *value = luaL_optstring(L, 2, NULL);
  if (value)
    (void)setenv(luaL_checkstring(L, 1), value, 1);
  else
    (void)unsetenv(luaL_checkstring(L, 1));
  return 0;
}

int luaopen_faults(lua_State *L);

int luaopen_faults(lua_State *L) {
  static const luaL_Reg functions[] = {{"arm", faults_arm},
                                       {"disarm", faults_disarm},
                                       {"setenv", faults_setenv},
                                       {NULL, NULL}};
  lua_newtable(L);
  for (const luaL_Reg *f = functions; f->name; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  return 1;
}
