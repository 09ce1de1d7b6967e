/*
 * Makes the call of socket.c with a reused handle of libcurl's easy interface. With a fifth
 * argument, the file of a CA, over HTTPS.
 */
#include "bench.h"

#include <curl/curl.h>

#include <string.h>

struct client {
  CURL *easy;
  struct curl_slist *headers;
  struct bytes response;
  long connections;
};

static size_t collect(char *p, size_t size, size_t n, void *response) {
  struct bytes *b = response;
  if (size * n > RESPONSE_MAX - b->n) return 0;
  memcpy(b->p + b->n, p, size * n);
  b->n += size * n;
  return size * n;
}

/* Returns the headers of the request except content-length, which libcurl adds. */
static struct curl_slist *headers(char *head) {
  struct curl_slist *list = curl_slist_append(NULL, "Accept:");
  (void)strtok(head, "\r\n");
  for (char *line = strtok(NULL, "\r\n"); line; line = strtok(NULL, "\r\n")) {
    if (strncmp(line, "content-length:", 15) != 0) list = curl_slist_append(list, line);
  }
  return list;
}

static void prepare(struct client *c, const struct arguments *a, const char *ca) {
  char url[64];
  char *body = strstr(a->request.p, "\r\n\r\n");
  if (!body) errx(1, "request without an end of its head");
  *body = '\0';
  body += 4;
  c->headers = headers(a->request.p);
  (void)snprintf(url, sizeof url, "%s:%d/", ca ? "https://localhost" : "http://127.0.0.1", a->port);
  c->easy = curl_easy_init();
  if (!c->easy || !c->headers) errx(1, "libcurl does not start");
  (void)curl_easy_setopt(c->easy, CURLOPT_URL, url);
  if (ca) (void)curl_easy_setopt(c->easy, CURLOPT_CAINFO, ca);
  (void)curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
  (void)curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
  (void)curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
  (void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, body);
  long size = (long)(a->request.p + a->request.n - body);
  (void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE, size);
  (void)curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, collect);
  (void)curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, &c->response);
}

static int call(void *client) {
  struct client *c = client;
  long status = 0, opened = 0;
  c->response.n = 0;
  CURLcode code = curl_easy_perform(c->easy);
  if (code) errx(1, "%s", curl_easy_strerror(code));
  (void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
  (void)curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &opened);
  c->connections += opened;
  return status == 200;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts(curl_version()) < 0;
  struct arguments a = arguments(argv);
  struct client c = {NULL, NULL, {malloc(RESPONSE_MAX), 0}, 0};
  if (!c.response.p || curl_global_init(CURL_GLOBAL_DEFAULT)) errx(1, "libcurl does not start");
  prepare(&c, &a, argc > 5 ? argv[5] : NULL);
  double us = measure(call, &c, a.count);
  printf("easy %s %.3f - %ld\n", argc > 5 ? "tls" : a.name, us, c.connections);
  curl_easy_cleanup(c.easy);
  curl_slist_free_all(c.headers);
  curl_global_cleanup();
  free(c.response.p);
  free(a.request.p);
  return 0;
}
