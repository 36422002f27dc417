// Interface groups. Sources: the documentation page of each function.
#include "rpcgroup.h"

#include "abi/binding_vector.h"
#include "abi/export.h"
#include "abi/registration.h"
#include "abi/text.h"
#include "base/guard.h"
#include "io/pipe_stream_win.h"
#include "runtime/interface_group.h"

using namespace rpc;
using abi::to_rpc;
using runtime::InterfaceGroup;

namespace {

// What is wrong with a security descriptor has a name here, though that of RpcServerInterfaceGroupActivate.
Status named(Status status) { return status == Status::invalid_arg ? Status::invalid_security_desc : status; }

template <class Interface>
Status read_offer(const Interface& t, InterfaceGroup::Offer& offer) {
    constexpr unsigned autolisten = RPC_IF_AUTOLISTEN;  // whatever the flags say, as documented
    if (t.Version != 0) return Status::invalid_arg;
    RPC_TRY(abi::read_registration({t.IfSpec, t.MgrTypeUuid, t.MgrEpv, t.Flags | autolisten, t.MaxCalls, t.MaxRpcSize, t.IfCallback},
                                   offer.registration));
    if (t.SecurityDescriptor) {
        Ref<security::AccessList> access;
        RPC_TRY(named(security::AccessList::create(t.SecurityDescriptor, access)));
        offer.registration.access = std::move(access);
    }
    RPC_TRY(abi::read_uuid_vector(t.UuidVector, offer.objects));
    return abi::read_text(t.Annotation, offer.annotation);
}

template <class Endpoint>
Status read_place(const Endpoint& t, InterfaceGroup::Place& place) {
    if (t.Version != 0 || !t.ProtSeq) return Status::invalid_arg;
    RPC_TRY(abi::read_text(t.ProtSeq, place.protocol));
    RPC_TRY(abi::read_text(t.Endpoint, place.endpoint));
    place.backlog = t.Backlog != 0 ? t.Backlog : RPC_C_PROTSEQ_MAX_REQS_DEFAULT;
    if (!t.SecurityDescriptor) return Status::ok;
    return named(io::copy_security_descriptor(t.SecurityDescriptor, place.security_descriptor));
}

template <class Template, class Item>
Status read_all(const Template* templates, unsigned long count, Status (*read)(const Template&, Item&), Vector<Item>& out) {
    for (unsigned long i = 0; i < count; ++i) {
        Template one;
        Item item{};
        if (!copy_guarded(&one, templates + i, sizeof one)) return Status::invalid_arg;
        RPC_TRY(read(one, item));
        if (!out.push_back(std::move(item))) return Status::out_of_memory;
    }
    return Status::ok;
}

template <class Interface, class Endpoint>
Status create(const Interface* interfaces, unsigned long interface_count, const Endpoint* endpoints, unsigned long endpoint_count,
              unsigned long idle_period, RPC_INTERFACE_GROUP_IDLE_CALLBACK_FN callback, void* context, RPC_INTERFACE_GROUP* out) {
    Vector<InterfaceGroup::Offer> offers;
    Vector<InterfaceGroup::Place> places;
    if (!callback && idle_period != INFINITE) return Status::invalid_arg;
    RPC_TRY(read_all(interfaces, interface_count, read_offer<Interface>, offers));
    RPC_TRY(read_all(endpoints, endpoint_count, read_place<Endpoint>, places));
    auto group = make_ref<InterfaceGroup>(std::move(offers), std::move(places), idle_period, callback, context);
    void* const handle = group.get();
    if (!handle) return Status::out_of_memory;
    RPC_TRY(runtime::handle_table::add(handle, runtime::HandleKind::interface_group));
    if (copy_guarded(static_cast<void*>(out), &handle, sizeof handle)) {
        (void)group.detach();  // the handle's
        return Status::ok;
    }
    (void)runtime::handle_table::remove(handle);
    return Status::invalid_arg;
}

template <class F>
RPC_STATUS with_group(RPC_INTERFACE_GROUP handle, F f) {
    auto group = runtime::from_handle<InterfaceGroup>(handle, runtime::HandleKind::interface_group);
    return group ? to_rpc(f(*group)) : RPC_S_INVALID_ARG;
}

}  // namespace

// Everything is copied but the interfaces, which must live until the group is closed. Nothing is registered yet.
RPC_EXPORT(RPC_STATUS, RpcServerInterfaceGroupCreateA)
(RPC_INTERFACE_TEMPLATEA* Interfaces, unsigned long NumIfs, RPC_ENDPOINT_TEMPLATEA* Endpoints, unsigned long NumEndpoints,
 unsigned long IdlePeriod, RPC_INTERFACE_GROUP_IDLE_CALLBACK_FN IdleCallbackFn, void* IdleCallbackContext,
 PRPC_INTERFACE_GROUP IfGroup) {
    return to_rpc(create(Interfaces, NumIfs, Endpoints, NumEndpoints, IdlePeriod, IdleCallbackFn, IdleCallbackContext, IfGroup));
}
RPC_EXPORT(RPC_STATUS, RpcServerInterfaceGroupCreateW)
(RPC_INTERFACE_TEMPLATEW* Interfaces, unsigned long NumIfs, RPC_ENDPOINT_TEMPLATEW* Endpoints, unsigned long NumEndpoints,
 unsigned long IdlePeriod, RPC_INTERFACE_GROUP_IDLE_CALLBACK_FN IdleCallbackFn, void* IdleCallbackContext,
 PRPC_INTERFACE_GROUP IfGroup) {
    return to_rpc(create(Interfaces, NumIfs, Endpoints, NumEndpoints, IdlePeriod, IdleCallbackFn, IdleCallbackContext, IfGroup));
}
RPC_EXPORT(RPC_STATUS, RpcServerInterfaceGroupActivate)(RPC_INTERFACE_GROUP IfGroup) {
    return with_group(IfGroup, [](InterfaceGroup& group) { return group.activate(); });
}
// Does not wait for calls that it breaks off; RpcServerInterfaceGroupClose does.
RPC_EXPORT(RPC_STATUS, RpcServerInterfaceGroupDeactivate)(RPC_INTERFACE_GROUP IfGroup, unsigned long ForceDeactivation) {
    return with_group(IfGroup, [&](InterfaceGroup& group) { return group.deactivate(ForceDeactivation != 0); });
}
// Not from the idle callback.
RPC_EXPORT(RPC_STATUS, RpcServerInterfaceGroupClose)(RPC_INTERFACE_GROUP IfGroup) {
    return with_group(IfGroup, [](InterfaceGroup& group) {
        if (!runtime::handle_table::remove(&group)) return Status::invalid_arg;
        group.close();
        group.release();  // the handle's
        return Status::ok;
    });
}
RPC_EXPORT(RPC_STATUS, RpcServerInterfaceGroupInqBindings)(RPC_INTERFACE_GROUP IfGroup, RPC_BINDING_VECTOR** BindingVector) {
    void* const none = nullptr;
    if (!copy_guarded(static_cast<void*>(BindingVector), &none, sizeof none)) return RPC_S_INVALID_ARG;
    return with_group(IfGroup, [&](InterfaceGroup& group) {
        Vector<Ref<runtime::Binding>> bindings;
        RPC_TRY(group.bindings(bindings));
        return abi::write_binding_vector(std::move(bindings), BindingVector);
    });
}
