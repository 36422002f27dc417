#pragma once
// A channel in memory: what a proxy sends goes straight into a stub's Invoke.
#include <windows.h>

#include <objbase.h>
#include <stddef.h>

struct Channel {
    // The object's layout is an IRpcChannelBuffer's.
    const void* const* vtbl;
    LONG refs;
    IRpcStubBuffer* stub;   // where calls go
    long buffers;           // taken and not freed
    ULONG method;           // of the last call
    IID iid;                // it was made on
    HRESULT invoke_result;  // what Invoke answered
    DWORD invoke_raised;    // or raised
    // What is to go wrong at the next call.
    HRESULT fail_get_buffer, fail_send;
    ULONG truncate_request, truncate_reply;  // bytes that are left, 0 for all
    ULONG method_shift;

    IRpcChannelBuffer* face() { return (IRpcChannelBuffer*)this; }
};

void channel_init(Channel& channel);
