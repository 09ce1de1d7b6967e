/*
 * dynamodb.poller: connects many sockets concurrently, waits for many, and reports which are ready.
 * Its descriptor stands for all of them, so that other event loops can wait for it.
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
