/*
 * The module `counter` of bench/instructions.lua: lets callgrind count the instructions of a part
 * of the script. It is preloaded as well, so that the time and the random numbers of the system are
 * the same in each run; Lua and LuaJIT seed their hash functions with them.
 */
#include <dlfcn.h>
#include <lauxlib.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#define FIXED_TIME ((time_t)1800000000) /* seconds since 1970 */

int luaopen_counter(lua_State *L);
int RAND_bytes(unsigned char *p, int n);

/* Replaces the function of libc. */
time_t time(time_t *result) {
  if (result) *result = FIXED_TIME;
  return FIXED_TIME;
}

/* Replaces the function of libc: getrandom fills the buffer with fixed bytes. */
long syscall(long number, ...) {
  static long (*original)(long, ...);
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_getrandom) {
    memset((void *)a[0], 0x5a, (size_t)a[1]); /* NOLINT: the address is an argument of the call */
    return a[1];
  }
  if (!original) *(void **)&original = dlsym(RTLD_NEXT, "syscall");
  return original(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Replaces the function of libcrypto, which the library takes its random numbers from. */
int RAND_bytes(unsigned char *p, int n) {
  static unsigned state = 1;
  for (int i = 0; i < n; i++) {
    state = state * 1103515245u + 12345u;
    p[i] = (unsigned char)(state >> 16);
  }
  return 1;
}

/* counter.start() counts from here on, beginning with zero. */
static int counter_start(lua_State *L) {
  (void)L;
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  return 0;
}

/* counter.stop(name) writes the count into a file of callgrind that contains the name. */
static int counter_stop(lua_State *L) {
  CALLGRIND_DUMP_STATS_AT(luaL_checkstring(L, 1));
  CALLGRIND_STOP_INSTRUMENTATION;
  return 0;
}

/* counter.is_active() returns whether callgrind runs this process. */
static int counter_is_active(lua_State *L) {
  lua_pushboolean(L, RUNNING_ON_VALGRIND != 0);
  return 1;
}

int luaopen_counter(lua_State *L) {
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, counter_start);
  lua_setfield(L, -2, "start");
  lua_pushcfunction(L, counter_stop);
  lua_setfield(L, -2, "stop");
  lua_pushcfunction(L, counter_is_active);
  lua_setfield(L, -2, "is_active");
  return 1;
}
