#include <cstring>
#include <utility>

#include "base/guard.h"
#include "runtime/message.h"
#include "stub/client_message.h"
#include "stub/stub.h"

namespace rpc::stub {

// --- synchronous ----------------------------------------------------------------------------------------------------

namespace {

struct SyncCall {
    const MIDL_STUB_DESC* desc;
    PFORMAT_STRING format;
    Slot* args;
    Style style;
    uint64_t result = 0;
    Status status = Status::ok;
    ClientMessage message{};

    Status run() {
        RPC_TRY(message.parse(*desc, format, style, false));
        message.set_arguments(args);
        Status s = call();
        return message.map_failure(s, result);
    }
    Status call() {
        RPC_TRY(message.prepare(0));
        if (Status s = runtime::send_receive(message.message()); failed(s)) {
            message.drop_buffer();
            return s;
        }
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
    SyncCall call{&desc, format, args, Style::oif};
    return run_sync(call, result);
}

Status client_call_oi(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, uint64_t& result) {
    SyncCall call{&desc, format, args, Style::oi};
    return run_sync(call, result);
}

// --- asynchronous ---------------------------------------------------------------------------------------------------

namespace {

// The part of an asynchronous call that outlives the stub's frame: a copy of its arguments, and what reads the reply.
class AsyncClientCall final : public call::AsyncStub {
public:
    ~AsyncClientCall() override { mem_free(arguments_); }

    Status start(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, bool& handed_over) {
        RPC_TRY(message_.parse(desc, format, Style::oif, true));
        if (!message_.procedure().is_async()) return Status::bad_stub_data;
        auto* state = reinterpret_cast<RPC_ASYNC_STATE*>(args[0]);
        if (!state) return Status::invalid_async_handle;
        size_t size = message_.procedure().arguments_size;
        // The result's slot is ours alone; a copy of the whole frame keeps every offset in bounds.
        arguments_ = mem_alloc_zeroed(message_.procedure().stack_size);
        if (!arguments_) return Status::out_of_memory;
        std::memcpy(arguments_, args, size);
        message_.set_arguments(arguments_);
        RPC_TRY(message_.prepare(RPC_BUFFER_ASYNC));
        if (Status s = runtime::async_set_handle(message_.message(), state, this); failed(s)) {
            runtime::async_detach(message_.message());
            return s;
        }
        // From here on the call may complete, and this be gone, at any moment: what goes out is a copy of the message.
        RPC_MESSAGE outgoing = message_.message();
        message_.drop_buffer();
        handed_over = true;
        Status status = runtime::send(outgoing);
        if (!failed(status)) return status;
        handed_over = false;
        runtime::async_detach(outgoing);
        message_.message() = outgoing;
        message_.own_buffer();
        return status;
    }

    Status complete(void* reply) override {
        Status status = Status::ok;
        uint64_t result = 0;
        if (uint32_t raised = call_guarded([&] { status = read(result); })) status = static_cast<Status>(raised);
        status = message_.map_failure(status, result);
        if (!failed(status) && reply) std::memcpy(reply, &result, result_size(message_.procedure()));
        discard();
        return status;
    }

    void discard() override {
        if (call_guarded([&] { message_.release(); })) return;  // an unbind routine's own fault
    }

private:
    Status read(uint64_t& result) {
        RPC_TRY(runtime::receive(message_.message(), 0));
        message_.own_buffer();
        return message_.read_reply(result);
    }

    ClientMessage message_;
    void* arguments_ = nullptr;
};

struct AsyncStart {
    const MIDL_STUB_DESC* desc;
    PFORMAT_STRING format;
    Slot* args;
    AsyncClientCall* call;
    bool handed_over = false;
    Status status = Status::ok;
};

}  // namespace

Status async_client_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args) {
    AsyncStart start{&desc, format, args, make<AsyncClientCall>()};
    if (!start.call) return Status::out_of_memory;
    run_with_cleanup(
        [](void* p) {
            auto& s = *static_cast<AsyncStart*>(p);
            s.status = s.call->start(*s.desc, s.format, s.args, s.handed_over);
        },
        [](void* p) {
            auto& s = *static_cast<AsyncStart*>(p);
            if (s.handed_over) return;
            s.call->discard();
            destroy(s.call);
        },
        &start);
    return start.status;
}

}  // namespace rpc::stub
