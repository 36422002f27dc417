#pragma once
// The fixture "srv": one interface in three servers (asynchronous, synchronous, mixed dispatch tables), with client
// stubs of both kinds. All of it is in this process, on endpoints that bear the process's id.
#include "support/guard.h"
#include "support/stub.h"
#include <string>

namespace srv {

enum class Protocol { lrpc, tcp, np };
// Which server interface a stub asks for: they differ only in UUID and in what serves them.
enum Interface : int { kAsync, kSync, kMixed, kUnknown, kInterfaces };

enum Proc : int { kAdd, kHold, kVoid, kAct, kText, kBytes, kSwap, kPush, kRefText, kPipeIn, kPipeOut, kPipeBoth, kBeyond, kProcs };

// What Act does on the server.
enum Action : long {
    kCompleteHere = 1,      // RpcAsyncCompleteCall in the manager
    kCompleteOnWorker,      // on a thread of the test's own, after the manager returned
    kRaise,                 // RpcRaiseException(argument)
    kAbortHere,             // RpcAsyncAbortCall(argument)
    kAbortOnWorker,
    kAbortTwice,
    kThrow,                 // a C++ exception leaves the manager
    kFault,                 // reads address 16
    kOverflowStack,
    kRaiseZero,
    kRaiseNative,           // RaiseException(argument)
    kTestCancel,            // returns RpcServerTestCancel(NULL)'s value
    kSubscribeNull,         // Subscribe(NULL, CallCancel, Event) on the dispatch thread, then parks under `argument`
    kSubscribeSync,         // the same by callback in a synchronous manager; waits for it
    kComTimeout,            // returns RpcMgmtSetComTimeout(own handle, 5)'s value
    kStateFields,           // bits: 1 signature, 2 size, 4 RuntimeInfo
    kThread,                // returns the dispatch thread's id
    kReleaseAll,            // completes every call that is parked with its key, then itself with their number
};

// Starts every server once. False (with why()) where this DLL cannot serve.
bool start();
const std::string& why();
std::wstring endpoint(Protocol);
unsigned short tcp_port();

// A new binding handle to this process's server, or NULL; every handle is the caller's to free.
handle_t bind(Protocol);
handle_t bind_other(Protocol, unsigned process_id, unsigned port);  // to a server in another process
handle_t bind_to(const wchar_t* protseq, const wchar_t* endpoint);
void unbind(handle_t&);

const MIDL_STUB_DESC& client(Interface);
const unsigned char* async_proc(Proc);
const unsigned char* sync_proc(Proc);
RPC_CLIENT_INTERFACE& client_interface(Interface);
RPC_IF_HANDLE server_interface(Interface);

// One asynchronous call and where its results go. Notification: an auto-reset event, unless the case changes it.
struct Call {
    RPC_ASYNC_STATE state;
    HANDLE event;
    long out = -1;
    long result = -1;
    wchar_t* text = nullptr;

    explicit Call(bool manual_reset = false);
    ~Call();
    Call(const Call&) = delete;
    void initialise();

    Outcome add(handle_t binding, long a, long b, Interface = kAsync);
    Outcome hold(handle_t binding, long key, Interface = kAsync);
    Outcome act(handle_t binding, Action action, long argument, Interface = kAsync);
    bool wait(unsigned milliseconds = 5000);
    Outcome status();
    Outcome complete();
    Outcome cancel(bool abort);
};

// An asynchronous pipe of longs, as MIDL declares one; and a synchronous one.
struct AsyncPipe {
    RPC_STATUS(__RPC_USER* pull)(char* state, long* buffer, unsigned long size, unsigned long* count);
    RPC_STATUS(__RPC_USER* push)(char* state, long* buffer, unsigned long count);
    void* reserved;
    char* state;
};
struct SyncPipe {
    void(__RPC_USER* pull)(char* state, long* buffer, unsigned long size, unsigned long* count);
    void(__RPC_USER* push)(char* state, long* buffer, unsigned long count);
    void(__RPC_USER* alloc)(char* state, unsigned long bytes, long** buffer, unsigned long* given);
    char* state;
};

// What the servers of pipes do. PipeIn adds up what it pulls: *out, the number of elements is the result. PipeOut pushes 1, 2, ...; PipeBoth
// pulls all and then pushes as many, each one more than what came.
enum PipeMode : long {
    kPipeWhole,       // to its end
    kPipeGate,        // the same, but waits for pipe_gate first
    kPipeTooEarly,    // completes before anything is pulled
    kPipeAbort,       // aborts with 1234 after the first element
    kPipeNever,       // pulls and pushes nothing, and waits for pipe_gate
};
extern HANDLE pipe_gate;             // a manual-reset event
extern volatile long pipe_status;    // what ended the last server's pulling, pushing or completing; -1 until then
// An [in], an [out] pipe, or both, of `count` elements in the [out] ones.
Outcome async_pipes(Call& call, handle_t binding, Proc proc, PipeMode mode, long count, AsyncPipe* in, AsyncPipe* out);
Outcome sync_pipes(handle_t binding, Interface which, Proc proc, PipeMode mode, long count, SyncPipe* in, SyncPipe* out, long* sum);

// Synchronous calls; the outcome is the return value or what was raised.
Outcome sync_add(handle_t binding, long a, long b, long* c, Interface = kSync);
Outcome sync_hold(handle_t binding, long key, long* value, Interface = kSync);
Outcome sync_act(handle_t binding, Action action, long argument, long* value, Interface = kSync);

// Calls that a manager has parked, by key. A synchronous Hold waits until it is released.
struct Parked {
    RPC_ASYNC_STATE* state = nullptr;  // NULL in a synchronous manager
    handle_t binding = nullptr;
    long* out = nullptr;
    unsigned thread = 0;
    long sequence = 0;
};
long next_key();
bool wait_parked(long key, Parked* parked, unsigned milliseconds = 5000);
// Completes a parked asynchronous call on this thread: *out = value, return value = value + 1.
Outcome release(const Parked&, long value);
void release_sync(long key);
// CallHandle of a parked call, as the macro gives it.
handle_t call_handle(const Parked&);
// Server cancel state of a parked call, polled until it is `expected` or five seconds have passed.
Outcome wait_test_cancel(handle_t, long expected);

struct Counters {
    volatile long allocated, freed;
};
extern Counters client_memory, server_memory;
extern volatile long last_action_status;  // what the last AbortCall/CompleteCall of Act returned
extern volatile long second_action_status;
// The client may hear before the server's function has returned: waits for what it returns.
inline long settled(volatile long& status) {
    for (int i = 0; i < 1000 && status == -1; ++i) Sleep(10);
    return status;
}
extern volatile long action_count;        // Acts that came to their end
extern volatile long void_count;
struct Notified {  // by a server notification callback
    volatile long count;
    void* async;
    int event;
    void* context;
};
extern Notified notified[5];  // by event
void RPC_ENTRY on_notification(RPC_ASYNC_STATE*, void*, RPC_ASYNC_EVENT);
extern HANDLE subscribed_event;

}  // namespace srv
