/*
 * Sends a request over a stream and receives its response, without a Lua string for either: methods
 * of dynamodb.response.
 */
#ifndef DDB_EXCHANGE_H
#define DDB_EXCHANGE_H

#include "object.h"

/*
 * response:exchange(request, stream [, deadline]) -> status, now, received, first_byte, keep_alive
 * | nil, kind, why, sent | false, "read" or "write". Sends the whole request and receives until the
 * response is complete. Status is that of HTTP; 'now' and 'first_byte' are times of the stream's
 * clock, 'received' counts bytes, 'keep_alive' tells that the connection can carry another request.
 * Kind is "network", "timeout" or "response"; 'sent' is true when the whole request was sent.
 * Blocks until the deadline, by the stream's clock; without one it does not block: then false tells
 * what the caller has to wait for before it resumes.
 */
int response_exchange(lua_State *L);

/* response:resume(request, stream [, deadline]): goes on with an exchange that returned false. */
int response_resume(lua_State *L);

#endif
