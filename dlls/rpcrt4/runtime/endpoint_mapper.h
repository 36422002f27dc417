#pragma once
// The endpoint mapper's client: a server's endpoints go into the map of this machine, a client's partially bound
// handles get theirs from the map of the server's. Sources: documentation pages of RpcEpRegister, RpcEpResolveBinding,
// RpcMgmtEpEltInqBegin; C706 appendix O. Every function makes calls and blocks.
#include <span>

#include "runtime/binding.h"
#include "wire/ept.h"

namespace rpc::runtime::endpoint_mapper {

// The cross product of bindings and objects: one entry each. No objects: entries without one.
struct Entries {
    wire::SyntaxId interface_id;
    wire::SyntaxId transfer_syntax;
    std::span<const Ref<Binding>> bindings;
    std::span<const Uuid> objects;
    std::string_view annotation;
};

// no_bindings; invalid_binding for one without endpoint; server_unavailable when no mapper answers and none can be
// started.
Status insert(const Entries& entries, bool replace);
// Likewise; ept_not_registered when there is no such entry.
Status remove(const Entries& entries);

// Completes a binding that has no endpoint; one that has is left alone. ept_not_registered: no server offers the
// interface there.
Status resolve(Binding& binding, const wire::SyntaxId& interface_id, const wire::SyntaxId& transfer_syntax);

// A walk through a map (RPC_EP_INQ_HANDLE): fetches entries as they are asked for.
class Inquiry final : public RefCounted<Inquiry> {
public:
    // `host`: whose map; null for this machine's.
    Inquiry(Ref<Binding> host, const wire::ept::Inquiry& what) : host_(std::move(host)), what_(what) {}
    // Tells the mapper that it may forget the search.
    ~Inquiry();

    struct Element {
        wire::SyntaxId interface_id;
        Uuid object;
        Str annotation;
        Ref<Binding> binding;
    };
    // no_more_entries behind the last one. Entries of protocol sequences that this build does not carry
    // are left out.
    Status next(Element& element) EXCLUDES(mutex_);

private:
    Status fetch() REQUIRES(mutex_);
    const Ref<Binding> host_;
    const wire::ept::Inquiry what_;
    Mutex mutex_;  // one caller at a time, over the call too: a walk is a sequence
    wire::ept::LookupHandle handle_ GUARDED_BY(mutex_);
    Vector<Element> fetched_ GUARDED_BY(mutex_);  // backwards
    bool ended_ GUARDED_BY(mutex_) = false;
};

// RpcMgmtEpUnregister: removes entries from the map of `host` (null: this machine's).
Status mgmt_remove(Binding* host, const wire::SyntaxId& interface_id, Binding& binding, const Uuid* object);

}  // namespace rpc::runtime::endpoint_mapper
