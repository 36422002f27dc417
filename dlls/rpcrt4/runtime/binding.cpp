#include "runtime/binding.h"

#include "base/module.h"

namespace rpc::runtime {

Status Binding::create(const BindingParts& parts, const Uuid* object, Ref<Binding>& out) {
    if (parts.protocol.empty()) return Status::invalid_rpc_protseq;
    const io::Protocol* protocol = io::find_protocol(parts.protocol);
    if (!protocol) return Status::protseq_not_supported;
    if (!parts.endpoint.empty() && !protocol->endpoint_valid(parts.endpoint)) return Status::invalid_endpoint_format;
    auto binding = make_ref<Binding>(*protocol);
    if (!binding || !binding->network_address_.assign(parts.network_address) || !binding->options_.assign(parts.options))
        return Status::out_of_memory;
    Guard g(binding->mutex_);
    if (!binding->endpoint_.assign(parts.endpoint)) return Status::out_of_memory;
    if (object) binding->object_ = *object;
    g.unlock();
    out = std::move(binding);
    return Status::ok;
}

Status Binding::to_handle(Ref<Binding> binding, void** handle) {
    RPC_TRY(pin_module());  // connections and threads may follow: code of ours may run at any time from here on
    RPC_TRY(handle_table::add(binding.get(), HandleKind::binding));
    *handle = binding.detach();
    return Status::ok;
}

Status Binding::free_handle(void** handle) {
    Ref<Binding> binding = from_handle(*handle);
    if (!binding || !handle_table::remove(*handle)) return Status::invalid_binding;
    static_cast<Binding*>(*handle)->release();  // the handle's reference; ours ends with this function
    *handle = nullptr;
    return Status::ok;
}

Status Binding::copy(Ref<Binding>& out) {
    auto made = make_ref<Binding>(protocol_);
    if (!made || !made->network_address_.assign(network_address_.view()) || !made->options_.assign(options_.view()))
        return Status::out_of_memory;
    Str endpoint_copy;
    RPC_TRY(endpoint(endpoint_copy));
    Guard from(mutex_);
    Guard to(made->mutex_);
    made->endpoint_ = std::move(endpoint_copy);
    made->object_ = object_;
    made->association_ = association_;
    to.unlock();
    from.unlock();
    out = std::move(made);
    return Status::ok;
}

Status Binding::reset() {
    Ref<link::Association> dropped;
    Guard g(mutex_);
    dropped = std::move(association_);
    if (!endpoint_.assign({})) return Status::out_of_memory;
    g.unlock();
    return Status::ok;
}

Status Binding::endpoint(Str& out) {
    Guard g(mutex_);
    return out.assign(endpoint_.view()) ? Status::ok : Status::out_of_memory;
}

Uuid Binding::object() {
    Guard g(mutex_);
    return object_;
}

void Binding::set_object(const Uuid& object) {
    Guard g(mutex_);
    object_ = object;
}

Status Binding::association(std::string_view interface_endpoint, Ref<link::Association>& out) {
    Guard g(mutex_);
    if (association_) {
        out = association_;
        return Status::ok;
    }
    if (endpoint_.empty()) {
        if (interface_endpoint.empty()) return Status::ept_not_registered;
        if (!endpoint_.assign(interface_endpoint)) return Status::out_of_memory;
    }
    RPC_TRY(link::Association::find(protocol_, network_address_.view(), endpoint_.view(), association_));
    out = association_;
    return Status::ok;
}

}  // namespace rpc::runtime
