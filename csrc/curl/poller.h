/*
 * dynamodb.poller: connects many sockets side by side, waits for many, and tells which are ready.
 * One descriptor stands for all it waits for, so that other event loops can wait for it.
 */
#ifndef DDB_POLLER_H
#define DDB_POLLER_H

#include "socket.h"

#ifdef __linux__ /* or there is no epoll, and nobody makes a poller */

/* curl.poller() -> poller. */
int poller_create(lua_State *L);

void poller_register(lua_State *L);

/* Ends what the socket's poller, if it has one, knows of it. */
void poller_forget(struct socket *s);

/* Takes the socket, whose handle is gone, out of its hub, if it has one. */
void poller_leave(struct socket *s);

#else
#define poller_register(L) ((void)(L))
#define poller_forget(s) ((void)(s))
#define poller_leave(s) ((void)(s))
#endif

#endif
