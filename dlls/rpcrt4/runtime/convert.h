#pragma once
// The ABI's structures as the core's types.
#include <cstring>

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

}  // namespace rpc::runtime
