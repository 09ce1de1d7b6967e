#include "path.h"

#include <stdio.h>
#include <string.h>

#define NAME_SHOWN 40u /* bytes of one name */
#define PATH_SHOWN 160u

static bool is_word(const struct ddb_slice *name) {
  for (size_t i = 0; i < name->n; i++) {
    char c = name->p[i];
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!word && c != '_' && c != '-') return false;
  }
  return name->n > 0;
}

/* Writes one step; names that are not plain words are put in brackets and quotes. */
static int format_step(const struct path_step *step, bool first, char *out, size_t size) {
  int shown = (int)(step->name.n < NAME_SHOWN ? step->name.n : NAME_SHOWN);
  if (!step->name.p) return snprintf(out, size, "[%ld]", step->index);
  if (is_word(&step->name))
    return snprintf(out, size, "%s%.*s", first ? "" : ".", shown, step->name.p);
  return snprintf(out, size, "[\"%.*s\"]", shown, step->name.p);
}

void path_explain(const struct path *path, struct ddb_error *e) {
  char place[PATH_SHOWN + 8], step[NAME_SHOWN + 24];
  size_t length = 0;
  if (path->depth <= 0) return;
  int outermost = (path->depth < PATH_DEPTH ? path->depth : PATH_DEPTH) - 1;
  for (int i = outermost; i >= 0; i--) {
    size_t n = (size_t)format_step(&path->steps[i], i == outermost, step, sizeof step);
    if (length + n > PATH_SHOWN) {
      length += (size_t)snprintf(place + length, sizeof place - length, "...");
      break;
    }
    memcpy(place + length, step, n);
    length += n;
  }
  struct ddb_error inner = *e;
  (void)ddb_fail(e, DDB_INVALID, "%.*s: %.*s", (int)length, place,
                 (int)(sizeof inner.text - length - 3), inner.text);
}
