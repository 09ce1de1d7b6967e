/*
 * Runs a fuzz target that is written in Lua, spec/fuzz/lua/NAME.lua with NAME from FUZZ_SCRIPT. An
 * input fails when the target says so, and when it takes more than linear time: counted in
 * instructions of Lua, and for patterns, which those do not show, in CPU time.
 */
#include "fuzz.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEP 1000        /* instructions between two counts */
#define REPETITIONS 8    /* of a slow input; if one is within the limit, it is not slow */
#define PUMPED_SHARE 16u /* one of so many inputs is also run with a part of it repeated */

/* Limits for an input of n bytes: so much, and so much for each byte. */
#define INSTRUCTIONS 200000.0
#define INSTRUCTIONS_PER_BYTE 1500.0
#define STEPS 4000000.0 /* steps of a pattern that matches one character */
#define STEPS_PER_BYTE 3000.0

#define PATTERN_LENGTH 2000.0 /* bytes of the text by which a step is measured */

#define COUNTERS (1u << 15)

/* libFuzzer takes these for coverage: one for each pair of lines that follow each other. */
static uint8_t counters[COUNTERS] __attribute__((section("__libfuzzer_extra_counters")));

static struct {
  lua_State *L;
  bool lines;          /* whether lines are counted, which takes time */
  unsigned last;       /* the hash of the line before */
  double instructions; /* of this run */
  double allowed;
  bool over;         /* instructions were more than allowed */
  double step_time;  /* seconds that one step of a pattern takes on this machine at least */
  int slow_pattern;  /* reference to a function that takes quadratic time */
  size_t max_length; /* of a pumped input */
  bool seen[COUNTERS];
  double worst_instructions; /* as a part of the limit */
} host;

int luaopen_dynamodb_core(lua_State *L);

static double cpu_time(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t hash(uint32_t h, const void *p, size_t n) {
  const unsigned char *bytes = p;
  for (size_t i = 0; i < n; i++) h = (h ^ bytes[i]) * 16777619u;
  return h;
}

static void count_line(lua_State *L, lua_Debug *ar) {
  (void)lua_getinfo(L, "S", ar);
  size_t n = strlen(ar->source);
  uint32_t line = hash((uint32_t)ar->currentline * 2654435761u, ar->source, n);
  unsigned place = (line ^ host.last) % COUNTERS;
  host.last = line >> 1;
  counters[place]++;
  host.seen[place] = true;
}

static void hook(lua_State *L, lua_Debug *ar) {
  if (ar->event == LUA_HOOKLINE) {
    count_line(L, ar);
    return;
  }
  host.instructions += STEP;
  if (host.instructions <= host.allowed) return;
  host.over = true;
  (void)luaL_error(L, "more instructions than allowed");
}

/* Calls the target. Returns why the input failed, or NULL; the text is on the stack. */
static const char *call(const char *p, size_t n) {
  lua_State *L = host.L;
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  lua_pushlstring(L, n ? p : "", n);
  host.last = 0;
  host.instructions = 0;
  host.over = false;
  host.allowed = INSTRUCTIONS + INSTRUCTIONS_PER_BYTE * (double)n;
  lua_sethook(L, hook, LUA_MASKCOUNT | (host.lines ? LUA_MASKLINE : 0), STEP);
  bool failed = lua_pcall(L, 1, 1, 0) != 0;
  lua_sethook(L, NULL, 0, 0);
  if (host.over) return "more instructions of Lua than a linear limit";
  if (failed || !lua_isnil(L, -1))
    return lua_isstring(L, -1) ? lua_tostring(L, -1) : "an error that is no text";
  double part = host.instructions / host.allowed;
  if (part > host.worst_instructions) host.worst_instructions = part;
  return NULL;
}

static double timed_call(const char *p, size_t n) {
  (void)lua_gc(host.L, LUA_GCCOLLECT, 0);
  double start = cpu_time();
  (void)call(p, n);
  return cpu_time() - start;
}

/* Returns the seconds of one step of a pattern, measured by one that takes quadratic time. */
static double measure_step(void) {
  double start = cpu_time();
  lua_rawgeti(host.L, LUA_REGISTRYINDEX, host.slow_pattern);
  lua_call(host.L, 0, 0);
  return (cpu_time() - start) / (PATTERN_LENGTH * PATTERN_LENGTH / 2);
}

/*
 * Runs a slow input again, without counting lines. A step is measured before each run, since the
 * machine may be slower than it was at the start.
 */
static bool is_slow(const char *p, size_t n) {
  double limit = STEPS + STEPS_PER_BYTE * (double)n, steps = limit + 1;
  bool lines = host.lines;
  host.lines = false;
  for (int i = 0; i < REPETITIONS && steps > limit; i++) {
    double step_time = measure_step();
    steps = timed_call(p, n) / step_time;
    if (i > 0 && steps > 10 * limit) break; /* there is no doubt */
  }
  host.lines = lines;
  return steps > limit;
}

static void report(const char *why, const char *p, size_t n) {
  (void)fprintf(stderr, "%s\nthe input has %zu bytes: ", why, n);
  for (size_t i = 0; i < n && i < 2000; i++)
    (void)fprintf(stderr, p[i] >= ' ' && p[i] <= '~' ? "%c" : "\\x%02x", (unsigned char)p[i]);
  (void)fputc('\n', stderr);
  abort();
}

static void run(const char *p, size_t n) {
  double start = cpu_time();
  const char *why = call(p, n);
  if (why) report(why, p, n);
  double steps = (cpu_time() - start) / host.step_time;
  if (steps > STEPS + STEPS_PER_BYTE * (double)n && is_slow(p, n))
    report("more time than a linear limit", p, n);
}

/* Runs the input with a part of it repeated up to the maximum length: what is slow shows there. */
static void run_pumped(const char *p, size_t n, uint32_t choice) {
  size_t at = choice % n, part = choice >> 16 & 1 ? 1 : 1 + (choice >> 17) % 12;
  if (part > n - at) part = n - at;
  if (part == 0) return;
  size_t times = (host.max_length - n) / part, length = n + times * part;
  char *text = fuzz_allocate(length);
  memcpy(text, p, at);
  for (size_t i = 0; i <= times; i++) memcpy(text + at + i * part, p + at, part);
  memcpy(text + at + (times + 1) * part, p + at + part, n - at - part);
  host.lines = false;
  run(text, length);
  host.lines = true;
  free(text);
}

/* Makes the function that measure_step calls, and takes the shortest of some measurements. */
static void prepare_measurement(lua_State *L) {
  static const char code[] = "local s = ('a'):rep(...) return function() s:find('.-b') end";
  bool failed = luaL_loadstring(L, code) != 0;
  lua_pushinteger(L, (lua_Integer)PATTERN_LENGTH);
  fuzz_require(!failed && lua_pcall(L, 1, 1, 0) == 0, "no function to measure with");
  host.slow_pattern = luaL_ref(L, LUA_REGISTRYINDEX);
  host.step_time = 1;
  for (int i = 0; i < 20; i++) {
    double t = measure_step();
    host.step_time = t < host.step_time ? t : host.step_time;
  }
}

static void finish(void) {
  unsigned pairs = 0;
  for (unsigned i = 0; i < COUNTERS; i++) pairs += host.seen[i];
  (void)fprintf(stderr, "lua: %u pairs of lines; at most %.0f %% of the instructions allowed\n",
                pairs, 100 * host.worst_instructions);
  lua_close(host.L);
}

/* Loads spec/fuzz/host.lua, which returns the function to call and the maximum length. */
static void load(lua_State *L, const char *script) {
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_dynamodb_core);
  lua_setfield(L, -2, "dynamodb.core");
  lua_settop(L, 0);
  bool failed = luaL_loadfile(L, "spec/fuzz/host.lua") != 0;
  lua_pushstring(L, script);
  failed = failed || lua_pcall(L, 1, 2, 0) != 0;
  fuzz_require(!failed, "%s", lua_tostring(L, -1));
  host.max_length = (size_t)lua_tointeger(L, 2);
  lua_settop(L, 1);
}

int LLVMFuzzerInitialize(const int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  const char *script = getenv("FUZZ_SCRIPT");
  fuzz_require(script != NULL, "FUZZ_SCRIPT names no target");
  host.L = luaL_newstate();
  load(host.L, script);
  prepare_measurement(host.L);
  host.lines = true;
  (void)atexit(finish);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint32_t choice = hash(2166136261u, data, size);
  run((const char *)data, size);
  if (size > 0 && size < host.max_length && choice % PUMPED_SHARE == 0)
    run_pumped((const char *)data, size, choice / PUMPED_SHARE);
  return 0;
}
