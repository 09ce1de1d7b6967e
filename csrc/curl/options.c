/* The options of a libcurl handle: those of every connection, and those that users choose. */
#include "socket.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *text_option(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  lua_pop(L, 1);
  return text;
}

struct options options_take(lua_State *L, int index) {
  struct options o;
  memset(&o, 0, sizeof o);
  if (lua_isnoneornil(L, index)) return o;
  luaL_checktype(L, index, LUA_TTABLE);
  o.ca_bundle = text_option(L, index, "ca_bundle");
  o.certificate = text_option(L, index, "client_certificate");
  o.key = text_option(L, index, "client_key");
  o.unix_socket = text_option(L, index, "unix_socket");
  o.proxy = o.unix_socket ? NULL : text_option(L, index, "proxy");
  lua_getfield(L, index, "tcp_keepalive");
  o.keepalive = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return o;
}

struct setting {
  CURLoption option;
  long value;
};

/* Sets the options that are the same for each connection. */
static CURLcode set_fixed(CURL *easy) {
  static const struct setting settings[] = {
    {CURLOPT_CONNECT_ONLY, 1},
    {CURLOPT_BUFFERSIZE, RECEIVE_BYTES}, /* with a smaller buffer it receives less at a time */
    {CURLOPT_TCP_NODELAY, 1},
    {CURLOPT_TCP_KEEPIDLE, 30}, /* seconds; longer than connections stay idle */
    {CURLOPT_TCP_KEEPINTVL, 10},
    {CURLOPT_HTTPPROXYTUNNEL, 1}, /* the request line is written by our own code */
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2}, /* or later */
    {CURLOPT_SSL_ENABLE_ALPN, 0},                  /* HTTP/1.1 only */
    {CURLOPT_SSL_SESSIONID_CACHE, 0}, /* libcurl 7.88 frees a session twice when memory runs out */
#if LIBCURL_VERSION_NUM >= 0x075700
    {CURLOPT_QUICK_EXIT, 1}, /* otherwise cleaning up waits for the resolver thread */
#endif
  };
  CURLcode code = CURLE_OK;
  for (size_t i = 0; !code && i < sizeof settings / sizeof settings[0]; i++)
    code = curl_easy_setopt(easy, settings[i].option, settings[i].value);
  return code;
}

/* Limits the time for name, TCP, proxy and TLS together. */
static CURLcode set_timeout(CURL *easy, double seconds) {
  double ms = ceil(seconds * 1000);
  long limit =
      ms >= 1 ? ms < 2147483647 ? (long)ms : 2147483647 : 1; /* 0 would mean libcurl's default */
  CURLcode code = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, limit);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, limit);
  return code;
}

static bool is_tls(const char *url) {
  return url && strncmp(url, "https:", 6) == 0;
}

/*
 * An empty text keeps libcurl from reading the environment's proxies; the settings decide about
 * them.
 */
static CURLcode set_route(CURL *easy, const struct options *o) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_PROXY, o->proxy ? o->proxy : "");
  if (!code) code = curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  if (!code && is_tls(o->proxy))
    code = curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  if (!code && o->unix_socket)
    code = curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, (long)o->keepalive);
  return code;
}

/*
 * Returns true when libcurl has a default file of authorities. Its default folder is then left out:
 * only without a folder does libcurl cache the authorities, which saves ten milliseconds and a
 * megabyte for each connection.
 */
static bool has_authorities(CURL *easy) {
  char *path = NULL;
#if LIBCURL_VERSION_NUM >= 0x075400
  (void)curl_easy_getinfo(easy, CURLINFO_CAINFO, &path);
#endif
  return path && access(path, R_OK) == 0;
}

/* Sets the trusted authorities and the client certificate. */
static CURLcode set_certificates(CURL *easy, const struct options *o) {
  const bool ca = o->ca_bundle != NULL, certificate = o->certificate != NULL;
  const struct {
    const char *path;
    CURLoption option;
    bool given;
  } files[] = {
      {o->ca_bundle, CURLOPT_CAINFO, ca},
      {NULL, CURLOPT_CAPATH, ca || has_authorities(easy)},
      {o->ca_bundle, CURLOPT_PROXY_CAINFO, ca && is_tls(o->proxy)},
      {NULL, CURLOPT_PROXY_CAPATH, (ca || has_authorities(easy)) && is_tls(o->proxy)},
      {o->certificate, CURLOPT_SSLCERT, certificate},
      {o->key, CURLOPT_SSLKEY, certificate && o->key},
      {"", CURLOPT_KEYPASSWD, certificate}}; /* otherwise OpenSSL would ask on the terminal */
  CURLcode code = CURLE_OK;
  for (size_t i = 0; !code && i < sizeof files / sizeof files[0]; i++) {
    if (files[i].given) code = curl_easy_setopt(easy, files[i].option, files[i].path);
  }
  return code;
}

CURLcode options_set(CURL *easy, const char *url, double seconds, const struct options *o,
                     char *error) {
  bool tls = is_tls(url) || is_tls(o->proxy);
  CURLcode code = set_fixed(easy);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_URL, url);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
  /* libcurl sends with MSG_NOSIGNAL, OpenSSL does not: only with TLS SIGPIPE has to be ignored. */
  if (!code) code = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, tls ? 0L : 1L);
  if (!code) code = set_timeout(easy, seconds);
  if (!code) code = set_route(easy, o);
  if (!code) code = set_certificates(easy, o);
  return code;
}
