#include <cstring>
#include <utility>

#include "base/guard.h"
#include "runtime/message.h"
#include "stub/async_pipe.h"
#include "stub/client_message.h"
#include "stub/proxy/calls.h"
#include "stub/stub.h"

namespace rpc::stub {

// --- synchronous ----------------------------------------------------------------------------------------------------

namespace {

// What a stub hands over to say which procedure it wants: one of two forms.
struct Target {
    const MIDL_STUB_DESC* desc = nullptr;
    PFORMAT_STRING format = nullptr;
    Style style = Style::oif;
    const MIDL_STUBLESS_PROXY_INFO* info = nullptr;
    unsigned int number = 0;

    Status parse(ClientMessage& message, bool asynchronous) const {
        return info ? message.parse(*info, number, asynchronous) : message.parse(*desc, format, style, asynchronous);
    }
};

struct SyncCall {
    Target target;
    Slot* args;
    void* returned = nullptr;
    uint64_t result = 0;
    Status status = Status::ok;
    ClientMessage message{};

    Status run() {
        RPC_TRY(target.parse(message, false));
        // A result in memory has a place only where the entry takes its address.
        if (message.result().in_memory && !returned) return Status::cannot_support;
        message.set_returned(returned);
        message.set_arguments(args);
        Status s = call();
        return message.map_failure(s, result);
    }
    Status call() {
        RPC_TRY(message.prepare(0));
        RPC_TRY(message.send_receive());
        return message.read_reply(result);
    }
};

Status run_sync(SyncCall& call, uint64_t& result) {
    run_with_cleanup([](void* p) { static_cast<SyncCall*>(p)->status = static_cast<SyncCall*>(p)->run(); },
                     [](void* p) { static_cast<SyncCall*>(p)->message.release(); }, &call);
    result = call.result;
    return call.status;
}

}  // namespace

Status client_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, uint64_t& result) {
    if (format[1] & oi_object_proc) return com::object_call(desc, format, args, stub_float_argument, result);
    SyncCall call{{&desc, format}, args};
    return run_sync(call, result);
}

Status client_call_all(const MIDL_STUBLESS_PROXY_INFO& info, unsigned int number, Slot* args, void* returned, uint64_t& result) {
    SyncCall call{{.info = &info, .number = number}, args, returned};
    RPC_TRY(run_sync(call, result));
    const Result& r = call.message.result();
    if (returned && !r.in_memory) std::memcpy(returned, &result, r.size);
    return Status::ok;
}

Status client_call_oi(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, uint64_t& result) {
    if (format[1] & oi_object_proc) return com::object_call(desc, format, args, stub_float_argument, result);
    SyncCall call{{&desc, format, Style::oi}, args};
    return run_sync(call, result);
}

// --- asynchronous ---------------------------------------------------------------------------------------------------

namespace {

// The part of an asynchronous call that outlives the stub's frame: a copy of its arguments, and what reads the reply. Many of
// these may be out, so what the format string can tell again is not kept.
class AsyncClientCall final : public call::AsyncStub {
public:
    ~AsyncClientCall() override {
        if (pipes_) pipes_->close();
        mem_free_brief(arguments_, arguments_room_);
    }

    // `message` is the caller's: what it holds when this fails, or is left by an exception, is his to release.
    Status start(const Target& target, Slot* args, ClientMessage& message, bool& handed_over) {
        target_ = target;
        RPC_TRY(target.parse(message, true));
        if (!message.procedure().is_async()) return Status::bad_stub_data;
        auto* state = reinterpret_cast<RPC_ASYNC_STATE*>(args[0]);
        if (!state) return Status::invalid_async_handle;
        size_t size = message.procedure().arguments_size;
        // The result's slot is ours alone; a copy of the whole frame keeps every offset in bounds.
        const size_t stack_size = message.procedure().stack_size;
        arguments_room_ = mem_brief_room(stack_size);
        arguments_ = mem_alloc_brief(arguments_room_);
        if (!arguments_) return Status::out_of_memory;
        std::memset(arguments_, 0, stack_size);
        std::memcpy(arguments_, args, size);
        message.set_arguments(arguments_);
        const bool pipes = message.procedure().has_pipes;
        RPC_TRY(message.prepare(RPC_BUFFER_ASYNC));
        if (pipes) {
            RPC_TRY(AsyncPipes::make(message.procedure(), static_cast<uint8_t*>(arguments_), true, pipes_));
            RPC_TRY(pipes_->begin_client(message.message(), message.stub(), state));
        }
        if (Status s = runtime::async_set_handle(message.message(), state, this); failed(s)) {
            runtime::async_detach(message.message());
            return s;
        }
        // From here on the call may complete, and this be gone, at any moment: what goes out is a copy of the message.
        RPC_MESSAGE outgoing = message.message();
        message.drop_buffer();
        rest_ = message.suspend();
        handed_over = true;
        auto started = pipes_;
        Status status = runtime::send(outgoing);
        if (!failed(status)) {
            if (started) started->started();
            return status;
        }
        handed_over = false;
        runtime::async_detach(outgoing);
        message.resume(rest_);
        message.message() = outgoing;
        message.own_buffer();
        return status;
    }

    Status complete(void* reply) override {
        ClientMessage message;
        uint64_t result = 0;
        Status status = take_up(message);
        message.set_returned(reply);
        if (!failed(status)) {
            if (uint32_t raised = call_guarded([&] { status = read(message, result); })) status = static_cast<Status>(raised);
            status = message.map_failure(status, result);
        }
        const Result& r = message.result();
        if (!failed(status) && reply && !r.in_memory) std::memcpy(reply, &result, r.size);
        release(message);
        return status;
    }

    void discard() override {
        ClientMessage message;
        if (!failed(take_up(message))) release(message);
    }

private:
    Status take_up(ClientMessage& message) {
        RPC_TRY(target_.parse(message, true));  // as it did before
        message.set_arguments(arguments_);
        message.resume(rest_);
        return Status::ok;
    }
    static void release(ClientMessage& message) {
        if (call_guarded([&] { message.release(); })) return;  // an unbind routine's own fault
    }
    Status read(ClientMessage& message, uint64_t& result) {
        RPC_TRY(runtime::receive(message.message()));
        message.own_buffer();
        if (pipes_) RPC_TRY(take_rest(message.message()));
        return message.read_reply(result);
    }
    // The reply's pipes have been read; the other parameters follow.
    Status take_rest(RPC_MESSAGE& message) {
        MutBytes rest;
        RPC_TRY(pipes_->done());
        RPC_TRY(pipes_->rest(rest));
        message.Buffer = rest.data();
        message.BufferLength = static_cast<unsigned>(rest.size());
        return Status::ok;
    }

    Target target_;
    void* arguments_ = nullptr;
    size_t arguments_room_ = 0;
    ClientMessage::Rest rest_;
    Ref<AsyncPipes> pipes_;
};

struct AsyncStart {
    Target target;
    Slot* args;
    AsyncClientCall* call;
    bool handed_over = false;
    Status status = Status::ok;
    ClientMessage message{};
};

Status run_async(const Target& target, Slot* args) {
    AsyncStart start{target, args, make<AsyncClientCall>()};
    if (!start.call) return Status::out_of_memory;
    run_with_cleanup(
        [](void* p) {
            auto& s = *static_cast<AsyncStart*>(p);
            s.status = s.call->start(s.target, s.args, s.message, s.handed_over);
        },
        [](void* p) {
            auto& s = *static_cast<AsyncStart*>(p);
            if (s.handed_over) return;
            s.message.release();
            destroy(s.call);
        },
        &start);
    return start.status;
}

}  // namespace

Status async_client_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args) {
    return run_async({&desc, format}, args);
}

Status async_client_call_all(const MIDL_STUBLESS_PROXY_INFO& info, unsigned int number, Slot* args) {
    return run_async({.info = &info, .number = number}, args);
}

}  // namespace rpc::stub
