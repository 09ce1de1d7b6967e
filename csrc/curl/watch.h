/* The descriptors that a poller's epoll watches, and the socket that each is watched for. */
#ifndef DDB_WATCH_H
#define DDB_WATCH_H

#include "socket.h"

#ifdef __linux__
#include <stdint.h>

struct watch {
  int epoll;              /* -1 when closed */
  int timer;              /* a timerfd that the epoll watches */
  double armed;           /* when the timer goes off */
  struct socket **owners; /* owned; by descriptor: the socket that it is watched for, or NULL */
  int size;               /* of 'owners' */
};

/*
 * Opens the epoll and its timer. Returns NULL, or the system call that failed; errno tells why, and
 * watch_close must follow.
 */
const char *watch_open(struct watch *w);

/* Sets the time of the monotonic clock at which the epoll becomes readable. */
void watch_alarm(struct watch *w, double at);

/* Returns true if the descriptor is the timer, which has then gone off. */
bool watch_take_alarm(struct watch *w, int fd);

/*
 * Watches a descriptor for events of epoll, on behalf of a socket, or of the poller if that is
 * NULL. Returns 0 or an error number.
 */
int watch_set(struct watch *w, int fd, struct socket *s, uint32_t events);

/* Stops watching a descriptor. 'is_foreign': the epoll belongs to the parent process. */
void watch_unset(struct watch *w, int fd, bool is_foreign);

/* Stops watching all descriptors of a socket. */
void watch_forget(struct watch *w, struct socket *s, bool is_foreign);

/* Returns the socket that a descriptor is watched for, or NULL. */
struct socket *watch_owner(const struct watch *w, int fd);

/* Closes the epoll. Safe to call again. */
void watch_close(struct watch *w);

#endif
#endif
