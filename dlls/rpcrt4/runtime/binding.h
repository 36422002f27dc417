#pragma once
// Client binding handles: what a program knows of a server, until the first call finds it. Source: the documentation pages of
// RpcBindingFromStringBinding and its kin.
#include "base/mutex.h"
#include "base/uuid.h"
#include "link/association.h"
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

class Binding final : public RefCounted<Binding> {
public:
    // protseq_not_supported, invalid_rpc_protseq, invalid_endpoint_format, invalid_net_addr, out_of_memory.
    static Status create(const BindingParts& parts, const Uuid* object, Ref<Binding>& binding);
    // The handle's binding, or null. Takes any value.
    static Ref<Binding> from_handle(void* handle) { return runtime::from_handle<Binding>(handle, HandleKind::binding); }
    // Registers the binding and gives its reference to the program as a handle.
    static Status to_handle(Ref<Binding> binding, void** handle);
    // Takes the handle back; invalid_binding. Calls that are out keep what they need.
    static Status free_handle(void** handle);

    Status copy(Ref<Binding>& binding) EXCLUDES(mutex_);
    // Forgets the endpoint (RpcBindingReset).
    Status reset() EXCLUDES(mutex_);

    const io::Protocol& protocol() const { return protocol_; }
    const Str& network_address() const { return network_address_; }
    const Str& options() const { return options_; }
    // A copy: the endpoint may change by reset and resolution.
    Status endpoint(Str& out) EXCLUDES(mutex_);
    Uuid object() EXCLUDES(mutex_);
    void set_object(const Uuid& object) EXCLUDES(mutex_);

    // The association with the endpoint, found or made. `interface_endpoint` completes a binding that has none of its own
    // (RPC_CLIENT_INTERFACE lists them); when both are empty: ept_not_registered, as no endpoint mapper is asked yet.
    Status association(std::string_view interface_endpoint, Ref<link::Association>& association) EXCLUDES(mutex_);

    explicit Binding(const io::Protocol& protocol) : protocol_(protocol) {}

private:
    const io::Protocol& protocol_;
    Str network_address_;
    Str options_;
    Mutex mutex_;
    Str endpoint_ GUARDED_BY(mutex_);
    Uuid object_ GUARDED_BY(mutex_);
    Ref<link::Association> association_ GUARDED_BY(mutex_);
};

}  // namespace rpc::runtime
