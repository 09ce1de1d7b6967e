/*
 * Makes allocations of libcurl and OpenSSL fail. As a preloaded library it stands before malloc,
 * calloc and realloc; as the Lua module "allocations" it is told which of them fail:
 *   allocations.arm(n, only): the n-th one fails, and unless 'only' all later ones
 *   allocations.disarm() -> how many there were
 *   allocations.try(f) -> what became of f() in a child process: its result, a whole number below
 *     100, or the name of the library in which it crashed
 *   allocations.descriptors() -> how many this process has open
 * Needs glibc and Linux.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <lauxlib.h>
#include <link.h>
#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);

static struct { uintptr_t first, last; } ranges[16]; /* of the code of libcurl and OpenSSL */
static int range_count;
static bool armed, only_one;
static long nth, calls;

static int add_range(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  (void)context;
  if (!strstr(info->dlpi_name, "libcurl") && !strstr(info->dlpi_name, "libssl") &&
      !strstr(info->dlpi_name, "libcrypto"))
    return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || range_count == 16) continue;
    ranges[range_count].first = info->dlpi_addr + p->p_vaddr;
    ranges[range_count++].last = info->dlpi_addr + p->p_vaddr + p->p_memsz;
  }
  return 0;
}

/* Returns true when an allocation that returns to this address must fail. */
static bool fails(const void *caller) {
  if (!armed) return false;
  for (int i = 0; i < range_count; i++) {
    if ((uintptr_t)caller < ranges[i].first || (uintptr_t)caller >= ranges[i].last) continue;
    calls++;
    return calls == nth || (calls > nth && !only_one);
  }
  return false;
}

void *malloc(size_t n) {
  return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t n) {
  return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, n);
}

void *realloc(void *p, size_t n) {
  return n > 0 && fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

static int allocations_arm(lua_State *L) {
  range_count = 0;
  (void)dl_iterate_phdr(add_range, NULL);
  if (range_count == 0) return luaL_error(L, "libcurl is not loaded");
  nth = (long)luaL_checkinteger(L, 1);
  only_one = lua_toboolean(L, 2);
  calls = 0;
  armed = true;
  return 0;
}

static int allocations_disarm(lua_State *L) {
  armed = false;
  lua_pushinteger(L, calls);
  return 1;
}

static int report; /* the pipe to the parent */

/* Tells the parent the first library on the stack that is neither this one nor the C library. */
static void tell_crash(int signal) {
  void *frames[32];
  Dl_info own, found;
  armed = false;
  int n = backtrace(frames, 32);
  (void)dladdr((void *)(uintptr_t)tell_crash, &own);
  for (int i = 0; i < n; i++) {
    if (!dladdr(frames[i], &found) || found.dli_fbase == own.dli_fbase) continue;
    if (strstr(found.dli_fname, "libc.so")) continue;
    if (write(report, found.dli_fname, strlen(found.dli_fname)) < 0) break;
    break;
  }
  _exit(100 + signal % 20);
}

static void run_child(lua_State *L) {
  for (int i = 0; i < 4; i++)
    (void)signal((int[]){SIGSEGV, SIGABRT, SIGBUS, SIGFPE}[i], tell_crash);
  (void)alarm(20); /* a hang is a failure */
  if (lua_pcall(L, 0, 1, 0)) {
    armed = false;
    (void)write(STDERR_FILENO, lua_tostring(L, -1), lua_rawlen(L, -1));
    (void)write(STDERR_FILENO, "\n", 1);
    _exit(99);
  }
  _exit((int)lua_tointeger(L, -1));
}

static int allocations_try(lua_State *L) {
  int ends[2], status = 0;
  char name[256];
  lua_settop(L, 1);
  if (pipe(ends)) return luaL_error(L, "pipe failed");
  pid_t pid = fork();
  if (pid < 0) return luaL_error(L, "fork failed");
  if (pid == 0) {
    report = ends[1];
    run_child(L);
  }
  (void)close(ends[1]);
  ssize_t n = read(ends[0], name, sizeof name);
  (void)close(ends[0]);
  (void)waitpid(pid, &status, 0);
  if (n > 0)
    lua_pushlstring(L, name, (size_t)n);
  else if (WIFEXITED(status) && WEXITSTATUS(status) < 100)
    lua_pushinteger(L, WEXITSTATUS(status));
  else
    lua_pushliteral(L, "unknown");
  return 1;
}

static int allocations_descriptors(lua_State *L) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder && readdir(folder)) count++;
  if (folder) (void)closedir(folder);
  lua_pushinteger(L, count);
  return 1;
}

int luaopen_allocations(lua_State *L);

int luaopen_allocations(lua_State *L) {
  static const luaL_Reg functions[] = {{"arm", allocations_arm},
                                       {"disarm", allocations_disarm},
                                       {"try", allocations_try},
                                       {"descriptors", allocations_descriptors},
                                       {NULL, NULL}};
  lua_newtable(L);
  for (const luaL_Reg *f = functions; f->name; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  return 1;
}
