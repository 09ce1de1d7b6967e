/*
 * The baseline: a blocking socket sends a prepared request and reads the response by its length.
 * It signs nothing and parses no JSON.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
  int fd;
  struct bytes request, response;
};

static int connected(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) err(1, "connect");
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)) err(1, "setsockopt");
  return fd;
}

static void receive(struct client *c) {
  ssize_t n = recv(c->fd, c->response.p + c->response.n, RESPONSE_MAX - 1 - c->response.n, 0);
  if (n <= 0) err(1, "recv");
  c->response.n += (size_t)n;
  c->response.p[c->response.n] = '\0';
}

/* Reads the head and returns the size of the whole response in bytes. */
static size_t response_size(struct client *c) {
  static const char length[] = "\r\nContent-Length: ";
  const char *end, *at;
  for (c->response.n = 0;;) {
    receive(c);
    end = strstr(c->response.p, "\r\n\r\n");
    if (end) break;
  }
  at = strstr(c->response.p, length);
  if (!at || at > end) errx(1, "response without a length");
  return (size_t)(end + 4 - c->response.p) + strtoul(at + sizeof length - 1, NULL, 10);
}

static int call(void *client) {
  struct client *c = client;
  if (send(c->fd, c->request.p, c->request.n, MSG_NOSIGNAL) != (ssize_t)c->request.n)
    err(1, "send");
  size_t size = response_size(c);
  while (c->response.n < size) receive(c);
  return c->response.n == size && strncmp(c->response.p, "HTTP/1.1 200 ", 13) == 0;
}

int main(int argc, char **argv) {
  (void)argc;
  struct arguments a = arguments(argv);
  struct client c = {connected(a.port), a.request, {malloc(RESPONSE_MAX), 0}};
  if (!c.response.p) err(1, "malloc");
  printf("socket %s %.3f - 1\n", a.name, measure(call, &c, a.count));
  free(c.response.p);
  free(a.request.p);
  return close(c.fd);
}
