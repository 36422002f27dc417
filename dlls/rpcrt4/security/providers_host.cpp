#include "security/providers.h"

#include "security/fake.h"

namespace rpc::security {
namespace {

class FakeServerAuth final : public ServerAuth {
public:
    explicit FakeServerAuth(uint8_t service) : service_(service) {}
    Status new_context(Level, Ref<Context>& context) override { return fake_server(service_, context); }

private:
    const uint8_t service_;
};

}  // namespace

// `identity` is a FakeLogin here.
Status make_client_auth(const ClientRequest& request, Ref<ClientAuth>& auth) {
    if (request.service > UINT8_MAX) return Status::unknown_authn_service;
    if (!request.identity) return Status::invalid_auth_identity;
    return fake_client(static_cast<uint8_t>(request.service), request.level,
                       *static_cast<const FakeLogin*>(request.identity), auth);
}

Status make_server_auth(uint32_t service, std::string_view, Ref<ServerAuth>& auth) {
    if (service < fake_service(2) || service > fake_service(6)) return Status::unknown_authn_service;
    auth = make_ref<FakeServerAuth>(static_cast<uint8_t>(service));
    return auth ? Status::ok : Status::out_of_memory;
}

Status default_principal(uint32_t service, Str& name) {
    if (service < fake_service(2) || service > fake_service(6)) return Status::unknown_authn_service;
    return name.assign("FAKE\\server") ? Status::ok : Status::out_of_memory;
}

Status revert_thread() {
    return Status::ok;
}

}  // namespace rpc::security
