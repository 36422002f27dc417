// Options and timeouts of binding handles. Sources: the documentation page of each function.
#include "abi/binding_vector.h"
#include "base/guard.h"

using namespace rpc;
using abi::client_binding;
using abi::to_rpc;

namespace {

template <class F>
RPC_STATUS with_binding(RPC_BINDING_HANDLE handle, F f) {
    Ref<runtime::Binding> binding;
    Status status = client_binding(handle, binding);
    return to_rpc(failed(status) ? status : f(*binding));
}

}  // namespace

// RPC_C_OPT_x: what each value means is the documentation page "Binding Option Constants".
RPC_EXPORT(RPC_STATUS, RpcBindingSetOption)(RPC_BINDING_HANDLE hBinding, unsigned long option, ULONG_PTR optionValue) {
    return with_binding(hBinding, [&](runtime::Binding& b) { return b.set_option(option, optionValue); });
}

RPC_EXPORT(RPC_STATUS, RpcBindingInqOption)
(RPC_BINDING_HANDLE hBinding, unsigned long option, ULONG_PTR* pOptionValue) {
    return with_binding(hBinding, [&](runtime::Binding& b) {
        uintptr_t value = 0;
        RPC_TRY(b.inquire_option(option, value));
        return copy_guarded(pOptionValue, &value, sizeof value) ? Status::ok : Status::invalid_arg;
    });
}
