#include "abi/pipe_entries.h"

#include "abi/export.h"
#include "abi/raise.h"
#include "stub/async_pipe.h"
#include "stub/stub.h"

namespace rpc::abi {

namespace {

// The end of the data is *count == 0. Errors are raised: RPC_X_INVALID_PIPE_OBJECT, RPC_X_WRONG_PIPE_ORDER, RPC_X_PIPE_EMPTY,
// RPC_X_PIPE_DISCIPLINE_ERROR, RPC_X_BAD_STUB_DATA.
void __RPC_USER pull(char* state, void* buffer, ULong32 size, ULong32* count) {
    uint32_t got = 0;
    Status s = stub::pipe_pull(state, buffer, static_cast<uint32_t>(size), got);
    *count = got;
    raise_if_failed(s);
}

// No elements end the pipe. As above, and RPC_X_PIPE_CLOSED.
void __RPC_USER push(char* state, void* buffer, ULong32 count) {
    raise_if_failed(stub::pipe_push(state, buffer, static_cast<uint32_t>(count)));
}

constexpr stub::PipeRoutines routines = {pull, push};

// Of asynchronous pipes, on both sides; their statuses are async_pipe_pull's and async_pipe_push's.
RPC_STATUS __RPC_USER async_pull(char* state, void* buffer, ULong32 size, ULong32* count) {
    uint32_t got = 0;
    const Status status = stub::async_pipe_pull(state, buffer, static_cast<uint32_t>(size), got);
    if (count) *count = got;
    return abi::to_rpc(status);
}

RPC_STATUS __RPC_USER async_push(char* state, void* buffer, ULong32 count) {
    return abi::to_rpc(stub::async_pipe_push(state, buffer, static_cast<uint32_t>(count)));
}

constexpr stub::AsyncPipeRoutines async_routines = {async_pull, async_push};

}  // namespace

void install_pipe_entries() {
    stub::set_pipe_routines(&routines);
    stub::set_async_pipe_routines(&async_routines);
    stub::stream_pipes();
}

}  // namespace rpc::abi
