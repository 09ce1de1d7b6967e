#include "process.h"

#include <pthread.h>
#include <time.h>

/* Counted by pthread_atfork, so that reading it costs nothing. */
static unsigned forks;

static void count_fork(void) {
  forks++;
}

static void watch(void) {
  (void)pthread_atfork(NULL, NULL, count_fork);
}

void process_watch_forks(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  (void)pthread_once(&once, watch);
}

unsigned process_forks(void) {
  return forks;
}

double process_seconds(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
