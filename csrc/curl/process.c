#include "process.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
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

static atomic_bool started;

/* A failure, as for want of memory, does not last: the next connection tries again. */
bool process_start_libcurl(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  if (started) return true;
  (void)pthread_mutex_lock(&lock);
  if (!started) started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  (void)pthread_mutex_unlock(&lock);
  return started;
}

bool process_has_libcurl(void) {
  return started;
}

unsigned process_forks(void) {
  return forks;
}

double process_seconds(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
