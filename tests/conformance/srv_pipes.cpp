// The fixture's procedures with pipes: clients' calls and what the servers do.
#include "srv_internal.h"
#include "support/threads.h"

namespace srv {

HANDLE pipe_gate = CreateEventW(nullptr, TRUE, FALSE, nullptr);
volatile long pipe_status = -1;

namespace {

constexpr unsigned long kPortion = 1000;
constexpr unsigned kPatience = 20000;

// One asynchronous call, on a thread of the server's own, which waits for an event of its own.
struct Work {
    RPC_ASYNC_STATE* state;
    PipeMode mode;
    long count;
    AsyncPipe *in, *out;
    long* sum;
    HANDLE event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    long elements = 0, total = 0;

    void listen() const {
        state->NotificationType = RpcNotificationTypeEvent;
        state->u.hEvent = event;
        state->Flags = RPC_C_NOTIFY_ON_SEND_COMPLETE;
        guarded([&] { RpcAsyncRegisterInfo(state); });
    }
    RPC_STATUS pull(long* buffer, unsigned long* got) const {
        for (;;) {
            const RPC_STATUS status = in->pull(in->state, buffer, kPortion, got);
            if (status != RPC_S_ASYNC_CALL_PENDING) return status;
            if (WaitForSingleObject(event, kPatience) != WAIT_OBJECT_0) return ERROR_TIMEOUT;
        }
    }
    RPC_STATUS drain() {
        static thread_local long buffer[kPortion];
        for (;;) {
            unsigned long got = 0;
            if (const RPC_STATUS status = pull(buffer, &got)) return status;
            if (got == 0) return RPC_S_OK;
            elements += static_cast<long>(got);
            for (unsigned long i = 0; i < got; ++i) total += buffer[i];
            if (mode == kPipeAbort) return RPC_S_OK;
        }
    }
    RPC_STATUS push(long* buffer, unsigned long count) const {
        if (const RPC_STATUS status = out->push(out->state, buffer, count)) return status;
        return WaitForSingleObject(event, kPatience) == WAIT_OBJECT_0 ? RPC_S_OK : ERROR_TIMEOUT;
    }
    RPC_STATUS fill() const {
        static thread_local long buffer[kPortion];
        for (long i = 0; i < count;) {
            unsigned long n = 0;
            for (; n < kPortion && i < count; ++n) buffer[n] = ++i;
            if (const RPC_STATUS status = push(buffer, n)) return status;
            if (mode == kPipeAbort) return RPC_S_OK;
        }
        return push(buffer, 0);
    }
    void run() {
        listen();
        if (mode == kPipeGate || mode == kPipeNever) WaitForSingleObject(pipe_gate, kPatience);
        RPC_STATUS status = RPC_S_OK;
        if (mode != kPipeTooEarly && mode != kPipeNever) {
            if (in) status = drain();
            if (!status && out && !(in && mode == kPipeAbort)) status = fill();
        }
        long result = elements;
        if (!status && mode == kPipeAbort) {
            status = RpcAsyncAbortCall(state, 1234);
        } else if (!status) {
            *sum = total;
            status = RpcAsyncCompleteCall(state, &result);
        }
        CloseHandle(event);
        pipe_status = status;
    }
};

void start(RPC_ASYNC_STATE* state, long mode, long count, AsyncPipe* in, AsyncPipe* out, long* sum) {
    auto* work = new Work{state, static_cast<PipeMode>(mode), count, in, out, sum};
    run_detached([work] {
        work->run();
        delete work;
    });
}

long serve(long mode, long count, SyncPipe* in, SyncPipe* out, long* sum) {
    static thread_local long buffer[kPortion];
    long elements = 0, total = 0;
    if (mode == kPipeTooEarly) return 0;
    for (unsigned long got = 1; in && got != 0;) {
        in->pull(in->state, buffer, kPortion, &got);
        elements += static_cast<long>(got);
        for (unsigned long i = 0; i < got; ++i) total += buffer[i];
    }
    for (long i = 0; out && i < count;) {
        unsigned long n = 0;
        for (; n < kPortion && i < count; ++n) buffer[n] = ++i;
        out->push(out->state, buffer, n);
    }
    if (out) out->push(out->state, buffer, 0);
    *sum = total;
    return elements;
}

}  // namespace

void pipe_in_async(RPC_ASYNC_STATE* state, handle_t, long mode, long count, AsyncPipe* in, long* out) {
    start(state, mode, count, in, nullptr, out);
}
void pipe_out_async(RPC_ASYNC_STATE* state, handle_t, long mode, long count, AsyncPipe* pipe, long* out) {
    start(state, mode, count, nullptr, pipe, out);
}
void pipe_both_async(RPC_ASYNC_STATE* state, handle_t, long mode, long count, AsyncPipe* in, AsyncPipe* pipe, long* out) {
    start(state, mode, count, in, pipe, out);
}
long pipe_in_sync(handle_t, long mode, long count, SyncPipe* in, long* out) { return serve(mode, count, in, nullptr, out); }
long pipe_out_sync(handle_t, long mode, long count, SyncPipe* pipe, long* out) {
    return serve(mode, count, nullptr, pipe, out);
}
long pipe_both_sync(handle_t, long mode, long count, SyncPipe* in, SyncPipe* pipe, long* out) {
    return serve(mode, count, in, pipe, out);
}

Outcome async_pipes(Call& call, handle_t b, Proc proc, PipeMode mode, long count, AsyncPipe* in, AsyncPipe* out) {
    pipe_status = -1;
    const auto m = static_cast<long>(mode);
    return guarded([&] {
        if (in && out) stub::async_call(client(kAsync), async_proc(proc), &call.state, b, m, count, in, out, &call.out);
        else stub::async_call(client(kAsync), async_proc(proc), &call.state, b, m, count, in ? in : out, &call.out);
    });
}

Outcome sync_pipes(handle_t b, Interface which, Proc proc, PipeMode mode, long count, SyncPipe* in, SyncPipe* out, long* sum) {
    pipe_status = -1;
    const auto m = static_cast<long>(mode);
    return guarded([&] {
        return in && out ? stub::sync_call(client(which), sync_proc(proc), b, m, count, in, out, sum)
                         : stub::sync_call(client(which), sync_proc(proc), b, m, count, in ? in : out, sum);
    });
}

}  // namespace srv
