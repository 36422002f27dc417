// Family endpoint_mapper: the map of endpoints, for servers and for clients. Sources: the documentation page of each
// function.
#include "runtime/endpoint_mapper.h"

#include "abi/binding_vector.h"
#include "abi/export.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/convert.h"

using namespace rpc;
using abi::to_rpc;
namespace mapper = runtime::endpoint_mapper;

namespace {

// An interface structure's identifiers; a client's or a server's.
Status read_interface(RPC_IF_HANDLE spec, mapper::Entries& entries) {
    RPC_CLIENT_INTERFACE copy;
    const size_t needed = offsetof(RPC_CLIENT_INTERFACE, DispatchTable);
    if (!copy_guarded(&copy, spec, needed)) return Status::invalid_arg;
    entries.interface_id = runtime::to_syntax(copy.InterfaceId);
    entries.transfer_syntax = runtime::to_syntax(copy.TransferSyntax);
    return Status::ok;
}

template <class F>
Status with_entries(RPC_IF_HANDLE spec, const RPC_BINDING_VECTOR* bindings, const UUID_VECTOR* objects, F f) {
    mapper::Entries entries{};
    Vector<Ref<runtime::Binding>> references;
    Vector<Uuid> uuids;
    RPC_TRY(read_interface(spec, entries));
    RPC_TRY(abi::read_binding_vector(bindings, references));
    RPC_TRY(abi::read_uuid_vector(objects, uuids));
    entries.bindings = {references.data(), references.size()};
    entries.objects = {uuids.data(), uuids.size()};
    return f(entries);
}

template <class Char>
RPC_STATUS do_register(RPC_IF_HANDLE spec, const RPC_BINDING_VECTOR* bindings, const UUID_VECTOR* objects,
                       const Char* annotation, bool replace) {
    Str text;
    if (Status status = abi::read_text(annotation, text); failed(status)) return to_rpc(status);
    return to_rpc(with_entries(spec, bindings, objects, [&](mapper::Entries& entries) {
        entries.annotation = text.view();
        return mapper::insert(entries, replace);
    }));
}

// Null stays null: this machine.
Status host_of(RPC_BINDING_HANDLE handle, Ref<runtime::Binding>& host) {
    return handle ? abi::client_binding(handle, host) : Status::ok;
}

Status begin_inquiry(RPC_BINDING_HANDLE handle, const wire::ept::Inquiry& what, RPC_EP_INQ_HANDLE* out) {
    Ref<runtime::Binding> host;
    RPC_TRY(host_of(handle, host));
    if (host && !(host->object() == Uuid{})) return Status::invalid_binding;
    auto inquiry = make_ref<mapper::Inquiry>(std::move(host), what);
    if (!inquiry) return Status::out_of_memory;
    RPC_TRY(runtime::handle_table::add(inquiry.get(), runtime::HandleKind::endpoint_inquiry));
    *out = reinterpret_cast<RPC_EP_INQ_HANDLE>(inquiry.detach());
    return Status::ok;
}

template <class Char>
Status next_element(RPC_EP_INQ_HANDLE context, RPC_IF_ID* id, RPC_BINDING_HANDLE* binding, UUID* object,
                    Char** annotation) {
    auto inquiry = runtime::from_handle<mapper::Inquiry>(context, runtime::HandleKind::endpoint_inquiry);
    if (!inquiry) return Status::invalid_arg;
    mapper::Inquiry::Element element;
    RPC_TRY(inquiry->next(element));
    RPC_TRY(abi::write_text(element.annotation.view(), annotation));
    if (binding) {
        Status status = runtime::Binding::to_handle(std::move(element.binding), binding);
        if (failed(status)) {
            if (annotation) (void)abi::free_text(reinterpret_cast<void**>(annotation));
            return status;
        }
    }
    *id = {{}, element.interface_id.major, element.interface_id.minor};
    std::memcpy(&id->Uuid, &element.interface_id.uuid, sizeof id->Uuid);
    if (object) std::memcpy(object, &element.object, sizeof *object);
    return Status::ok;
}

}  // namespace

// ---- a server's entries ----

RPC_EXPORT(RPC_STATUS, RpcEpRegisterA)
(RPC_IF_HANDLE IfSpec, RPC_BINDING_VECTOR* BindingVector, UUID_VECTOR* UuidVector, RPC_CSTR Annotation) {
    return do_register(IfSpec, BindingVector, UuidVector, Annotation, true);
}
RPC_EXPORT(RPC_STATUS, RpcEpRegisterW)
(RPC_IF_HANDLE IfSpec, RPC_BINDING_VECTOR* BindingVector, UUID_VECTOR* UuidVector, RPC_WSTR Annotation) {
    return do_register(IfSpec, BindingVector, UuidVector, Annotation, true);
}
RPC_EXPORT(RPC_STATUS, RpcEpRegisterNoReplaceA)
(RPC_IF_HANDLE IfSpec, RPC_BINDING_VECTOR* BindingVector, UUID_VECTOR* UuidVector, RPC_CSTR Annotation) {
    return do_register(IfSpec, BindingVector, UuidVector, Annotation, false);
}
RPC_EXPORT(RPC_STATUS, RpcEpRegisterNoReplaceW)
(RPC_IF_HANDLE IfSpec, RPC_BINDING_VECTOR* BindingVector, UUID_VECTOR* UuidVector, RPC_WSTR Annotation) {
    return do_register(IfSpec, BindingVector, UuidVector, Annotation, false);
}
RPC_EXPORT(RPC_STATUS, RpcEpUnregister)
(RPC_IF_HANDLE IfSpec, RPC_BINDING_VECTOR* BindingVector, UUID_VECTOR* UuidVector) {
    return to_rpc(with_entries(IfSpec, BindingVector, UuidVector,
                               [](mapper::Entries& entries) { return mapper::remove(entries); }));
}

// ---- a client's ----

RPC_EXPORT(RPC_STATUS, RpcEpResolveBinding)(RPC_BINDING_HANDLE Binding, RPC_IF_HANDLE IfSpec) {
    Ref<runtime::Binding> binding;
    mapper::Entries wanted{};
    if (Status status = abi::client_binding(Binding, binding); failed(status)) return to_rpc(status);
    if (Status status = read_interface(IfSpec, wanted); failed(status)) return to_rpc(status);
    return to_rpc(mapper::resolve(*binding, wanted.interface_id, wanted.transfer_syntax));
}

// ---- walking through a map; the context is the caller's until Done ----

RPC_EXPORT(RPC_STATUS, RpcMgmtEpEltInqBegin)
(RPC_BINDING_HANDLE EpBinding, unsigned long InquiryType, RPC_IF_ID* IfId, unsigned long VersOption, UUID* ObjectUuid,
 RPC_EP_INQ_HANDLE* InquiryContext) {
    const bool by_interface = InquiryType == RPC_C_EP_MATCH_BY_IF || InquiryType == RPC_C_EP_MATCH_BY_BOTH;
    const bool by_object = InquiryType == RPC_C_EP_MATCH_BY_OBJ || InquiryType == RPC_C_EP_MATCH_BY_BOTH;
    if (!InquiryContext || (by_interface && !IfId)) return RPC_S_INVALID_ARG;
    if (InquiryType != RPC_C_EP_ALL_ELTS && !by_interface && !by_object) return RPC_S_INVALID_ARG;
    if (by_interface && (VersOption < RPC_C_VERS_ALL || VersOption > RPC_C_VERS_UPTO)) return RPC_S_INVALID_VERS_OPTION;
    wire::ept::Inquiry what{InquiryType, {}, {}, VersOption};
    if (by_interface) what.interface_id = {runtime::to_uuid(IfId->Uuid), IfId->VersMajor, IfId->VersMinor};
    if (by_object && ObjectUuid) what.object = runtime::to_uuid(*ObjectUuid);
    *InquiryContext = nullptr;
    return to_rpc(begin_inquiry(EpBinding, what, InquiryContext));
}
RPC_EXPORT(RPC_STATUS, RpcMgmtEpEltInqNextA)
(RPC_EP_INQ_HANDLE InquiryContext, RPC_IF_ID* IfId, RPC_BINDING_HANDLE* Binding, UUID* ObjectUuid,
 RPC_CSTR* Annotation) {
    return to_rpc(next_element(InquiryContext, IfId, Binding, ObjectUuid, Annotation));
}
RPC_EXPORT(RPC_STATUS, RpcMgmtEpEltInqNextW)
(RPC_EP_INQ_HANDLE InquiryContext, RPC_IF_ID* IfId, RPC_BINDING_HANDLE* Binding, UUID* ObjectUuid,
 RPC_WSTR* Annotation) {
    return to_rpc(next_element(InquiryContext, IfId, Binding, ObjectUuid, Annotation));
}
RPC_EXPORT(RPC_STATUS, RpcMgmtEpEltInqDone)(RPC_EP_INQ_HANDLE* InquiryContext) {
    if (!InquiryContext) return RPC_S_INVALID_ARG;
    auto inquiry = runtime::from_handle<mapper::Inquiry>(*InquiryContext, runtime::HandleKind::endpoint_inquiry);
    if (!inquiry || !runtime::handle_table::remove(inquiry.get())) return RPC_S_INVALID_ARG;
    inquiry->release();  // the handle's reference
    *InquiryContext = nullptr;
    return RPC_S_OK;
}
RPC_EXPORT(RPC_STATUS, RpcMgmtEpUnregister)
(RPC_BINDING_HANDLE EpBinding, RPC_IF_ID* IfId, RPC_BINDING_HANDLE Binding, UUID* ObjectUuid) {
    Ref<runtime::Binding> host, binding;
    if (!IfId) return RPC_S_INVALID_ARG;
    if (Status status = host_of(EpBinding, host); failed(status)) return to_rpc(status);
    if (Status status = abi::client_binding(Binding, binding); failed(status)) return to_rpc(status);
    Uuid object;
    if (ObjectUuid) object = runtime::to_uuid(*ObjectUuid);
    return to_rpc(mapper::mgmt_remove(host.get(), {runtime::to_uuid(IfId->Uuid), IfId->VersMajor, IfId->VersMinor},
                                      *binding, ObjectUuid ? &object : nullptr));
}
