#pragma once
// One server call's own state: the argument frame made from a request, and what becomes the reply. Plain data that `release`
// gives back, so that an exception out of the manager or an allocator can pass and everything is still freed.
#include "stub/call_message.h"
#include "stub/context_handle.h"
#include "stub/async_pipe.h"
#include "stub/invoke.h"
#include "stub/pipe.h"
#include "stub/proxy/com.h"
#include "stub/rpcss_memory.h"
#include "stub/syntax.h"

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

// Where a request to a COM object goes, instead of an interface's manager.
struct ObjectTarget {
    const MIDL_SERVER_INFO* info;
    void* object;           // the server's interface pointer
    com::Channel* channel;  // the reply's buffer comes from it
    const GUID* iid;
};

class ServerMessage {
public:
    // Finds procedure message.ProcNum of the interface's MIDL_SERVER_INFO. `message` must outlive this.
    Status find(RPC_MESSAGE& message, Style style, bool asynchronous);
    // The same in the description of message.TransferSyntax.
    Status find_all(RPC_MESSAGE& message, bool asynchronous);
    // The same for a method of an object; the target's parts must outlive this.
    Status find(RPC_MESSAGE& message, const ObjectTarget& target, Style style);
    // Makes the frame: [in] parameters from the request, room for [out] ones. `async`: argument 0, or null.
    Status unmarshal(RPC_ASYNC_STATE* async);
    // Makes the frame of a Finish_, for which nothing comes from the request: every [out] parameter has room for what the method answers.
    Status prepare_results();
    // Calls the manager routine: its result's bits. User code, and whatever it raises passes through. An asynchronous manager
    // may have ended the call, and this, when it returns.
    uint64_t call_manager();
    // The result: as call_manager answered it, or as RpcAsyncCompleteCall's Reply points at it (invalid_arg where it does not).
    void set_result(uint64_t bits);
    Status set_result(const void* reply);
    // Takes the reply buffer and fills it: message is ready to be sent.
    Status marshal();
    // Frees parameters, contexts and the frame, then tells a [notify] routine. Any number of times. User code (pfnFree, that
    // routine) may raise.
    void release();

    const Procedure& procedure() const { return procedure_; }
    // The environment of Oi_RPCSS_ALLOC_USED, or null. unmarshal enters it; what else runs for the call on another thread, or
    // after leave_environment, enters it itself.
    const Ref<runtime::MemoryEnvironment>& environment() const { return environment_; }
    void leave_environment() { scope_.leave(); }
    // After the RPC_MESSAGE moved.
    void set_message(RPC_MESSAGE& message) { message_ = stub_.RpcMsg = &message; }

private:
    Status find_server(RPC_MESSAGE& message);
    Status find_procedure(const Ndr20Interface& ndr20, Style style, bool asynchronous);
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
    Status begin_frame();
    uint8_t* data_of(const Parameter& p);
    Status make_frame();
    Status initialize_ignored(const Parameter& p);
    Status prepare_pipe(const Parameter& p);
    Status await_parameters();
    bool parameters_are_here();
    Status size_out(const Parameter& p, uint8_t* memory);
    Status marshal_out(const Parameter& p, uint8_t* memory, unsigned int ordinal);
    Status marshal_context(const Parameter& p, unsigned int ordinal);
    Status create_result_context();
    void free_parameter(const Parameter& p);
    void free_all();
    void notify();
    void release_contexts();
    Status lock_contexts();
    unsigned int number() const { return message_->ProcNum & 0x7fff; }  // without RPC_FLAGS_VALID_BIT
    NDR_RUNDOWN rundown_of(const Parameter& p) const;
    uint8_t* slot(const Parameter& p) { return frame_ + p.stack_offset; }

    void* routine() const;
    Status take_reply_buffer();

    RPC_MESSAGE* message_ = nullptr;
    const ObjectTarget* target_ = nullptr;  // null outside COM
    const MIDL_SERVER_INFO* info_ = nullptr;
    const MIDL_STUB_DESC* desc_ = nullptr;
    MIDL_STUB_DESC own_desc_{};  // where a syntax's types are not the descriptor's
    Procedure procedure_;
    MIDL_STUB_MESSAGE stub_{};
    uint8_t* frame_ = nullptr;
    uint8_t* result_ = nullptr;           // its memory, at least 8 bytes
    Result result_kind_;
    bool has_result_ = false;
    bool to_notify_ = false;
    bool manager_called_ = false;
    ServerContext** contexts_ = nullptr;  // by the parameter's ordinal
    ContextUses uses_;                    // the same, locked while the manager may use them
    bool whole_ = false;                  // every parameter is there, and may be freed
    ServerPipes pipes_;
    Ref<AsyncPipes> async_pipes_;  // instead, where the procedure is asynchronous
    uint8_t* request_ = nullptr;
    uint8_t* request_end_ = nullptr;
    CallMemory memory_;
    Ref<runtime::MemoryEnvironment> environment_;
    rpcss::ThreadScope scope_;
};

}  // namespace rpc::stub
