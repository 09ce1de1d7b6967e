#include "watch.h"

#ifdef __linux__
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

const char *watch_open(struct watch *w) {
  w->armed = HUGE_VAL;
  w->timer = -1;
  w->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (w->epoll < 0) return "epoll_create1";
  w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (w->timer < 0) return "timerfd_create";
  struct epoll_event e = {.events = EPOLLIN, .data = {.fd = w->timer}};
  return epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->timer, &e) ? "epoll_ctl" : NULL;
}

void watch_alarm(struct watch *w, double at) {
  if (at == w->armed) return;
  w->armed = at;
  struct itimerspec t;
  memset(&t, 0, sizeof t); /* all zero stops it */
  if (at < 1e12) {
    t.it_value.tv_sec = at > 0 ? (time_t)at : 0;
    t.it_value.tv_nsec = at > 0 ? (long)((at - floor(at)) * 1e9) : 1;
  }
  (void)timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

bool watch_take_alarm(struct watch *w, int fd) {
  uint64_t times;
  if (fd != w->timer) return false;
  w->armed = HUGE_VAL;
  (void)!read(fd, &times, sizeof times);
  return true;
}

static bool grow(struct watch *w, int fd) {
  if (fd < w->size) return true;
  int before = w->size, size = before > 0 ? before : 64;
  while (size <= fd) size *= 2;
  struct socket **owners = realloc(w->owners, (size_t)size * sizeof(void *));
  if (!owners) return false;
  for (int i = before; i < size; i++) owners[i] = NULL;
  w->size = size;
  w->owners = owners;
  return true;
}

/*
 * Adds or changes a descriptor. 'known' may be wrong: epoll forgets a closed descriptor, unless a
 * forked process still has it open.
 */
static int control(const struct watch *w, bool known, int fd, uint32_t events) {
  struct epoll_event e = {.events = events, .data = {.fd = fd}};
  int failed = epoll_ctl(w->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
  if (failed && errno == (known ? ENOENT : EEXIST))
    failed = epoll_ctl(w->epoll, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &e);
  return failed;
}

int watch_set(struct watch *w, int fd, struct socket *s, uint32_t events) {
  if (!grow(w, fd)) return ENOMEM;
  struct socket *owner = w->owners[fd];
  if (control(w, owner != NULL, fd, events)) return errno;
  if (owner == s) return 0;
  if (owner) owner->watched--;
  w->owners[fd] = s;
  if (s) s->watched++;
  return 0;
}

void watch_unset(struct watch *w, int fd, bool is_foreign) {
  if (!watch_owner(w, fd)) return;
  w->owners[fd]->watched--;
  w->owners[fd] = NULL;
  if (!is_foreign) (void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void watch_forget(struct watch *w, struct socket *s, bool is_foreign) {
  if (watch_owner(w, s->fd) == s) watch_unset(w, s->fd, is_foreign);
  for (int fd = 0; s->watched && fd < w->size; fd++)
    if (w->owners[fd] == s) watch_unset(w, fd, is_foreign);
}

struct socket *watch_owner(const struct watch *w, int fd) {
  return fd >= 0 && fd < w->size ? w->owners[fd] : NULL;
}

void watch_close(struct watch *w) {
  free(w->owners);
  w->owners = NULL;
  w->size = 0;
  if (w->epoll >= 0) (void)close(w->epoll);
  if (w->timer >= 0) (void)close(w->timer);
  w->timer = -1;
  w->epoll = -1;
}

#endif
