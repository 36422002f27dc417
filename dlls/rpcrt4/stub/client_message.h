#pragma once
// One client call's own state, synchronous or asynchronous. Plain data that `release` gives back, so that an exception out of
// user code (allocators, expression evaluators, binding routines) can pass and everything is still freed.
#include "stub/client_parameters.h"

namespace rpc::stub {

class ClientMessage {
public:
    // `arguments` stay the caller's and must outlive this.
    Status parse(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Style style, bool asynchronous);
    void set_arguments(void* arguments) { arguments_ = static_cast<uint8_t*>(arguments); }
    const Procedure& procedure() const { return procedure_; }

    // Finds the binding, sizes, takes a buffer and marshals: message() is ready to be sent.
    Status prepare(uint32_t extra_rpc_flags);
    // Reads the reply that message() holds now. `result`: the return value's bits.
    Status read_reply(uint64_t& result);
    // [comm_status] and [fault_status]: when one of them takes `status`, it is stored there, in `result` where that is the
    // return value, and the answer is ok; else it is `status`.
    Status map_failure(Status status, uint64_t& result);
    // Gives back the buffer, generic handles' bindings and tables. Any number of times.
    void release();
    // The runtime freed or took over what message() held.
    void drop_buffer() { has_buffer_ = false; }
    void own_buffer() { has_buffer_ = true; }

    RPC_MESSAGE& message() { return message_; }

private:
    Status bind();
    Status bind_implicit();
    Status bind_explicit();
    Status bind_generic(void* routine, void* unbind, uintptr_t object);
    ClientFrame frame();

    const MIDL_STUB_DESC* desc_ = nullptr;
    Procedure procedure_;
    uint8_t* arguments_ = nullptr;
    void* binding_ = nullptr;
    void* unbind_ = nullptr;  // of a generic handle, called with its object and the binding
    uintptr_t object_ = 0;
    bool has_buffer_ = false;
    RPC_MESSAGE message_{};
    MIDL_STUB_MESSAGE stub_{};
};

}  // namespace rpc::stub
