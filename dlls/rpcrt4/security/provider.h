#pragma once
// What connections need of an authentication service, and all they see of one. Implementations are handed in by the
// runtime. Calls come unlocked; one at a time for each direction of a context. Sources: [MS-RPCE] 3.3.1.5.2 (building a
// security context, protecting PDUs), the documentation pages of InitializeSecurityContext, AcceptSecurityContext,
// EncryptMessage, MakeSignature.
#include <atomic>

#include "base/bytes.h"
#include "base/ref.h"
#include "base/str.h"

namespace rpc::security {

// RPC_C_AUTHN_LEVEL_x. Connection-oriented protocols treat call as packet ([MS-RPCE] 2.2.1.1.8).
enum class Level : uint8_t {
    default_level = 0,
    none = 1,
    connect = 2,
    call = 3,
    packet = 4,
    integrity = 5,
    privacy = 6
};

// One PDU as protection sees it: header | body with its padding | sec_trailer (8 bytes) | token.
struct PduParts {
    MutBytes header;
    MutBytes body;
    MutBytes trailer;
    MutBytes token;
};

// One side's half of a security context.
class Context : public RefCounted<Context> {
public:
    virtual ~Context() = default;
    // One leg of the exchange. `in` is the peer's token, empty on a client's first leg; ours is appended to `out` and
    // may be empty. `complete`: this side needs no more. A failure is the end of the context: access_denied for a
    // refused login, sec_pkg_error, out_of_memory, ...
    virtual Status step(ByteView in, Buffer& out, bool& complete) = 0;

    // Whether protect() and unprotect() can cover header and sec_trailer beside the body: else header signing is not agreed on.
    virtual bool signs_headers() const { return true; }

    // ---- once complete ----
    // Bytes of the token that protects one PDU at that level.
    virtual uint16_t token_size(Level level) const = 0;
    // Writes the token; at privacy the body is encrypted in place. `sign_header`: header and sec_trailer are signed
    // with the body. PDUs are numbered by the context: they are protected in the order in which they are sent.
    virtual Status protect(Level level, bool sign_header, const PduParts& pdu) = 0;
    // Checks the token, decrypting the body in place at privacy. A failure: this PDU, and all that follow, cannot be
    // trusted.
    virtual Status unprotect(Level level, bool sign_header, const PduParts& pdu) = 0;

    // ---- a server's, once complete ----
    // The client's name as DOMAIN\user. cannot_support, out_of_memory, sec_pkg_error.
    virtual Status client_name(Str& name) = 0;
    // The calling thread acts for the client until revert. no_context_available, access_denied, ...
    virtual Status impersonate() = 0;
    virtual Status revert() = 0;
    // The implementation's own handle (SSPI: CtxtHandle*), valid as long as the context.
    virtual void* native() { return nullptr; }
};

// How a client authenticates: connections are chosen by it, and begin with a context of it.
class ClientAuth : public RefCounted<ClientAuth> {
public:
    virtual ~ClientAuth() = default;
    uint8_t service = 0;  // RPC_C_AUTHN_x as the wire has it
    Level level = Level::connect;
    // Whether it may log in on a connection that others use; not any more once it was refused there.
    mutable std::atomic<bool> shares{true};
    // Whether both stand for the same identity in every respect: only then may their calls share a security context.
    virtual bool same_as(const ClientAuth& other) const = 0;
    virtual Status new_context(Ref<Context>& context) const = 0;
};

// A binding without authentication is a null one.
inline bool same_auth(const ClientAuth* a, const ClientAuth* b) {
    return a == b || (a && b && a->service == b->service && a->level == b->level && a->same_as(*b));
}

}  // namespace rpc::security
