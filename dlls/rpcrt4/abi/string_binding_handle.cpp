// RpcBindingFromStringBinding, RpcBindingToStringBinding: documentation pages of those names.
#include "abi/export.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/binding.h"
#include "wire/string_binding.h"
#include "wire/uuid.h"

namespace rpc::abi {
namespace {

template <class T>
Status from_string(const T* text, RPC_BINDING_HANDLE* out) {
    Str utf8;
    wire::StringBinding fields;
    Uuid object;
    Ref<runtime::Binding> binding;
    void* handle = nullptr;
    Status status = read_text(text, utf8);
    if (status == Status::invalid_arg) return Status::invalid_string_binding;
    RPC_TRY(status);
    RPC_TRY(wire::parse_string_binding(utf8.view(), fields));
    if (!fields.object.empty()) RPC_TRY(wire::parse_uuid(fields.object.view(), object));
    RPC_TRY(runtime::Binding::create({fields.object.view(), fields.protseq.view(), fields.address.view(),
                                      fields.endpoint.view(), fields.options.view()},
                                     fields.object.empty() ? nullptr : &object, binding));
    RPC_TRY(runtime::Binding::to_handle(std::move(binding), &handle));
    if (copy_guarded(out, &handle, sizeof handle)) return Status::ok;
    (void)runtime::Binding::free_handle(&handle);
    return Status::invalid_arg;
}

enum class Endpoint { as_it_is, as_given };

template <class T>
Status to_string(RPC_BINDING_HANDLE handle, Endpoint which, T** out) {
    auto binding = runtime::Binding::from_handle(handle);
    if (!binding) return Status::invalid_binding;
    Str endpoint, text;
    if (which == Endpoint::as_it_is || !binding->has_dynamic_endpoint()) RPC_TRY(binding->endpoint(endpoint));
    const Uuid object = binding->object();
    char object_text[wire::uuid_text_size + 1] = "";
    if (!wire::is_nil(object)) wire::format_uuid(object, object_text);
    RPC_TRY(wire::compose_string_binding(object_text, binding->protocol().name, binding->network_address().view(),
                                         endpoint.view(), binding->options().view(), text));
    return write_text(text.view(), out);
}

}  // namespace
}  // namespace rpc::abi

using namespace rpc::abi;

RPC_EXPORT(RPC_STATUS, RpcBindingFromStringBindingA)(RPC_CSTR StringBinding, RPC_BINDING_HANDLE* Binding) {
    return to_rpc(from_string<unsigned char>(StringBinding, Binding));
}
RPC_EXPORT(RPC_STATUS, RpcBindingFromStringBindingW)(RPC_WSTR StringBinding, RPC_BINDING_HANDLE* Binding) {
    return to_rpc(from_string<unsigned short>(StringBinding, Binding));
}
RPC_EXPORT(RPC_STATUS, RpcBindingToStringBindingA)(RPC_BINDING_HANDLE Binding, RPC_CSTR* StringBinding) {
    return to_rpc(to_string(Binding, Endpoint::as_it_is, StringBinding));
}
RPC_EXPORT(RPC_STATUS, RpcBindingToStringBindingW)(RPC_BINDING_HANDLE Binding, RPC_WSTR* StringBinding) {
    return to_rpc(to_string(Binding, Endpoint::as_it_is, StringBinding));
}
// Without an endpoint that was found, so that whoever gets the text looks for one himself: the counterpart of
// I_RpcBindingInqDynamicEndpoint. Only the header has it, and what is static is inferred.
RPC_EXPORT(RPC_STATUS, I_RpcBindingToStaticStringBindingW)(RPC_BINDING_HANDLE Binding, unsigned short** StringBinding) {
    return to_rpc(to_string(Binding, Endpoint::as_given, StringBinding));
}
