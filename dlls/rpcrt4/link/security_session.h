#pragma once
// A security context on one connection: what it protects, and how its PDUs look. Sources:
// [MS-RPCE] 2.2.2.11, 3.3.1.5.2, 3.3.1.5.4.
#include <atomic>

#include "base/mutex.h"
#include "base/vector.h"
#include "security/provider.h"
#include "wire/fragment.h"

namespace rpc::link {

class SecuritySession final : public RefCounted<SecuritySession> {
public:
    SecuritySession(Ref<security::Context> context, uint8_t service, security::Level level, uint32_t id)
        : service(service),
          level(level == security::Level::call ? security::Level::packet : level),
          id(id),
          context_(std::move(context)) {}

    const uint8_t service;        // RPC_C_AUTHN_x of the trailers
    const security::Level level;  // never call, which is packet here
    const uint32_t id;            // auth_context_id

    // Before the first protected PDU: header signing was agreed on.
    bool sign_header = false;
    // A client's: the server has answered a call of it. Before, its login may still turn out to have failed.
    std::atomic<bool> proven{false};

    // One leg (security/provider.h); the session is of no use once it failed. Whoever builds the session, one thread at
    // a time.
    Status step(ByteView in, Buffer& out);
    bool complete() const { return complete_; }
    bool broken() const { return broken_; }
    void give_up() { broken_ = true; }

    security::Context& context() const { return *context_; }
    // Whether its PDUs carry a signature: below packet they carry nothing.
    bool protects() const { return level >= security::Level::packet; }
    // What this side says of header signing.
    bool offers_header_signing() const { return protects() && context_->signs_headers(); }
    wire::AuthFields fields() const { return {service, static_cast<uint8_t>(level), id}; }
    // For a fragment plan.
    wire::CallAuth call_auth() const {
        return protects() ? wire::CallAuth{fields(), context_->token_size(level)} : wire::CallAuth{};
    }
    // For what carries no signature and yet has to say whose it is; the token is zeros, and nobody looks at it (inferred).
    wire::CallAuth name_alone() const { return {fields(), 16}; }
    // Whether the trailer speaks of this session.
    bool matches(const wire::AuthTrailer& trailer) const;

    // `pdus`: requests or responses framed with call_auth(), one behind the other. In the order of sending.
    Status protect(MutBytes pdus);
    // Checks a request or response whose stub data begins at `stub_offset`. `plain`, the caller's, receives the PDU
    // decrypted, and `out` views it. access_denied when it is not what the peer sent, or not protected as agreed.
    Status unprotect(const wire::Pdu& pdu, size_t stub_offset, Buffer& plain, wire::Pdu& out);

private:
    const Ref<security::Context> context_;
    bool complete_ = false;
    bool broken_ = false;
};

// Who sends on a connection takes turns: PDUs are numbered when they are protected and must leave in that order, and no
// mutex is held over a provider's call.
class SendOrder {
public:
    void enter() EXCLUDES(mutex_) {
        Guard g(mutex_);
        while (busy_) free_.wait(mutex_);
        busy_ = true;
    }
    void leave() EXCLUDES(mutex_) {
        Guard g(mutex_);
        busy_ = false;
        free_.wake_one();
    }

private:
    Mutex mutex_;
    Condition free_;
    bool busy_ GUARDED_BY(mutex_) = false;
};

}  // namespace rpc::link
