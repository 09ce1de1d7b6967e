/* probe.process: fork, wait and _exit. */
#include "probe.h"

#include <sys/wait.h>
#include <unistd.h>

/* fork() -> 0 in the child, the child's pid in the parent. */
static int process_fork(lua_State *L) {
  pid_t pid = fork();
  if (pid < 0) return luaL_error(L, "fork failed");
  lua_pushinteger(L, pid);
  return 1;
}

/* wait(pid) -> the exit code of the child. */
static int process_wait(lua_State *L) {
  int status = 0;
  pid_t pid = (pid_t)luaL_checkinteger(L, 1);
  if (waitpid(pid, &status, 0) != pid) return luaL_error(L, "waitpid failed");
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 1;
}

/* exit(code): ends the child without running finalizers of objects shared with the parent. */
static int process_exit(lua_State *L) {
  _exit((int)luaL_checkinteger(L, 1));
}

void probe_process(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"fork", process_fork}, {"wait", process_wait}, {"exit", process_exit}, {NULL, NULL}};
  probe_table(L, functions);
}
