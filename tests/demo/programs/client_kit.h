#pragma once
// What the client programs share: a binding, an asynchronous call with its results, and checks that are counted.
#include "desk.h"
#include "support/guard.h"

namespace desk {

// A binding handle to PROTOCOL and ENDPOINT as the server printed them; NULL after a message.
handle_t connect(const char* protocol, const char* endpoint);

struct Call {
    RPC_ASYNC_STATE state{};
    HANDLE event;
    long number = 0;
    long out = -1;
    long result = -1;

    Call();
    ~Call() { CloseHandle(event); }
    Call(const Call&) = delete;
    // Issues begin_Work, begin_Patience or begin_Add. 0, or what was raised.
    unsigned begin(decltype(begin_Add)* stub, handle_t binding, long first, long second);
    bool done(unsigned milliseconds) { return WaitForSingleObject(event, milliseconds) == WAIT_OBJECT_0; }
    // RpcAsyncCompleteCall's status, or the code that it raised.
    unsigned complete();
    unsigned cancel(bool abort);
};

// Prints what was checked; the number of failures is the program's exit status.
void check(bool ok, const char* what);
int failures();

}  // namespace desk
