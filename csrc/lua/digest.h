/* Functions of OpenSSL besides signatures of requests: digests, random numbers, ES256. */
#ifndef DDB_DIGEST_H
#define DDB_DIGEST_H

#include "object.h"

/* Adds base64url, ec_jwk, es256, random, sha256 and uuid to the table at the top. */
void digest_open(lua_State *L);

#endif
