#pragma once
// The ABI's structures as the core's types.
#include <cstring>
#include <string_view>

#include "base/abi_types.h"
#include "wire/syntax.h"

namespace rpc::runtime {

inline Uuid to_uuid(const GUID& guid) {
    Uuid out;
    std::memcpy(static_cast<void*>(&out), &guid, sizeof out);
    return out;
}

inline wire::SyntaxId to_syntax(const RPC_SYNTAX_IDENTIFIER& id) {
    return {to_uuid(id.SyntaxGUID), id.SyntaxVersion.MajorVersion, id.SyntaxVersion.MinorVersion};
}

// The endpoint that the interface itself names for the protocol, or nothing.
inline std::string_view own_endpoint(const RPC_CLIENT_INTERFACE& iface, std::string_view protocol) {
    for (unsigned i = 0; iface.RpcProtseqEndpoint && i < iface.RpcProtseqEndpointCount; ++i) {
        const auto& known = iface.RpcProtseqEndpoint[i];
        if (protocol == reinterpret_cast<const char*>(known.RpcProtocolSequence))
            return reinterpret_cast<const char*>(known.Endpoint);
    }
    return {};
}

}  // namespace rpc::runtime
