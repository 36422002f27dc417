#pragma once
// The desk: the interface that the demo and the interoperation tests use. What MIDL would make from
//
//     interface desk {
//         long Add(handle_t h, [in] long a, [in] long b, [out] long* sum);
//         long Work(handle_t h, [in] long number, [in] long milliseconds, [out] long* order);
//         long Patience(handle_t h, [in] long number, [in] long milliseconds, [out] long* cancelled);
//         long Seen(handle_t h, [in] long number, [out] long* cancelled);
//         long Echo(handle_t h, [in, string] const wchar_t* text, [out, string] wchar_t** answer);
//         long Bulk(handle_t h, [in] long count, [in, size_is(count)] byte* in, [out, size_is(count)] byte* out);
//         void Stop(handle_t h);
//     }
//
// is written by hand here, because no free tool makes asynchronous stubs. Every procedure has an asynchronous and a
// synchronous stub on each side; they are the same on the wire.
#include "support/stub.h"

namespace desk {

enum Proc : int { kAdd, kWork, kPatience, kSeen, kEcho, kBulk, kStop, kProcs };

// Client side: what the stubs below need.
const MIDL_STUB_DESC& client_stub();
const unsigned char* async_format(Proc);
const unsigned char* sync_format(Proc);

// Each issues an asynchronous call and returns at once. They raise what the runtime raises.
template <class... Args>
void begin(Proc proc, RPC_ASYNC_STATE* state, handle_t binding, Args... args) {
    stub::async_call(client_stub(), async_format(proc), state, binding, args...);
}
// The same procedure, waiting for the answer.
template <class... Args>
long call(Proc proc, handle_t binding, Args... args) {
    return stub::sync_call(client_stub(), sync_format(proc), binding, args...);
}

// Server side: the interface, served by the manager routines of managers.cpp: all of them asynchronous, or none.
RPC_IF_HANDLE server(bool async);

void add_async(RPC_ASYNC_STATE*, handle_t, long a, long b, long* sum);
void work_async(RPC_ASYNC_STATE*, handle_t, long number, long milliseconds, long* order);
void patience_async(RPC_ASYNC_STATE*, handle_t, long number, long milliseconds, long* cancelled);
void seen_async(RPC_ASYNC_STATE*, handle_t, long number, long* cancelled);
void echo_async(RPC_ASYNC_STATE*, handle_t, const wchar_t* text, wchar_t** answer);
void bulk_async(RPC_ASYNC_STATE*, handle_t, long count, const unsigned char* in, unsigned char* out);
void stop_async(RPC_ASYNC_STATE*, handle_t);

long add_sync(handle_t, long a, long b, long* sum);
long work_sync(handle_t, long number, long milliseconds, long* order);
long patience_sync(handle_t, long number, long milliseconds, long* cancelled);
long seen_sync(handle_t, long number, long* cancelled);
long echo_sync(handle_t, const wchar_t* text, wchar_t** answer);
long bulk_sync(handle_t, long count, const unsigned char* in, unsigned char* out);
void stop_sync(handle_t);

// Prints a line with the time since the program started, at once.
[[gnu::format(gnu_printf, 1, 2)]] void say(const char* format, ...);
// Signalled by Stop.
extern HANDLE stopped;

// ncalrpc, ncacn_np or ncacn_ip_tcp for lrpc, np or tcp (or the long name itself); NULL for anything else.
const wchar_t* protocol_sequence(const char* name);

}  // namespace desk
