/*
 * The path of the value that the codec refuses, for error messages: tags[3].name. Each level adds
 * its step after the failure, so the innermost step is the first one.
 */
#ifndef DDB_PATH_H
#define DDB_PATH_H

#include "../core/buf.h"
#include "../core/header.h"

#define PATH_DEPTH 80

struct path {
  int depth; /* may exceed PATH_DEPTH: outer steps are counted, not stored */
  struct path_step {
    struct ddb_slice name; /* borrowed; p is NULL for an index */
    long index;
  } steps[PATH_DEPTH];
};

static inline void path_name(struct path *path, const char *p, size_t n) {
  if (path->depth < PATH_DEPTH) path->steps[path->depth].name = ddb_slice(p, n);
  path->depth++;
}

static inline void path_index(struct path *path, long index) {
  if (path->depth < PATH_DEPTH) {
    path->steps[path->depth].name = ddb_slice(NULL, 0);
    path->steps[path->depth].index = index;
  }
  path->depth++;
}

/* Puts "PATH: " before the error's text, unless the path is empty. Long names are cut. */
void path_explain(const struct path *path, struct ddb_error *e);

#endif
