#pragma once
// The example's server, in this process, and the client stubs of its procedures as MIDL would declare them for an
// [async] interface. What they do underneath is the conformance program's fixture.
#include <windows.h>
#include <rpc.h>
#include <rpcasync.h>

namespace desk {

handle_t connect();  // a binding to the server, which is started; NULL when it cannot be

void Add(PRPC_ASYNC_STATE state, handle_t server, long a, long b, long* sum);  // returns a * b
void Hold(PRPC_ASYNC_STATE state, handle_t server, long key, long* value);     // until release(key), or for ever
void Fail(PRPC_ASYNC_STATE state, handle_t server, long code, long* ignored);  // the server aborts it with that code

bool wait_held(long key);            // until the Hold is in its manager
void release(long key, long value);  // *value = value; returns value + 1

}  // namespace desk
