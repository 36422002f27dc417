#include <cstring>

#include "ndr/ndr.h"
#include "stub/call_message.h"
#include "stub/proxy/async_call.h"
#include "stub/proxy/calls.h"
#include "stub/proxy/messages.h"
#include "stub/proxy/proxy.h"
#include "stub/syntax.h"

namespace rpc::com {

namespace {

using namespace rpc::stub;

constexpr uint8_t oi_ignore_object_exception = 0x10;

struct ObjectCall {
    const MIDL_STUB_DESC* desc;
    PFORMAT_STRING format;
    Slot* args;
    FloatArgument floats;
    uint64_t result = 0;
    Status status = Status::ok;
    Procedure procedure{};
    RPC_MESSAGE message{};
    MIDL_STUB_MESSAGE stub{};
    AsyncHalf half{};

    void* object() const { return reinterpret_cast<void*>(args[0]); }

    Status parse() {
        RPC_TRY(check_version(*desc));
        Style style = is_second_interpreter(format) ? Style::oif : Style::oi;
        RPC_TRY(parse_procedure(format, desc->pFormatTypes, style, false, procedure));
        if (procedure.arguments_size < slot_size) return Status::bad_stub_data;
        RPC_TRY(check_object_supported(procedure));
        // Begin_ and Finish_ make no sense on anything but a call object, and nothing else does on one.
        bool of_call_object = proxy_of(object()).async != nullptr;
        bool is_half = (procedure.opt_flags & opt_has_async_uuid) != 0 && procedure.number >= 3;
        return of_call_object == is_half ? Status::ok : Status::bad_stub_data;
    }

    bool is_async() const { return proxy_of(object()).async != nullptr; }

    Status call() {
        client_initialize(message, stub, *desc, is_async() ? synchronous_method(procedure.number) : procedure.number);
        message.RpcFlags = procedure.rpc_flags;
        stub.StackTop = reinterpret_cast<unsigned char*>(args);
        apply_procedure(procedure, stub);
        ClientFrame frame;
        frame.stub = &stub;
        frame.procedure = &procedure;
        frame.arguments = stub.StackTop;
        frame.floats = floats;
        // Whatever happens, the caller finds no garbage in what it takes for results.
        RPC_TRY(clear_out_parameters(frame));
        if (is_async())
            return is_begin(procedure.number) ? half.begin(object(), frame) : half.finish(object(), frame, result);
        RPC_TRY(proxy_attach(object(), stub));
        if (procedure.oi_flags & oi_full_pointers) RPC_TRY(ndr::full_pointers_init(stub, XLAT_CLIENT));
        RPC_TRY(size_in_parameters(frame));
        RPC_TRY(proxy_get_buffer(object(), stub));
        RPC_TRY(marshal_in_parameters(frame));
        RPC_TRY(proxy_send_receive(stub));
        if (ndr::needs_conversion(message.DataRepresentation))
            RPC_TRY(convert_parameters(stub, procedure, Parameter::out));
        return unmarshal_out_parameters(frame, result);
    }

    // COM's rule: with a failure, what would have been a result is zero; pointers are by now.
    void clear_simple_results() {
        Parameter p;
        for (ParameterCursor at(procedure); at.next(p);) {
            if (!p.is(Parameter::out) || p.is(Parameter::in)) continue;
            if (!p.is(Parameter::base_type) || !p.is(Parameter::simple_ref)) continue;
            auto* memory = reinterpret_cast<void*>(args[p.stack_offset / slot_size]);
            if (memory) std::memset(memory, 0, simple_memory_size(p.simple_type));
        }
    }

    void release() {
        if (stub.FullPtrXlatTables) ndr::full_pointers_free(stub);
        proxy_free_buffer(stub);
        half.release();
    }

    Status run() {
        run_with_cleanup([](void* p) { static_cast<ObjectCall*>(p)->status = static_cast<ObjectCall*>(p)->call(); },
                         [](void* p) { static_cast<ObjectCall*>(p)->release(); }, this);
        if (!failed(status) || (procedure.oi_flags & oi_ignore_object_exception)) return status;
        clear_simple_results();
        result = static_cast<uint64_t>(static_cast<int64_t>(to_hresult(status)));
        return Status::ok;
    }
};

// Floating arguments in one of the first four slots come in xmm registers on x64.
void take_float_arguments(const Procedure& procedure, Slot* args, const uint64_t* floats) {
    Parameter p;
    for (ParameterCursor at(procedure); at.next(p);) {
        size_t slot = p.stack_offset / slot_size;
        if (slot >= 4 || !p.is(Parameter::base_type) || p.is(Parameter::simple_ref) || p.is(Parameter::returned))
            continue;
        if (p.simple_type == fc_float || p.simple_type == fc_double) args[slot] = static_cast<Slot>(floats[slot]);
    }
}

uint32_t floating_result(const Procedure& procedure) {
    Parameter p;
    for (ParameterCursor at(procedure); at.next(p);)
        if (p.is(Parameter::returned) && p.is(Parameter::base_type))
            return p.simple_type == fc_float ? sizeof(float) : p.simple_type == fc_double ? sizeof(double) : 0;
    return 0;
}

}  // namespace

Status object_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, FloatArgument floats,
                   uint64_t& result) {
    ObjectCall call{&desc, format, args, floats};
    RPC_TRY(call.parse());
    RPC_TRY(call.run());
    result = call.result;
    return Status::ok;
}

Status async_object_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, uint64_t& result) {
    if (!proxy_of(reinterpret_cast<void*>(args[0])).async) return Status::bad_stub_data;
    return object_call(desc, format, args, stub_float_argument, result);
}

Status async_object_call_all(const MIDL_STUBLESS_PROXY_INFO& info, unsigned int number, Slot* args, uint64_t& result) {
    Ndr20Interface ndr20;
    PFORMAT_STRING format = nullptr;
    RPC_TRY(find_ndr20(info, ndr20));
    RPC_TRY(ndr20.procedure(number, format));
    if (ndr20.matches_desc()) return async_object_call(*ndr20.desc, format, args, result);
    MIDL_STUB_DESC own = ndr20.own_desc();
    return async_object_call(own, format, args, result);
}

Status stubless_call(uint32_t method, Slot* args, const uint64_t* floats, StublessResult& out) {
    const MIDL_STUBLESS_PROXY_INFO* info = proxy_of(reinterpret_cast<void*>(args[0])).stubless;
    const uint8_t* format = procedure_format(info->ProcFormatString, info->FormatStringOffset, method);
    if (!format || !info->pStubDesc) return Status::procnum_out_of_range;
    ObjectCall call{info->pStubDesc, format, args, FloatArgument::raw};
    RPC_TRY(call.parse());
    if (floats) take_float_arguments(call.procedure, args, floats);
    RPC_TRY(call.run());
    out.value = call.result;
    out.pop = static_cast<uint32_t>(call.procedure.arguments_size);
    out.floating = floating_result(call.procedure);
    return Status::ok;
}

}  // namespace rpc::com
