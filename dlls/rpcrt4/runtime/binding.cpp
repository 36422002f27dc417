#include "runtime/binding.h"

#include "base/module.h"
#include "runtime/endpoint_mapper.h"

namespace rpc::runtime {

Status Binding::create(const BindingParts& parts, const Uuid* object, Ref<Binding>& out) {
    if (parts.protocol.empty()) return Status::invalid_rpc_protseq;
    const io::Protocol* protocol = io::find_protocol(parts.protocol);
    if (!protocol) return Status::protseq_not_supported;
    if (!parts.endpoint.empty() && !protocol->endpoint_valid(parts.endpoint)) return Status::invalid_endpoint_format;
    if (protocol->options_valid && !protocol->options_valid(parts.options)) return Status::invalid_network_options;
    auto binding = make_ref<Binding>(*protocol);
    if (!binding || !binding->network_address_.assign(parts.network_address) ||
        !binding->options_.assign(parts.options))
        return Status::out_of_memory;
    Guard g(binding->mutex_);
    if (!binding->endpoint_.assign(parts.endpoint)) return Status::out_of_memory;
    binding->static_endpoint_ = !parts.endpoint.empty();
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
    Str endpoint_copy, entry_copy;
    RPC_TRY(endpoint(endpoint_copy));
    RPC_TRY(entry_name(entry_copy));
    Guard from(mutex_);
    Guard to(made->mutex_);
    made->endpoint_ = std::move(endpoint_copy);
    made->object_ = object_;
    made->entry_name_ = std::move(entry_copy);
    std::memcpy(made->options_set_, options_set_, sizeof options_set_);
    if (options_set_[binding_option::unique_binding] == 0) made->association_ = link::AssociationUse(association_.ref());
    made->com_timeout_ = com_timeout_;
    made->static_endpoint_ = static_endpoint_;
    made->auth_ = auth_;
    made->http_ = http_;
    made->cookie_ = cookie_;
    to.unlock();
    from.unlock();
    out = std::move(made);
    return Status::ok;
}

Status Binding::set_entry_name(std::string_view name) {
    Str copy;
    if (!copy.assign(name)) return Status::out_of_memory;
    Guard g(mutex_);
    entry_name_ = std::move(copy);
    return Status::ok;
}

Status Binding::entry_name(Str& out) {
    Guard g(mutex_);
    return out.assign(entry_name_.view()) ? Status::ok : Status::out_of_memory;
}

Status Binding::reset() {
    link::AssociationUse dropped;
    Guard g(mutex_);
    if (fast_ && static_endpoint_) return Status::ok;
    dropped = std::move(association_);
    static_endpoint_ = false;
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

void Binding::set_auth(Ref<const BindingAuth> auth) {
    Guard g(mutex_);
    std::swap(auth_, auth);  // the old one goes unlocked: it may give up credentials
}

Ref<const BindingAuth> Binding::auth() {
    Guard g(mutex_);
    return auth_;
}

void Binding::set_http_credentials(Ref<const io::HttpCredentials> credentials) {
    link::AssociationUse dropped;
    Guard g(mutex_);
    std::swap(http_, credentials);
    dropped = std::move(association_);  // its connections are somebody else's
    g.unlock();
}

void Binding::set_http_cookie(Ref<const io::HttpCookie> cookie) {
    link::AssociationUse dropped;
    Guard g(mutex_);
    std::swap(cookie_, cookie);
    dropped = std::move(association_);
    g.unlock();
}

Status Binding::complete(std::string_view endpoint) {
    Guard g(mutex_);
    return !endpoint_.empty() || endpoint_.assign(endpoint) ? Status::ok : Status::out_of_memory;
}

bool Binding::has_dynamic_endpoint() {
    Guard g(mutex_);
    return !static_endpoint_;
}

Status Binding::association(Ref<link::Association>& out) {
    Guard g(mutex_);
    if (!association_) {
        if (endpoint_.empty()) return Status::no_endpoint_found;
        io::Address address;
        // Options that a protocol takes no notice of make no other association.
        const std::string_view options = protocol_.options_valid ? options_.view() : std::string_view();
        if (!address.assign(network_address_.view(), endpoint_.view(), options)) return Status::out_of_memory;
        address.http = http_;
        address.cookie = cookie_;
        Ref<link::Association> found;
        RPC_TRY(options_set_[binding_option::unique_binding] != 0
                    ? link::Association::make_own(protocol_, std::move(address), found)
                    : link::Association::find(protocol_, std::move(address), found));
        association_ = link::AssociationUse(std::move(found));
    }
    association_->use_com_timeout(com_timeout_);
    out = association_.ref();
    return Status::ok;
}

// ---- options ----

Status Binding::set_option(uint32_t number, uintptr_t value) {
    link::AssociationUse dropped;
    if (number < binding_option::first || number >= max_binding_options) return Status::cannot_support;
    if (number == binding_option::cookie_auth) return Status::cannot_support;  // set_http_cookie
    Guard g(mutex_);
    if (number == binding_option::dont_linger) {
        if (!association_) return Status::wrong_kind_of_binding;
        association_->set_lingers(value == 0);
    }
    if (number == binding_option::unique_binding && (value != 0) != (options_set_[number] != 0))
        dropped = std::move(association_);
    options_set_[number] = value;
    g.unlock();
    return Status::ok;
}

Status Binding::inquire_option(uint32_t number, uintptr_t& value) {
    if (number < binding_option::first || number >= max_binding_options) return Status::cannot_support;
    if (number == binding_option::cookie_auth) return Status::cannot_support;  // it may be a secret
    value = option(number);
    return Status::ok;
}

uintptr_t Binding::option(uint32_t number) {
    Guard g(mutex_);
    return options_set_[number];
}

Status Binding::set_com_timeout(uint32_t timeout) {
    if (timeout > max_com_timeout) return Status::invalid_timeout;
    Guard g(mutex_);
    com_timeout_ = timeout;
    return Status::ok;
}

uint32_t Binding::com_timeout() {
    Guard g(mutex_);
    return com_timeout_;
}

// ---- fast bindings ----

void Binding::make_fast() {
    Guard g(mutex_);
    fast_ = true;
}

Status Binding::bind(const wire::SyntaxId& interface_id, const wire::SyntaxId& transfer_syntax,
                     std::string_view own_endpoint) {
    if (!protocol_.local_only) return Status::cannot_support;  // documentation page of RpcBindingBind: ncalrpc alone
    Ref<link::Association> found;
    Status status = association(found);
    if (status == Status::no_endpoint_found) {
        if (own_endpoint.empty())
            RPC_TRY(endpoint_mapper::resolve(*this, interface_id, transfer_syntax));
        else
            RPC_TRY(complete(own_endpoint));
        status = association(found);
    }
    RPC_TRY(status);
    Ref<link::ClientConnection> connection;
    RPC_TRY(found->lease({interface_id, transfer_syntax}, nullptr, connection));
    found->give_back(std::move(connection));
    Guard g(mutex_);
    bound_ = true;
    return Status::ok;
}

Status Binding::unbind() {
    link::AssociationUse dropped;
    Guard g(mutex_);
    if (!bound_) return Status::invalid_binding;
    bound_ = false;
    dropped = std::move(association_);
    if (!static_endpoint_ && !endpoint_.assign({})) return Status::out_of_memory;
    g.unlock();
    return Status::ok;
}

}  // namespace rpc::runtime
