#pragma once
// For tests and fuzzers: an authentication service without cryptography, whose exchanges have as many legs as wished
// and whose tokens notice every changed, lost or repeated PDU. The service's number says how many legs there are: 0xF2
// two, 0xF3 three (the last in rpc_auth_3), up to 0xF6. The password is "right"; any other one is refused by the server
// in its last leg.
#include "security/provider.h"

namespace rpc::security {

constexpr uint8_t fake_service(int legs) {
    return static_cast<uint8_t>(0xF0 + legs);
}

struct FakeLogin {
    std::string_view user;
    std::string_view password;
};
// out_of_memory; unknown_authn_service for another service.
Status fake_client(uint8_t service, Level level, const FakeLogin& login, Ref<ClientAuth>& auth);
Status fake_server(uint8_t service, Ref<Context>& context);

// Contexts that exist.
int fake_contexts();
// How many threads impersonate at the moment, less those that reverted.
int fake_impersonations();

}  // namespace rpc::security
