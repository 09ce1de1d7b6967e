/* Functions of the C programs, which read a request from a file and measure the CPU of a call. */
#ifndef DDB_BENCH_H
#define DDB_BENCH_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RESPONSE_MAX ((size_t)4 << 20)

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

/* Sends the request and reads the response; returns false if the response is unexpected. */
typedef int call_function(void *client);

/* Reads a whole file and appends a NUL. */
static inline struct bytes read_file(const char *path) {
  struct bytes b = {malloc(RESPONSE_MAX), 0};
  FILE *f = fopen(path, "rb");
  if (!f || !b.p) err(1, "%s", path);
  b.n = fread(b.p, 1, RESPONSE_MAX - 1, f);
  b.p[b.n] = '\0';
  (void)fclose(f);
  return b;
}

/* Parses the arguments NAME PORT REQUEST_FILE COUNT. */
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

static inline void repeat(call_function *call, void *client, long count) {
  while (count-- > 0) {
    if (!call(client)) errx(1, "unexpected response");
  }
}

/* Warms up, then returns the CPU time of one call in microseconds. */
static inline double measure(call_function *call, void *client, long count) {
  repeat(call, client, count / 5 + 1);
  double start = cpu_us();
  repeat(call, client, count);
  return (cpu_us() - start) / (double)count;
}

#endif
