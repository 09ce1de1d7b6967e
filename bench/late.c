/*
 * A slow server: late MILLISECONDS FILE. It responds to each request after that delay with the
 * content of FILE as the body. A request must arrive in one segment. The server prints its port and
 * ends with its parent process.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <zlib.h>

#define CLIENTS 65536 /* a power of two */

/* A queue of responses in the order of their due times, since all have the same delay. */
struct delayed_response {
  int fd;
  double due;
};

static struct delayed_response pending[CLIENTS];
static unsigned first, last;
static struct bytes response;

static double seconds(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void poll_input(int epoll, int fd) {
  struct epoll_event e = {.events = EPOLLIN, .data = {.fd = fd}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e)) err(1, "epoll_ctl");
}

/* Listens on a free port and prints it. */
static int listening(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t size = sizeof at;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) || listen(fd, 1024)) err(1, "listen");
  if (getsockname(fd, (struct sockaddr *)&at, &size)) err(1, "getsockname");
  printf("%d\n", ntohs(at.sin_port));
  (void)fflush(stdout);
  return fd;
}

static void accept_one(int epoll, int listener) {
  int fd = accept(listener, NULL, NULL), on = 1;
  if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)) err(1, "accept");
  poll_input(epoll, fd);
}

static void take_request(int fd, double delay) {
  char bytes[65536];
  if (recv(fd, bytes, sizeof bytes, 0) <= 0) {
    (void)close(fd);
    return;
  }
  pending[last++ % CLIENTS] = (struct delayed_response){fd, seconds() + delay};
}

/* Sends all responses that are due and sets the timer for the next one. */
static void send_due(int timer) {
  double now = seconds();
  for (; first != last && pending[first % CLIENTS].due <= now; first++)
    (void)send(pending[first % CLIENTS].fd, response.p, response.n, MSG_NOSIGNAL);
  if (first == last) return;
  double left = pending[first % CLIENTS].due - now;
  struct itimerspec t = {
      .it_value = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9) + 1}};
  (void)timerfd_settime(timer, 0, &t, NULL);
}

static struct bytes response_with(struct bytes body) {
  struct bytes b = {malloc(RESPONSE_MAX + 256), 0};
  if (!b.p) err(1, "malloc");
  int head = snprintf(b.p, 256,
                      "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
                      "x-amz-crc32: %lu\r\nContent-Length: %zu\r\n\r\n",
                      crc32(0, (const unsigned char *)body.p, (unsigned)body.n), body.n);
  memcpy(b.p + head, body.p, body.n);
  b.n = (size_t)head + body.n;
  return b;
}

int main(int argc, char **argv) {
  if (argc != 3) errx(2, "usage: %s MILLISECONDS FILE", argv[0]);
  (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
  int epoll = epoll_create1(0), listener = listening();
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  double delay = strtod(argv[1], NULL) / 1000;
  response = response_with(read_file(argv[2]));
  poll_input(epoll, listener);
  poll_input(epoll, timer);
  for (;;) {
    struct epoll_event events[64];
    uint64_t times;
    int count = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd == listener)
        accept_one(epoll, listener);
      else if (events[i].data.fd == timer)
        (void)!read(timer, &times, sizeof times);
      else
        take_request(events[i].data.fd, delay);
    }
    send_due(timer);
  }
}
