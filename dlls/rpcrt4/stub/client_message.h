#pragma once
// One client call's own state, synchronous or asynchronous. Plain data that `release` gives back, so that an exception out of
// user code (allocators, expression evaluators, binding routines) can pass and everything is still freed.
#include "stub/client_parameters.h"
#include "stub/pipe.h"
#include "stub/syntax.h"

namespace rpc::stub {

class ClientMessage {
public:
    // `arguments` stay the caller's and must outlive this.
    Status parse(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Style style, bool asynchronous);
    // The procedure of an interface in several transfer syntaxes, by its number.
    Status parse(const MIDL_STUBLESS_PROXY_INFO& info, unsigned int number, bool asynchronous);
    void set_arguments(void* arguments) { arguments_ = static_cast<uint8_t*>(arguments); }
    const Procedure& procedure() const { return procedure_; }

    // Finds the binding, sizes, takes a buffer and marshals: message() is ready to be sent. A synchronous call's pipes travel behind it.
    Status prepare(uint32_t extra_rpc_flags);
    // Synchronous: performs the call; message() holds the reply behind its pipes then.
    Status send_receive();
    // Reads the reply that message() holds now. `result`: the return value's bits, where it comes in registers.
    Status read_reply(uint64_t& result);
    // Where a result goes that does not come in registers; before read_reply.
    void set_returned(void* returned) { returned_ = returned; }
    const Result& result() const { return result_; }
    // [comm_status] and [fault_status]: when one of them takes `status`, it is stored there, in `result` where that is the
    // return value, and the answer is ok; else it is `status`.
    Status map_failure(Status status, uint64_t& result);
    // Gives back the buffer, generic handles' bindings and tables. Any number of times.
    void release();
    // The runtime freed or took over what message() held.
    void drop_buffer() { has_buffer_ = false; }
    void own_buffer() { has_buffer_ = true; }

    RPC_MESSAGE& message() { return message_; }
    const MIDL_STUB_MESSAGE& stub() const { return stub_; }

    // What has to last while an asynchronous call is out: the rest is in the format string and the arguments.
    struct Rest {
        RPC_MESSAGE message{};
        void* binding = nullptr;
        void* unbind = nullptr;
        uintptr_t object = 0;
        PFULL_PTR_XLAT_TABLES full_pointers = nullptr;
        bool has_buffer = false;
    };
    // Moves it out: release() has nothing left to give back. And in, into a message that parse and set_arguments made.
    Rest suspend();
    void resume(const Rest& rest);

private:
    Status bind();
    Status bind_implicit();
    Status bind_explicit();
    Status bind_generic(void* routine, void* unbind, uintptr_t object);
    ClientFrame frame();
    bool reports_status() const;
    uint32_t* status_variable(short offset) const;
    void clear_statuses();

    const MIDL_STUB_DESC* desc_ = nullptr;
    MIDL_STUB_DESC own_desc_{};  // where a syntax's types are not the descriptor's
    const RPC_SYNTAX_IDENTIFIER* transfer_syntax_ = nullptr;  // null: the interface's own
    Procedure procedure_;
    Result result_;
    uint8_t* arguments_ = nullptr;
    void* returned_ = nullptr;
    void* binding_ = nullptr;
    void* unbind_ = nullptr;  // of a generic handle, called with its object and the binding
    uintptr_t object_ = 0;
    ClientPipes pipes_;
    bool has_buffer_ = false;
    RPC_MESSAGE message_{};
    MIDL_STUB_MESSAGE stub_{};
};

}  // namespace rpc::stub
