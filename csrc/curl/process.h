/* What the operating system tells of this process: its forks and a monotonic clock. */
#ifndef DDB_PROCESS_H
#define DDB_PROCESS_H

/* Counts forks from now on. Safe to call again. */
void process_watch_forks(void);

/* Returns how many forks lie between the loading of this module and this process. */
unsigned process_forks(void);

/* Returns seconds of the monotonic clock. */
double process_seconds(void);

#endif
