/* What exists once in a process: libcurl, its forks and a monotonic clock. */
#ifndef DDB_PROCESS_H
#define DDB_PROCESS_H

#include <stdbool.h>

/* Initialises libcurl, and OpenSSL with it, once. Returns false when that fails. */
bool process_start_libcurl(void);

/* Returns true once libcurl was initialised. */
bool process_has_libcurl(void);

/* Counts forks from now on. Safe to call again. */
void process_watch_forks(void);

/* Returns how many forks lie between the loading of this module and this process. */
unsigned process_forks(void);

/* Returns seconds of the monotonic clock. */
double process_seconds(void);

#endif
