#pragma once
// Authentication of client bindings. Sources: the documentation pages of RpcBindingSetAuthInfoEx,
// RpcBindingInqAuthInfoEx, RPC_SECURITY_QOS; [MS-RPCE] 2.2.1.1.7, 2.2.1.1.8.
#include "base/ref.h"
#include "base/str.h"
#include "security/providers.h"

namespace rpc::runtime {

// RPC_SECURITY_QOS, version 1.
struct SecurityQos {
    uint32_t version = 1;
    uint32_t capabilities = 0;
    uint32_t identity_tracking = 0;
    uint32_t impersonation_type = 0;
};

struct AuthSettings {
    std::string_view principal;
    uint32_t level = 0;
    uint32_t service = 0;
    void* identity = nullptr;  // the program's: read when it is set, given back when it is asked for
    uint32_t authz = 0;
    bool has_qos = false;
    SecurityQos qos;
};

// What a binding knows of its authentication; constant.
class BindingAuth final : public RefCounted<BindingAuth> {
public:
    // Null with ok: calls are to be made as nobody. unknown_authn_service, unknown_authn_level, unknown_authz_service,
    // invalid_auth_identity, invalid_arg (the qos), out_of_memory, sec_pkg_error.
    static Status create(const AuthSettings& settings, bool local_only, Ref<BindingAuth>& out);

    uint32_t level = 0;  // as calls have it
    uint32_t service = 0;
    uint32_t authz = 0;
    void* identity = nullptr;
    SecurityQos qos;
    Str principal;
    Ref<const security::ClientAuth> provider;  // null on ncalrpc, whose transport vouches for its clients
};

}  // namespace rpc::runtime
