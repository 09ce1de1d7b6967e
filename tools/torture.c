/*
 * Runs Lua scripts while the n-th allocation and all later ones fail, for growing n until a run
 * completes: first the allocations of Lua, then those of the C files, which the linker option
 * --wrap redirects to this file. After each failure the script must succeed in the same Lua state,
 * with as many open descriptors as before. AddressSanitizer reports leaks and uses of freed memory.
 * Usage: torture SECONDS SCRIPT... When a script would take longer, some n are left out; the output
 * tells which.
 */
#include <dirent.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int luaopen_dynamodb_core(lua_State *L);
int luaopen_dynamodb_curl(lua_State *L);
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static long lua_countdown, c_countdown; /* the n-th allocation fails; 0 means never */
static bool has_failed;

/* Counts an allocation and returns true if it must fail. The countdown stops at 1. */
static bool fails(long *countdown) {
  if (*countdown == 0) return false;
  if (*countdown == 1) return has_failed = true;
  --*countdown;
  return false;
}

void *__wrap_malloc(size_t n) {
  return fails(&c_countdown) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n) {
  return fails(&c_countdown) ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n) {
  return fails(&c_countdown) ? NULL : __real_realloc(p, n);
}

static void *lua_allocate(void *context, void *p, size_t old, size_t n) {
  (void)context;
  if (n == 0) {
    free(p);
    return NULL;
  }
  if ((!p || n > old) && fails(&lua_countdown)) return NULL;
  return __real_realloc(p, n);
}

/* Runs the script, which loads the library, and pushes the function that it returns. */
static bool load(lua_State *L, const char *script) {
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_dynamodb_core);
  lua_setfield(L, -2, "dynamodb.core");
  lua_pushcfunction(L, luaopen_dynamodb_curl);
  lua_setfield(L, -2, "dynamodb.curl");
  lua_settop(L, 0);
  if (luaL_loadfile(L, script) == 0 && lua_pcall(L, 0, 1, 0) == 0) return true;
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  return false;
}

/* Calls the function at index 1 with whether all allocations succeed. */
static int run(lua_State *L, bool is_undisturbed) {
  lua_pushvalue(L, 1);
  lua_pushboolean(L, is_undisturbed);
  return lua_pcall(L, 1, 0, 0);
}

static int count_descriptors(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder && readdir(folder)) count++;
  if (folder) (void)closedir(folder);
  return count;
}

static double seconds(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Returns the error at the top as text. */
static const char *text_of(lua_State *L) {
  lua_getglobal(L, "tostring");
  lua_insert(L, -2);
  return lua_pcall(L, 1, 1, 0) ? "an error without a text" : lua_tostring(L, -1);
}

static int complain(lua_State *L, long n) {
  fprintf(stderr, "failure %ld: %s\n", n, text_of(L));
  return -1;
}

/*
 * Runs the script while allocations fail from the n-th on. Returns 1 if it succeeded without such a
 * failure, 0 if it must be run with a larger n, -1 if it failed although allocations succeeded.
 */
static int attempt(lua_State *L, long *countdown, long n, int descriptors) {
  *countdown = n;
  has_failed = false;
  int failed = run(L, false);
  bool reached = has_failed;
  *countdown = 0;
  if (failed && !strstr(text_of(L), "not enough memory")) return complain(L, n);
  lua_settop(L, 1);
  if (!failed && !reached) return 1;
  if (run(L, true)) return complain(L, n);
  int now = count_descriptors();
  if (now <= descriptors) return 0;
  fprintf(stderr, "failure %ld: %d descriptors are open instead of %d\n", n, now, descriptors);
  return -1;
}

/* Runs the script once. Returns the number of its allocations, or -1. */
static long count_allocations(lua_State *L, long *countdown) {
  if (run(L, true)) return complain(L, 0);
  *countdown = LONG_MAX;
  int failed = run(L, true);
  long count = LONG_MAX - *countdown;
  *countdown = 0;
  return failed ? complain(L, 0) : count;
}

/* Fails every step-th allocation, so that the script takes about as long as 'limit'. */
static long step_for(lua_State *L, long *countdown, long count, int descriptors, double limit) {
  enum { PROBES = 8 };
  double start = seconds();
  for (int i = 1; i <= PROBES; i++) {
    if (attempt(L, countdown, 1 + count * i / (PROBES + 1), descriptors) < 0) return -1;
  }
  double each = (seconds() - start) / PROBES;
  return 1 + (long)(each * (double)count / limit);
}

static bool torture(const char *script, const char *what, long *countdown, double limit) {
  lua_State *L = lua_newstate(lua_allocate, NULL);
  long count = L && load(L, script) ? count_allocations(L, countdown) : -1;
  int descriptors = count_descriptors();
  long step = count < 0 ? -1 : step_for(L, countdown, count, descriptors, limit);
  int outcome = step < 0 ? -1 : 0;
  long n = 1, failures = 0;
  for (; outcome == 0; n += step, failures++) {
    outcome = attempt(L, countdown, n, descriptors);
    if (n > 10 * count + 1000) outcome = -1;
  }
  if (L) lua_close(L);
  if (outcome > 0)
    printf("%s: %s: survived %ld failures, at every %ld. of %ld allocations\n", script, what,
           failures - 1, step, count);
  return outcome > 0 && (failures > 1 || count == 0);
}

int main(int argc, char **argv) {
  double limit = argc > 2 ? strtod(argv[1], NULL) : 0;
  bool ok = limit > 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 2; i < argc; i++) {
    ok = torture(argv[i], "allocations of Lua", &lua_countdown, limit) && ok;
    ok = torture(argv[i], "allocations of the C files", &c_countdown, limit) && ok;
  }
  return ok ? 0 : 1;
}
