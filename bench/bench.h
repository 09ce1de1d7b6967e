/* What the two C programs share: the request they send, and how they are measured. */
#ifndef DDB_BENCH_H
#define DDB_BENCH_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ANSWER_MAX ((size_t)4 << 20)

struct bytes {
  char *p;
  size_t n;
};

struct arguments {
  const char *name; /* of the operation */
  int port;         /* on 127.0.0.1 */
  struct bytes request;
  long count;
};

/* One exchange; false when the answer is not what was expected. */
typedef int exchange_function(void *client);

/* Reads a whole file, with a NUL behind it. */
static inline struct bytes read_file(const char *path) {
  struct bytes b = {malloc(ANSWER_MAX), 0};
  FILE *f = fopen(path, "rb");
  if (!f || !b.p) err(1, "%s", path);
  b.n = fread(b.p, 1, ANSWER_MAX - 1, f);
  b.p[b.n] = '\0';
  (void)fclose(f);
  return b;
}

/* NAME PORT REQUEST_FILE COUNT */
static inline struct arguments arguments(char **argv) {
  for (int i = 1; i <= 4; i++) {
    if (!argv[i]) errx(2, "usage: %s NAME PORT REQUEST_FILE COUNT", argv[0]);
  }
  struct arguments a = {argv[1], atoi(argv[2]), read_file(argv[3]), atol(argv[4])};
  return a;
}

static inline double cpu_us(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline void repeat(exchange_function *exchange, void *client, long count) {
  while (count-- > 0) {
    if (!exchange(client)) errx(1, "unexpected answer");
  }
}

/* Warms up, and returns the CPU time of one exchange in microseconds. */
static inline double measure(exchange_function *exchange, void *client, long count) {
  repeat(exchange, client, count / 5 + 1);
  double start = cpu_us();
  repeat(exchange, client, count);
  return (cpu_us() - start) / (double)count;
}

#endif
