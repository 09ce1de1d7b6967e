/*
 * dynamodb.poller: connects many sockets side by side, waits for many, and tells which are ready.
 * One descriptor stands for all it waits for, so that other event loops can wait for it.
 */
#ifndef DDB_POLLER_H
#define DDB_POLLER_H

#include "socket.h"

#ifdef __linux__ /* pollers need epoll */

/* curl.poller() -> poller. */
int poller_create(lua_State *L);

void poller_register(lua_State *L);

#else
#define poller_register(L) ((void)(L))
#endif

#endif
