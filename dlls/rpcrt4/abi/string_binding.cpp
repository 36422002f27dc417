// RpcStringBindingCompose, RpcStringBindingParse, RpcStringFree: documentation pages of those names.
#include "wire/string_binding.h"

#include "abi/export.h"
#include "abi/text.h"

namespace rpc::abi {
namespace {

template <class T>
Status compose(const T* object, const T* protseq, const T* address, const T* endpoint, const T* options, T** out) {
    wire::StringBinding fields;
    Str text;
    RPC_TRY(read_text(object, fields.object));
    RPC_TRY(read_text(protseq, fields.protseq));
    RPC_TRY(read_text(address, fields.address));
    RPC_TRY(read_text(endpoint, fields.endpoint));
    RPC_TRY(read_text(options, fields.options));
    RPC_TRY(wire::compose_string_binding(fields.object.view(), fields.protseq.view(), fields.address.view(),
                                         fields.endpoint.view(), fields.options.view(), text));
    return write_text(text.view(), out);
}

// Writes every field that is asked for, or none.
template <class T, size_t N>
Status write_fields(const std::string_view (&fields)[N], T** const (&out)[N]) {
    for (size_t i = 0; i < N; ++i) {
        Status status = write_text(fields[i], out[i]);
        if (!failed(status)) continue;
        while (i-- > 0)
            if (out[i]) (void)free_text(reinterpret_cast<void**>(out[i]));
        return status;
    }
    return Status::ok;
}

template <class T>
Status parse(const T* binding, T** object, T** protseq, T** address, T** endpoint, T** options) {
    Str text;
    wire::StringBinding fields;
    Status status = read_text(binding, text);
    if (status == Status::invalid_arg) return Status::invalid_string_binding;
    RPC_TRY(status);
    RPC_TRY(wire::parse_string_binding(text.view(), fields));
    const std::string_view parts[] = {fields.object.view(), fields.protseq.view(), fields.address.view(),
                                      fields.endpoint.view(), fields.options.view()};
    return write_fields<T, 5>(parts, {object, protseq, address, endpoint, options});
}

}  // namespace
}  // namespace rpc::abi

using namespace rpc::abi;

RPC_EXPORT(RPC_STATUS, RpcStringBindingComposeA)(RPC_CSTR ObjUuid, RPC_CSTR ProtSeq, RPC_CSTR NetworkAddr, RPC_CSTR EndPoint,
                                                 RPC_CSTR Options, RPC_CSTR* StringBinding) {
    return to_rpc(compose<unsigned char>(ObjUuid, ProtSeq, NetworkAddr, EndPoint, Options, StringBinding));
}
RPC_EXPORT(RPC_STATUS, RpcStringBindingComposeW)(RPC_WSTR ObjUuid, RPC_WSTR ProtSeq, RPC_WSTR NetworkAddr, RPC_WSTR EndPoint,
                                                 RPC_WSTR Options, RPC_WSTR* StringBinding) {
    return to_rpc(compose<unsigned short>(ObjUuid, ProtSeq, NetworkAddr, EndPoint, Options, StringBinding));
}

RPC_EXPORT(RPC_STATUS, RpcStringBindingParseA)(RPC_CSTR StringBinding, RPC_CSTR* ObjUuid, RPC_CSTR* ProtSeq,
                                               RPC_CSTR* NetworkAddr, RPC_CSTR* EndPoint, RPC_CSTR* NetworkOptions) {
    return to_rpc(parse<unsigned char>(StringBinding, ObjUuid, ProtSeq, NetworkAddr, EndPoint, NetworkOptions));
}
RPC_EXPORT(RPC_STATUS, RpcStringBindingParseW)(RPC_WSTR StringBinding, RPC_WSTR* ObjUuid, RPC_WSTR* ProtSeq,
                                               RPC_WSTR* NetworkAddr, RPC_WSTR* EndPoint, RPC_WSTR* NetworkOptions) {
    return to_rpc(parse<unsigned short>(StringBinding, ObjUuid, ProtSeq, NetworkAddr, EndPoint, NetworkOptions));
}

RPC_EXPORT(RPC_STATUS, RpcStringFreeA)(RPC_CSTR* String) { return to_rpc(free_text(reinterpret_cast<void**>(String))); }
RPC_EXPORT(RPC_STATUS, RpcStringFreeW)(RPC_WSTR* String) { return to_rpc(free_text(reinterpret_cast<void**>(String))); }
