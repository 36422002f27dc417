#include "ndr/ndr.h"
#include "stub/proxy/calls.h"
#include "stub/proxy/guard.h"
#include "stub/proxy/stub_buffer.h"
#include "stub/server_message.h"

namespace rpc::com {

namespace {

using namespace rpc::stub;

struct StubCall {
    StubBuffer* stub;
    Channel* channel;
    RPC_MESSAGE* message;
    uint32_t* phase;
    bool oi;
    Status status = Status::ok;
    ObjectTarget target{};
    ServerMessage call{};

    Status run() {
        const StubHeader& header = header_of(*stub);
        uint32_t method = method_of(*message);
        if (method < 3 || method >= header.method_count) return Status::procnum_out_of_range;
        if (!header.server_info || !channel) return Status::bad_stub_data;
        target = {header.server_info, std_stub(stub).server, channel, header.iid};
        if (!target.object) return to_status(co_e_obj_not_connected);
        RPC_TRY(call.find(*message, target, oi ? Style::oi : Style::oif));
        *phase = STUB_UNMARSHAL;
        RPC_TRY(call.unmarshal(nullptr));
        *phase = STUB_CALL_SERVER;
        call.set_result(call.call_manager());
        *phase = STUB_MARSHAL;
        return call.marshal();
    }
};

Status run_stub(StubCall& call) {
    run_with_cleanup([](void* p) { static_cast<StubCall*>(p)->status = static_cast<StubCall*>(p)->run(); },
                     [](void* p) { static_cast<StubCall*>(p)->call.release(); }, &call);
    return call.status;
}

struct Invocation {
    StubBuffer* stub;
    Channel* channel;
    RPC_MESSAGE* message;
    uint32_t phase = STUB_UNMARSHAL;
    Status status = Status::ok;

    void run() {
        const StubHeader& header = header_of(*stub);
        if (header.dispatch) {
            header.dispatch[method_of(*message)](stub, channel, message, &phase);
            return;
        }
        const MIDL_SERVER_INFO* info = header.server_info;
        const uint8_t* format =
            info ? procedure_format(info->ProcString, info->FmtStringOffset, method_of(*message)) : nullptr;
        if (StubBuffer* base = format ? nullptr : base_stub(*stub)) {
            phase = STUB_CALL_SERVER;  // what its server raises is not of this stub's unmarshalling
            if (Hresult h = base->vtbl->Invoke(base, message, channel); bad(h)) status = to_status(h);
            return;
        }
        if (!format)
            status = Status::procnum_out_of_range;
        else if (is_second_interpreter(format))
            status = stub_call(*stub, channel, *message, &phase);
        else
            status = stub_call_oi(*stub, channel, *message, &phase);
    }
};

}  // namespace

Status stub_call(StubBuffer& stub, Channel* channel, RPC_MESSAGE& message, uint32_t* phase) {
    StubCall call{&stub, channel, &message, phase, false};
    return run_stub(call);
}

Status stub_call_oi(StubBuffer& stub, Channel* channel, RPC_MESSAGE& message, uint32_t* phase) {
    StubCall call{&stub, channel, &message, phase, true};
    return run_stub(call);
}

Hresult RPC_ENTRY stub_invoke(void* self, RPC_MESSAGE* message, Channel* channel) {
    auto* stub = static_cast<StubBuffer*>(self);
    if (!message) return e_invalidarg;
    const StubHeader& header = header_of(*stub);
    uint32_t method = method_of(*message);
    if (method < 3 || method >= header.method_count) return rpc_e_invalid_method;
    if (header.dispatch && !header.dispatch[method]) return rpc_e_invalid_method;
    Invocation call{stub, channel, message};
    uint32_t raised = guard_invoke([](void* p) { static_cast<Invocation*>(p)->run(); }, &call, &call.phase, channel);
    return to_hresult(raised ? static_cast<Status>(raised) : call.status);
}

}  // namespace rpc::com
