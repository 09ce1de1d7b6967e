/*
 * The module `linecov` of tools/linecov.lua: notes which lines of the files in lua/ run. A hook in
 * Lua would take most of the time of the specs.
 *   linecov.start()   sets the hook of the running coroutine
 *   linecov.lines()   removes it; returns a list of "FILE:LINE" of all lines that ran, each once
 */
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "lua/dynamodb/"
#define MAX_LINES 1024 /* of one file; a spec holds a lower limit */
#define MAX_FILES 512
#define SLOTS 4096 /* of the table from sources to files; a power of two */

struct file {
  char name[120];
  bool ran[MAX_LINES];
};

/* A source as Lua names it: "@PATH" of a file, else the text of a chunk. */
struct source {
  const char *text;  /* where Lua keeps it; another text may be there once that function is gone */
  char start[120];   /* of the text, to find that out */
  struct file *file; /* NULL for a file outside of the folder */
};

int luaopen_linecov(lua_State *L);

static struct file *files[MAX_FILES];
static struct source sources[SLOTS];

static struct file *file_named(const char *name) {
  size_t i = 0;
  for (; i < MAX_FILES && files[i]; i++)
    if (!strcmp(files[i]->name, name)) return files[i];
  struct file *f = i < MAX_FILES ? calloc(1, sizeof *f) : NULL;
  if (!f || strlen(name) >= sizeof f->name) abort(); /* a limit of this file is too low */
  strcpy(f->name, name);
  return files[i] = f;
}

static struct file *file_of(const char *text) {
  size_t n = strlen(text);
  const char *name = *text == '@' ? strstr(text, FOLDER) : NULL;
  if (!name || n < 4 || strcmp(text + n - 4, ".lua")) return NULL;
  return file_named(name);
}

static void on_line(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "S", ar);
  struct source *s = &sources[((size_t)ar->source >> 4) % SLOTS];
  if (s->text != ar->source || strncmp(s->start, ar->source, sizeof s->start - 1) != 0) {
    s->text = ar->source;
    (void)snprintf(s->start, sizeof s->start, "%s", ar->source);
    s->file = file_of(ar->source);
  }
  if (s->file && ar->currentline > 0 && ar->currentline < MAX_LINES)
    s->file->ran[ar->currentline] = true;
}

static int start(lua_State *L) {
  lua_sethook(L, on_line, LUA_MASKLINE, 0);
  return 0;
}

static int lines(lua_State *L) {
  lua_sethook(L, NULL, 0, 0);
  lua_newtable(L);
  int n = 0;
  for (size_t i = 0; i < MAX_FILES && files[i]; i++)
    for (int line = 0; line < MAX_LINES; line++)
      if (files[i]->ran[line]) {
        lua_pushfstring(L, "%s:%d", files[i]->name, line);
        lua_rawseti(L, -2, ++n);
      }
  return 1;
}

int luaopen_linecov(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, start);
  lua_setfield(L, -2, "start");
  lua_pushcfunction(L, lines);
  lua_setfield(L, -2, "lines");
  return 1;
}
