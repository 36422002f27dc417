#pragma once
// Client binding handles: what a program knows of a server, until the first call finds it. Source: the documentation
// pages of RpcBindingFromStringBinding and its kin.
#include "base/mutex.h"
#include "base/uuid.h"
#include "link/idle.h"
#include "runtime/client_security.h"
#include "runtime/handle_table.h"

namespace rpc::runtime {

// The parts of a string binding, UTF-8, unescaped.
struct BindingParts {
    std::string_view object;  // a UUID's text, or empty
    std::string_view protocol;
    std::string_view network_address;
    std::string_view endpoint;
    std::string_view options;
};

// RPC_C_OPT_x: numbers up to here may be options.
constexpr uint32_t max_binding_options = 17;
namespace binding_option {
constexpr uint32_t first = 5;  // below are those of message queues, which no system has any more
constexpr uint32_t cookie_auth = 7, binding_noncausal = 9, unique_binding = 11, call_timeout = 12, dont_linger = 13;
}  // namespace binding_option

using link::default_com_timeout;
using link::max_com_timeout;

class Binding final : public RefCounted<Binding> {
public:
    // protseq_not_supported, invalid_rpc_protseq, invalid_endpoint_format, invalid_network_options, invalid_net_addr, out_of_memory.
    static Status create(const BindingParts& parts, const Uuid* object, Ref<Binding>& binding);
    // The handle's binding, or null. Takes any value.
    static Ref<Binding> from_handle(void* handle) { return runtime::from_handle<Binding>(handle, HandleKind::binding); }
    // Registers the binding and gives its reference to the program as a handle.
    static Status to_handle(Ref<Binding> binding, void** handle);
    // Takes the handle back; invalid_binding. Calls that are out keep what they need.
    static Status free_handle(void** handle);

    Status copy(Ref<Binding>& binding) EXCLUDES(mutex_);
    // Forgets the endpoint (RpcBindingReset); a fast binding's own one stays.
    Status reset() EXCLUDES(mutex_);

    // RpcBindingSetOption, RpcBindingInqOption. cannot_support: no such option, or not for this protocol sequence;
    // wrong_kind_of_binding: dont_linger before the first call.
    Status set_option(uint32_t option, uintptr_t value) EXCLUDES(mutex_);
    Status inquire_option(uint32_t option, uintptr_t& value) EXCLUDES(mutex_);
    uintptr_t option(uint32_t number) EXCLUDES(mutex_);
    // A hint on a scale from 0 to 10; invalid_timeout.
    Status set_com_timeout(uint32_t timeout) EXCLUDES(mutex_);
    uint32_t com_timeout() EXCLUDES(mutex_);

    // Fast bindings (RpcBindingCreate): bound by hand. `bind` finds the server and the interface there; blocks.
    void make_fast() EXCLUDES(mutex_);
    Status bind(const wire::SyntaxId& interface_id, const wire::SyntaxId& transfer_syntax,
                std::string_view own_endpoint) EXCLUDES(mutex_);
    // invalid_binding: it is not bound.
    Status unbind() EXCLUDES(mutex_);

    const io::Protocol& protocol() const { return protocol_; }
    const Str& network_address() const { return network_address_; }
    const Str& options() const { return options_; }
    // A copy: the endpoint may change by reset and resolution.
    Status endpoint(Str& out) EXCLUDES(mutex_);
    Uuid object() EXCLUDES(mutex_);
    void set_object(const Uuid& object) EXCLUDES(mutex_);
    // Who calls are made as from now on; null: nobody.
    void set_auth(Ref<const BindingAuth> auth) EXCLUDES(mutex_);
    Ref<const BindingAuth> auth() EXCLUDES(mutex_);
    // The name service entry that the binding came from, as who imported it says; "" at first. A copy of the binding has it too.
    Status set_entry_name(std::string_view name) EXCLUDES(mutex_);
    Status entry_name(Str& out) EXCLUDES(mutex_);
    // As whom connections log in at an RPC proxy from now on; null: as nobody.
    void set_http_credentials(Ref<const io::HttpCredentials> credentials) EXCLUDES(mutex_);
    // What connections say of themselves to an RPC proxy from now on; null: nothing.
    void set_http_cookie(Ref<const io::HttpCookie> cookie) EXCLUDES(mutex_);

    // Gives a binding without an endpoint one; a binding that has one keeps it.
    Status complete(std::string_view endpoint) EXCLUDES(mutex_);
    // Whether the endpoint, if there is one, was found rather than given.
    bool has_dynamic_endpoint() EXCLUDES(mutex_);
    // The association with the endpoint, found or made. no_endpoint_found: the binding has none.
    Status association(Ref<link::Association>& association) EXCLUDES(mutex_);

    explicit Binding(const io::Protocol& protocol) : protocol_(protocol) {}

private:
    const io::Protocol& protocol_;
    Str network_address_;
    Str options_;
    Mutex mutex_;
    Str endpoint_ GUARDED_BY(mutex_);
    Uuid object_ GUARDED_BY(mutex_);
    Str entry_name_ GUARDED_BY(mutex_);
    link::AssociationUse association_ GUARDED_BY(mutex_);
    uintptr_t options_set_[max_binding_options] GUARDED_BY(mutex_) = {};
    uint32_t com_timeout_ GUARDED_BY(mutex_) = default_com_timeout;
    bool fast_ GUARDED_BY(mutex_) = false;
    bool static_endpoint_ GUARDED_BY(mutex_) = false;  // it came with the binding
    bool bound_ GUARDED_BY(mutex_) = false;            // by hand
    Ref<const BindingAuth> auth_ GUARDED_BY(mutex_);
    Ref<const io::HttpCredentials> http_ GUARDED_BY(mutex_);
    Ref<const io::HttpCookie> cookie_ GUARDED_BY(mutex_);
};

}  // namespace rpc::runtime
