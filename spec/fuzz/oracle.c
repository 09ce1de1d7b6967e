/*
 * Compares results with those of Python in batches over two pipes, so that Python works while the
 * fuzzer goes on. A batch is a length and records; a record is a count and that many fields, each
 * a length and bytes. All numbers have four bytes in the order of this machine. Python replies with
 * one byte for each batch: '=' when all of its records are right.
 */
#include "fuzz.h"

#include "../../csrc/core/buf.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH ((size_t)256 * 1024) /* bytes */
#define RECORDS 2000u              /* of a batch, at most */
#define CRASHED 77                 /* libFuzzer's exit code for a finding */

static struct {
  pid_t pid;
  int to;
  int from;
  bool pending; /* a batch was sent, and its verdict was not read */
  unsigned records;
  struct ddb_buf batch;
} oracle;

void fuzz_require(bool ok, const char *format, ...) {
  if (ok) return;
  va_list list;
  va_start(list, format);
  (void)vfprintf(stderr, format, list);
  va_end(list);
  (void)fputc('\n', stderr);
  abort();
}

void *fuzz_allocate(size_t n) {
  void *p = malloc(n ? n : 1);
  if (!p) abort();
  return p;
}

/* Ends the process without libFuzzer's report, which would name an innocent input. */
static void give_up(const char *why) {
  (void)fprintf(stderr, "oracle: %s\n", why);
  _exit(CRASHED);
}

static void send_all(const void *p, size_t n) {
  const char *text = p;
  while (n > 0) {
    ssize_t sent = write(oracle.to, text, n);
    if (sent < 0 && errno == EINTR) continue; /* by libFuzzer's timer */
    if (sent <= 0) give_up("Python ended");
    text += sent;
    n -= (size_t)sent;
  }
}

static void read_verdict(void) {
  char verdict = 0;
  ssize_t n = -1;
  if (!oracle.pending) return;
  do {
    errno = 0;
    n = read(oracle.from, &verdict, 1);
  } while (n < 0 && errno == EINTR);
  if (n != 1) give_up("Python ended");
  if (verdict != '=') give_up("another result than Python's, see above");
  oracle.pending = false;
}

static void send_batch(void) {
  uint32_t n = (uint32_t)oracle.batch.len;
  read_verdict();
  if (n == 0) return;
  send_all(&n, sizeof n);
  send_all(oracle.batch.p, n);
  ddb_buf_clear(&oracle.batch, SIZE_MAX);
  oracle.records = 0;
  oracle.pending = true;
}

static void finish(void) {
  int code = 0;
  send_batch();
  read_verdict();
  (void)close(oracle.to);
  (void)waitpid(oracle.pid, &code, 0);
  (void)close(oracle.from);
  ddb_buf_free(&oracle.batch);
}

static void run_python(const char *name, const int *to, const int *from) {
  (void)dup2(to[0], 0);
  (void)dup2(from[1], 1);
  (void)close(to[1]);
  (void)close(from[0]);
  (void)execlp("python3", "python3", "spec/fuzz/oracle.py", name, (char *)NULL);
  _exit(127);
}

void oracle_start(const char *name) {
  int to[2], from[2];
  (void)signal(SIGPIPE, SIG_IGN);
  ddb_buf_init(&oracle.batch, SIZE_MAX / 2);
  if (pipe(to) || pipe(from)) give_up("no pipe");
  oracle.pid = fork();
  if (oracle.pid < 0) give_up("no process");
  if (oracle.pid == 0) run_python(name, to, from);
  (void)close(to[0]);
  (void)close(from[1]);
  oracle.to = to[1];
  oracle.from = from[0];
  (void)atexit(finish);
}

static void add_number(uint32_t n) {
  ddb_buf_add(&oracle.batch, &n, sizeof n);
}

static void add_field(struct ddb_slice field) {
  add_number((uint32_t)field.n);
  if (field.n > 0) ddb_buf_add(&oracle.batch, field.p, field.n);
}

void oracle_ask(struct ddb_slice input, const struct ddb_slice *fields, size_t count) {
  add_number((uint32_t)count + 1);
  add_field(input);
  for (size_t i = 0; i < count; i++) add_field(fields[i]);
  fuzz_require(!oracle.batch.status, "oracle: out of memory");
  if (oracle.batch.len >= BATCH || ++oracle.records >= RECORDS) send_batch();
}
