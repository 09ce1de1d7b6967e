/*
 * Runs a Lua script repeatedly while the n-th allocation and all later ones fail, for n = 1, 2, ...
 * until a run completes: first the allocations of Lua, then those of the C core, which the linker
 * option --wrap redirects to this file. After each failure the script must succeed in the same Lua
 * state. AddressSanitizer reports leaks and uses of freed memory.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

int luaopen_dynamodb_core(lua_State *L);
void *__real_malloc(size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_realloc(void *p, size_t n);

static long lua_countdown, c_countdown; /* the n-th allocation fails; 0 means never */

/* Counts an allocation and returns true if it must fail. The countdown stops at 1. */
static bool fails(long *countdown) {
  if (*countdown == 0) return false;
  if (*countdown == 1) return true;
  --*countdown;
  return false;
}

void *__wrap_malloc(size_t n) {
  return fails(&c_countdown) ? NULL : __real_malloc(n);
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
  lua_settop(L, 0);
  if (luaL_loadfile(L, script) == 0 && lua_pcall(L, 0, 1, 0) == 0) return true;
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  return false;
}

static int run(lua_State *L) {
  lua_pushvalue(L, 1);
  return lua_pcall(L, 0, 0, 0);
}

/*
 * Runs the script while allocations fail from the n-th on. Returns 1 if it succeeded without such a
 * failure, 0 if it must be run with a larger n, -1 if it failed although allocations succeeded.
 */
static int attempt(lua_State *L, long *countdown, long n) {
  *countdown = n;
  int failed = run(L);
  bool reached = *countdown == 1;
  *countdown = 0;
  lua_settop(L, 1);
  if (!failed && !reached) return 1;
  if (run(L) == 0) return 0;
  fprintf(stderr, "after failure %ld: %s\n", n, lua_tostring(L, -1));
  return -1;
}

static bool torture(const char *script, const char *what, long *countdown) {
  lua_State *L = lua_newstate(lua_allocate, NULL);
  int outcome = L && load(L, script) ? 0 : -1;
  long n = 0;
  while (outcome == 0) outcome = attempt(L, countdown, ++n);
  if (L) lua_close(L);
  if (outcome > 0) printf("%s: survived %ld failures\n", what, n - 1);
  return outcome > 0 && n > 1;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  bool lua = torture(argv[1], "allocations of Lua", &lua_countdown);
  bool c = torture(argv[1], "allocations of the C core", &c_countdown);
  return lua && c ? 0 : 1;
}
