#pragma once
// One server call's own state: the argument frame made from a request, and what becomes the reply. Plain data that `release`
// gives back, so that an exception out of the manager or an allocator can pass and everything is still freed.
#include "stub/call_message.h"
#include "stub/context_handle.h"
#include "stub/invoke.h"

namespace rpc::stub {

// Memory that belongs to a call: a first block in place, more on demand. All zero-filled, 16-byte aligned.
class CallMemory {
public:
    [[nodiscard]] void* take(size_t size);
    bool owns(const void* p) const;
    void release();

private:
    struct Block {
        Block* next;
        size_t size;
    };
    alignas(16) uint8_t first_[512];
    size_t used_ = 0;
    Block* blocks_ = nullptr;
};

class ServerMessage {
public:
    // Finds procedure message.ProcNum of the interface's MIDL_SERVER_INFO. `message` must outlive this.
    Status find(RPC_MESSAGE& message, Style style, bool asynchronous);
    // Makes the frame: [in] parameters from the request, room for [out] ones. `async`: argument 0, or null.
    Status unmarshal(RPC_ASYNC_STATE* async);
    // Calls the manager routine: its result's bits. User code, and whatever it raises passes through. An asynchronous manager
    // may have ended the call, and this, when it returns.
    uint64_t call_manager();
    // Takes the reply buffer and fills it: message is ready to be sent.
    Status marshal(uint64_t result);
    // Frees parameters, contexts and the frame. Any number of times. User code (pfnFree) may raise.
    void release();

    const Procedure& procedure() const { return procedure_; }
    // After the RPC_MESSAGE moved.
    void set_message(RPC_MESSAGE& message) { message_ = stub_.RpcMsg = &message; }

private:
    Status unmarshal_parameter(const Parameter& p, unsigned int ordinal);
    Status unmarshal_simple(const Parameter& p);
    Status unmarshal_by_value(const Parameter& p);
    Status unmarshal_context(const Parameter& p, unsigned int ordinal);
    Status prepare_out(const Parameter& p, unsigned int ordinal);
    Status prepare_pointer(const Parameter& p, uint8_t*& memory);
    Status give_variable(const Parameter& p, uint8_t**& variable);
    uint8_t* argument(const Parameter& p) const;
    Status adopt_context(ServerContext* context, const Parameter& p, unsigned int ordinal);
    Status set_handle_argument();
    Status unmarshal_parameters();
    uint8_t* data_of(const Parameter& p, uint64_t& result);
    Status size_out(const Parameter& p, uint8_t* memory);
    Status marshal_out(const Parameter& p, uint8_t* memory, unsigned int ordinal);
    Status marshal_context(const Parameter& p, unsigned int ordinal);
    Status create_result_context(uint64_t result);
    void free_parameter(const Parameter& p);
    void release_contexts();
    unsigned int number() const { return message_->ProcNum & 0x7fff; }  // without RPC_FLAGS_VALID_BIT
    NDR_RUNDOWN rundown_of(const Parameter& p) const;
    uint8_t* slot(const Parameter& p) { return frame_ + p.stack_offset; }

    RPC_MESSAGE* message_ = nullptr;
    const MIDL_SERVER_INFO* info_ = nullptr;
    const MIDL_STUB_DESC* desc_ = nullptr;
    Procedure procedure_;
    MIDL_STUB_MESSAGE stub_{};
    uint8_t* frame_ = nullptr;
    ServerContext** contexts_ = nullptr;  // by the parameter's ordinal
    bool whole_ = false;                  // every parameter is there, and may be freed
    uint8_t* request_ = nullptr;
    uint8_t* request_end_ = nullptr;
    CallMemory memory_;
};

}  // namespace rpc::stub
